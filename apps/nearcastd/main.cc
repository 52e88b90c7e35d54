// SPDX-License-Identifier: Apache-2.0

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "base/log.h"
#include "check_command.h"
#include "fetch_command.h"
#include "guard_process.h"
#include "serve/listen_address.h"
#include "server_process.h"
#include "server_sections.h"
#include "zone_directory.h"

#include <CLI/CLI.hpp>

namespace nearcast::app {
namespace {

constexpr int kUsageError = kSettingsWrong;

struct CommandLine {
    std::string config;
    std::string role;
    std::vector<std::string> listen;
    std::string settings;
    std::vector<std::string> xdp;
    bool is_check = false;
    bool is_fetch = false;
    ServerOptions server;
};

void define_options(CLI::App& app, CommandLine& line) {
    app.set_version_flag("--version", "nearcastd " NEARCAST_VERSION);
    app.add_option(
           "--config", line.config,
           "Run a whole node by this file: a guard and a server that keep each other alive, "
           "announced while it answers. See docs/reference/node-toml.md")
        ->type_name("FILE");
    app.add_option("--role", line.role)
        ->check(CLI::IsMember({"guard", "server"}))
        ->group("");  // For the two processes of a node, which start each other with it.
    app.add_option("--zones", line.server.zones_directory,
                   "Serve every NAME.zone file in this directory. SIGHUP takes in what changed; a "
                   "bad file is told, and the last good version goes on")
        ->type_name("DIR");
    app.add_option("--listen", line.listen,
                   "Answer on this address over UDP and TCP; repeat for more. An address that the "
                   "machine does not have yet is fine")
        ->type_name("ADDR:PORT");
    app.add_option("--xdp", line.xdp,
                   "Take the queries that come in by this interface by AF_XDP, past the kernel's "
                   "network stack; repeat for more. Only UDP to port 53 of the addresses above is "
                   "taken, and where it cannot be, the log says why and sockets answer")
        ->type_name("IFACE");
    app.add_option(
           "--settings,--transfers", line.settings,
           "Keys (TSIG), certificates, who may have which zone, what comes from other servers, "
           "cookies, metrics and limits: a file with the sections [[key]], [tls], [serve], "
           "[transfer], [[secondary]], [cookies] and [metrics] of node.toml")
        ->type_name("FILE");
    app.add_option("--threads", line.server.threads,
                   "Worker threads, each with sockets of its own; 0 means one for each core")
        ->type_name("N")
        ->check(CLI::Range(0U, kWorkersMax));
    app.add_option("--user", line.server.user,
                   "Whom to become when started as root, once the sockets are bound (default: "
                   "nearcast, if there is such a user and it can read the zones). Keeps "
                   "CAP_NET_BIND_SERVICE alone")
        ->type_name("NAME");
    app.add_option("--node", line.server.node,
                   "This machine's name in NSID, id.server and hostname.bind (default: its host "
                   "name)")
        ->type_name("NAME");
    app.add_option("--pop", line.server.pop, "The place it stands in, named after the node there")
        ->type_name("NAME");
    app.add_option("--control", line.server.control_socket,
                   "Take requests on this Unix socket, one JSON object a line: reload, status, "
                   "talkers, zones, export ZONE, retransfer ZONE; nearcast node asks so")
        ->type_name("PATH");
    app.add_flag("--fetch", line.is_fetch,
                 "Bring every zone that the catalogs of --config list into the store, and exit: 0 "
                 "if all are there, 1 if any is missing. For a node that joins, before it starts");
    app.add_flag(
        "--check", line.is_check,
        "Check the zones, the settings and the files that they name, as the user whom a start "
        "becomes; print every finding, and exit: 0 if all would be served, 1 if any zone would "
        "not, 2 if the settings are wrong or it would not start");
}

int serve(CommandLine& line) {
    if (!line.role.empty()) return run_role(line.role, line.config);
    if (!line.config.empty()) {
        if (!line.server.zones_directory.empty() || !line.listen.empty() || !line.xdp.empty()) {
            return refuse_settings(
                {"--config goes without --zones, --listen and --xdp: the file says it",
                 "directory in [zones], listen and xdp in [serve] of " + line.config});
        }
        if (line.is_fetch) return fetch_zones(line.config);
        return line.is_check ? check_node(line.config) : run_node(line.config);
    }
    if (line.is_fetch) {
        return refuse_settings({"--fetch goes with --config", "nearcastd --fetch --config FILE"});
    }
    if (line.server.zones_directory.empty()) {
        return refuse_settings({"--zones is missing, or --config for a whole node",
                                "nearcastd --zones DIR --listen 127.0.0.1:5353"});
    }
    if (!line.settings.empty()) {
        if (const auto read = read_settings(line.settings, line.server); !read) {
            return refuse_settings(read.error());
        }
        line.server.is_empty_allowed = need_of_files(line.server.transfers) == Files::Optional;
    }
    if (line.is_check) return check_server(line.server, StoreCheck::Wanted);
    if (line.listen.empty()) {
        return refuse_settings({"--listen is missing: there is no address to answer on",
                                "--listen 127.0.0.1:5353, or --listen 0.0.0.0:53 as root"});
    }
    for (const std::string& text : line.listen) {
        const auto address = serve::parse_listen_address(text);
        if (!address) return refuse_settings(base::within("--listen", address.error()).error());
        line.server.listen.push_back(*address);
    }
    for (const std::string& interface : line.xdp) line.server.serve.xdp.push_back(interface);
    // Whoever reads the log may end before the server does.
    std::signal(SIGPIPE, SIG_IGN);
    line.server.notifies_service_manager = true;
    return run_server(line.server);
}

int run(int argc, char** argv) {
    CLI::App app(
        "Answers DNS from zone files, on its own or as a node of an anycast network.\n"
        "Example: nearcastd --zones /var/lib/nearcast/zones --listen 192.0.2.53:53",
        "nearcastd");
    CommandLine line;
    define_options(app, line);
    app.failure_message([](const CLI::App* asked, const CLI::Error& error) {
        return "nearcastd: " + CLI::FailureMessage::simple(asked, error);
    });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kUsageError;
    }
    return serve(line);
}

}  // namespace
}  // namespace nearcast::app

int main(int argc, char** argv) { return nearcast::app::run(argc, argv); }
