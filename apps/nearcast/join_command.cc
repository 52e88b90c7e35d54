// SPDX-License-Identifier: Apache-2.0

#include "join_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include <unistd.h>

#include "anycast/joined_node.h"
#include "anycast/node_config.h"
#include "client/connection.h"
#include "command.h"
#include "console/json_text.h"
#include "join_files.h"
#include "join_start.h"
#include "tls/authority.h"

namespace nearcast {
namespace {

using base::Result;

constexpr uint16_t kDnsPort = 53;

struct Options {
    std::string url;
    std::string token;
    std::string pin;
    std::string address;  // Empty: the one that reaches the controller.
    anycast::NodePlace place;
    StartPlace start;
    bool is_no_start = false;

    [[nodiscard]] std::string file(std::string_view name) const {
        return place.directory + '/' + std::string(name);
    }
    [[nodiscard]] std::string config() const { return file("node.toml"); }
};

void say(const std::string& line) {
    std::puts(line.c_str());
    std::fflush(stdout);
}

Result<base::SocketAddress> own_address(const Options& options) {
    if (!options.address.empty()) return base::parse_socket_address(options.address);
    const auto url = client::parse_url(options.url);
    if (!url) return std::unexpected(url.error());
    const auto ip = own_address_towards(url->host, url->port);
    if (!ip) return std::unexpected(ip.error());
    return base::SocketAddress{*ip, kDnsPort};
}

// A second node in the same place would take the first one's identity away.
Result<void> check_is_fresh(const Options& options) {
    if (::access(options.config().c_str(), F_OK) != 0) return {};
    return base::fail(options.config() + " is there: this server is a node already",
                      "nearcast node status; or move it away, and " +
                          options.place.state_directory + "/store with it");
}

// Here nobody has a key: what is forbidden is the token.
base::Error token_error(const client::Answer& answer) {
    base::Error error = client::error_of(answer);
    if (answer.status == 403) error.hint = "nearcast pop invite POP prints another one";
    return error;
}

// One of them is enough. A controller of an earlier version names none.
Result<void> check_primaries(const nlohmann::json& primaries) {
    Result<void> done;
    for (const auto& each : primaries) {
        const auto address =
            base::parse_socket_address(each.is_string() ? each.get<std::string>() : std::string());
        if (!address) continue;
        done = check_reachable(*address);
        if (done) return done;
        done.error().message = "zones cannot be fetched: " + done.error().message;
        done.error().hint =
            "let TCP through to there; it is primaries in [network] of the controller";
    }
    return done;
}

// What was done until then is not taken back by itself.
base::Error with_way_back(base::Error error, const Options& options,
                          const anycast::JoinedNode& node) {
    const std::string back = "once that is mended begin anew: rm -rf " + options.config() + ' ' +
                             options.place.state_directory + "/store" +
                             "; at the controller nearcast node revoke " + node.name +
                             " and nearcast pop invite " + node.pop;
    error.message += "\n  this server has joined as " + node.name + ", and the token is used";
    error.hint = error.hint.empty() ? back : error.hint + "\n  and: " + back;
    return error;
}

// All that must be there, while the token is still good.
Result<void> check_machine(client::Connection& controller, const Options& options) {
    Result<void> done = check_user(options.place.user);
    if (done) done = make_directory(options.place.directory);
    if (done) done = make_directory(options.place.state_directory);
    if (done) {
        done = check_program(path_of_program("nearcastd"), "it is in the package of this command");
    }
    if (!done) return done;
    const auto answer = controller.exchange(
        {.method = "POST", .path = "/api/v1/join/check", .body = {{"token", options.token}}});
    if (!answer) return std::unexpected(answer.error());
    const bool is_older = answer->status == 401 || answer->status == 404;
    if (answer->status >= 400 && !is_older) return std::unexpected(token_error(*answer));
    done = check_primaries(console::member(answer->json, "primaries"));
    if (!done || options.is_no_start) return done;
    return check_start(console::text_of(answer->json, "daemon"), options.start);
}

Result<anycast::JoinedNode> ask_controller(client::Connection& controller, const Options& options,
                                           const tls::KeyPair& pair) {
    const auto answer =
        controller.exchange({.method = "POST",
                             .path = "/api/v1/join",
                             .body = {{"token", options.token},
                                      {"public_key", pair.public_key},
                                      {"address", base::to_text(options.place.address)}}});
    if (!answer) return std::unexpected(answer.error());
    if (answer->status >= 400) return std::unexpected(token_error(*answer));
    return anycast::parse_joined_node(answer->text);
}

// node.toml last: it is what makes a server a node.
Result<void> write_files(const Options& options, const tls::KeyPair& pair,
                         const anycast::JoinedNode& node) {
    const std::string key = options.file(anycast::kNodeKeyFile);
    Result<void> done = write_file(key, pair.private_key, 0600);
    if (done) done = give_to(key, options.place.user);
    if (done)
        done = write_file(options.file(anycast::kNodeCertificateFile), node.certificate, 0644);
    if (done) done = write_file(options.file(anycast::kControllerCaFile), node.authority, 0644);
    if (!done) return done;
    done = write_file(options.config(), render_node_toml(node, options.place), 0600);
    return done ? give_to(options.config(), options.place.user) : done;
}

Result<anycast::NodeConfig> prepare(const Options& options) {
    auto config = anycast::read_node_config(options.config());
    if (!config) return config;
    for (const std::string& directory : {config->state_directory, config->zones_directory}) {
        std::error_code failed;
        std::filesystem::create_directories(directory, failed);
        if (failed) return base::fail("cannot make " + directory + ": " + failed.message());
        if (auto done = give_to(directory, options.place.user); !done) {
            return std::unexpected(done.error());
        }
    }
    return config;
}

// All that follows the token, but for the start of the node.
Result<anycast::NodeConfig> become_node(const Options& options, const tls::KeyPair& pair,
                                        const anycast::JoinedNode& node) {
    if (auto done = write_files(options, pair, node); !done) return std::unexpected(done.error());
    auto config = prepare(options);
    if (!config) return config;
    const std::string nearcastd = path_of_program("nearcastd");
    Result<void> done = run_program({nearcastd, "--fetch", "--config", options.config()});
    if (done) done = run_program({nearcastd, "--check", "--config", options.config()});
    if (done && !options.is_no_start) done = set_up_machine(*config, options.start);
    if (!done) return std::unexpected(done.error());
    return config;
}

Result<void> join(Options options) {
    if (auto fresh = check_is_fresh(options); !fresh) return fresh;
    const auto address = own_address(options);
    if (!address) return std::unexpected(address.error());
    options.place.address = *address;
    auto controller =
        client::Connection::open({.url = options.url, .key = {}, .ca = {}, .pin = options.pin}, {},
                                 {.unproved = "the command as nearcast pop add printed it; or, "});
    if (!controller) return std::unexpected(controller.error());
    if (auto fit = check_machine(*controller, options); !fit) return fit;
    const auto pair = tls::make_key_pair();
    if (!pair) return std::unexpected(pair.error());
    const auto node = ask_controller(*controller, options, *pair);
    if (!node) return std::unexpected(node.error());
    say("joined as " + node->name + " in " + node->pop);
    const auto config = become_node(options, *pair, *node);
    if (!config) return std::unexpected(with_way_back(config.error(), options, *node));
    if (options.is_no_start) return {};
    if (auto done = start_node(*config, options.start); !done) return done;
    say("started; nearcast node status tells how it fares");
    return {};
}

}  // namespace

void add_join_command(CLI::App& node, int& status) {
    CLI::App* const join_app = node.add_subcommand(
        "join",
        "Make this server a node of a network: fetches its identity from the controller, writes "
        "node.toml, brings every zone, checks itself and starts. The controller prints the "
        "command");
    const auto options = std::make_shared<Options>();
    options->place.user = "nearcast";
    options->place.state_directory = "/var/lib/nearcast";
    join_app->add_option("URL", options->url, "Where the controller is reached")->required();
    join_app->add_option("TOKEN", options->token, "Good once, for a while")->required();
    join_app->add_option("--pin", options->pin, "The key of the controller's certificate")
        ->type_name("sha256/...");
    join_app
        ->add_option("--address", options->address,
                     "Where this node hears of changes; usually the address that reaches the "
                     "controller, port 53")
        ->type_name("ADDR:PORT");
    join_app->add_option("--directory", options->place.directory, "Of node.toml and keys")
        ->type_name("DIR")
        ->capture_default_str();
    join_app->add_option("--state", options->place.state_directory, "Of zones and state")
        ->type_name("DIR")
        ->capture_default_str();
    join_app->add_option("--user", options->place.user, "Whom the node runs as")
        ->type_name("NAME")
        ->capture_default_str();
    join_app->add_option("--run-directory", options->place.run_directory, "Of its sockets")
        ->type_name("DIR");
    join_app
        ->add_option("--threads", options->place.threads,
                     "That answer (default: one for each core)")
        ->type_name("NUMBER");
    join_app->add_option("--bird-config", options->start.bird_config, "What BIRD reads")
        ->type_name("FILE")
        ->capture_default_str();
    join_app
        ->add_option("--bird-socket", options->place.control_socket,
                     "Where BIRD is spoken to (default: /run/bird/bird.ctl)")
        ->type_name("FILE");
    join_app->add_flag("--foreground", options->start.is_foreground,
                       "Become the node, and leave systemd alone: for a container, where the "
                       "routing daemon runs already");
    join_app->add_flag("--no-start", options->is_no_start,
                       "Everything up to the check, and nothing that needs root");
    join_app->callback([options, &status] {
        const auto done = join(*options);
        status = done ? 0 : tell(done.error());
    });
}

}  // namespace nearcast
