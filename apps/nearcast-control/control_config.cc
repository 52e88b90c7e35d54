// SPDX-License-Identifier: Apache-2.0

#include "control_config.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include <unistd.h>

#include "base/config_file.h"
#include "base/read_file.h"
#include "client/target.h"
#include "serve/listen_address.h"

namespace nearcast::control_app {
namespace {

using base::ConfigTable;
using base::Result;

constexpr base::SocketAddress kApiDefault{{{127, 0, 0, 1}, false}, 8053};
constexpr uint64_t kThreadsMax = 64;
constexpr uint64_t kConnectionsMax = 10'000;

std::string machine_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "controller";
}

Result<dns::Name> parse_absolute_name(std::string_view text) {
    const dns::Name root;
    return dns::parse_name(text, &root);
}

Result<std::string> parse_connection(std::string_view text) {
    if (text.starts_with("sqlite:") || text.starts_with("postgresql:")) return std::string(text);
    return base::fail("is neither sqlite:PATH nor postgresql: and what libpq takes",
                      "connection = \"postgresql:host=/run/postgresql dbname=nearcast\"");
}

void read_own(ConfigTable root, ControlConfig& config) {
    ConfigTable control = root.table("control");
    config.name = machine_name();
    control.read("name", config.name, "\"control1\"");
    control.read("directory", config.directory, "\"/var/lib/nearcast-control\"");
    config.primary = *dns::parse_name("a.misconfigured.dns.server.invalid.");
    control.read_as("primary", config.primary, parse_absolute_name, "\"ns1.example.net.\"");

    ConfigTable database = root.table("database");
    database.read_as("connection", config.database, parse_connection,
                     "\"postgresql:host=/run/postgresql dbname=nearcast\"");
    if (config.database.empty()) config.database = "sqlite:" + config.directory + "/control.db";

    ConfigTable api = root.table("api");
    config.api_listen = kApiDefault;
    api.read_as("listen", config.api_listen, base::parse_socket_address, "\"127.0.0.1:8053\"");
    api.read("tls", config.has_tls, "true");
    api.read("certificate", config.certificate, "\"/etc/nearcast/api.pem\"");
    api.read("key", config.key, "\"/etc/nearcast/api.key\"");
    api.read("names", config.api_names, "[\"control.example.net\"]");
    api.read_number("connections_per_address", config.api_connections, {1, kConnectionsMax}, "96");
    if (config.certificate.empty() != config.key.empty()) {
        api.refuse(config.key.empty() ? "certificate" : "key", "goes with the other one",
                   "certificate and key");
    }
}

Result<std::string> parse_daemon(std::string_view text) {
    if (text == "bird" || text == "frr" || text == "none") return std::string(text);
    return base::fail("is none of bird, frr and none", "daemon = \"bird\"");
}

Result<std::string> parse_import(std::string_view text) {
    if (text == "none" || text == "default" || text == "all") return std::string(text);
    return base::fail("is none of none, default and all", "import = \"default\"");
}

// What servers that join are told; the command there understands what we do.
Result<std::string> parse_api_url(std::string_view text) {
    const auto url = client::parse_url(text);
    return url ? Result<std::string>(text) : std::unexpected(url.error());
}

// The primary of nodes speaks by certificates of our own making.
void read_network(ConfigTable root, ControlConfig& config) {
    ConfigTable network = root.table("network");
    control::NetworkSettings& settings = config.network;
    settings.catalog = *dns::parse_name("catalog.nearcast.");
    network.read_as("url", settings.url, parse_api_url, "\"https://control.example.net:8053\"");
    network.read_as("catalog", settings.catalog, parse_absolute_name, "\"catalog.nearcast\"");
    network.read_list_as("primaries", settings.primaries, base::parse_socket_address,
                         "[\"192.0.2.10:853\"]");
    network.read_list_as("prefixes", settings.prefixes, base::parse_ip_prefix,
                         "[\"203.0.113.0/24\"]");
    network.read_list_as("covering", settings.covering, base::parse_ip_prefix,
                         "[\"203.0.112.0/23\"]");
    network.read_list_as("addresses", settings.addresses, base::parse_ip_address,
                         "[\"203.0.113.53\"]");
    network.read_as("daemon", settings.daemon, parse_daemon, "\"bird\"");
    uint64_t asn = 0;
    network.read_number("asn", asn, {1, UINT32_MAX}, "65010");
    settings.asn = static_cast<uint32_t>(asn);
    network.read_as("import", settings.import_policy, parse_import, "\"all\"");
    network.read("bfd_interval", settings.bfd_interval, "\"300ms\"");
    if (!network.has("url")) return;
    network.require("primaries", "[\"192.0.2.10:853\"]");
    if (config.transfers.tls.has_server()) {
        network.refuse("url", "goes without certificate and key in [tls]",
                       "remove those: the controller makes the certificates of its network");
    }
}

void read_plan(ConfigTable table, ControlConfig& config) {
    control::Plan plan;
    table.require("name", "\"small\"");
    table.read("name", plan.name, "\"small\"");
    table.read_number("zones", plan.zones_max, {}, "10");
    table.read_number("records", plan.records_max, {}, "1000");
    table.read_number("changes_per_minute", plan.changes_per_minute_max, {}, "60");
    const auto is_same = [&](const control::Plan& other) { return other.name == plan.name; };
    if (std::ranges::any_of(config.plans, is_same)) {
        table.refuse("name", "is that of another plan", "one [[plan]] for each name");
    }
    config.plans.push_back(std::move(plan));
}

void read_serve(ConfigTable root, ControlConfig& config) {
    ConfigTable serve = root.table("serve");
    serve.read_list_as("listen", config.listen, serve::parse_listen_address, "[\"192.0.2.1:53\"]");
    serve.read_number("threads", config.threads, {1, kThreadsMax}, "1");
    for (const char* key : {"tls_listen", "udp_payload_max", "tcp_connections_max",
                            "tcp_prefix_connections_max", "tcp_prefix_v4", "tcp_prefix_v6",
                            "tcp_idle_limit", "tls_handshakes_max", "tls_handshake_limit"}) {
        serve.leave(key);
    }
}

template <typename Section>
Result<void> take(Result<Section> section, Section& into) {
    if (!section) return std::unexpected(section.error());
    into = *std::move(section);
    return {};
}

Result<void> check(const std::string& path, const ControlConfig& config) {
    if (!config.serve.tls_listen.empty() && !config.transfers.tls.has_server() &&
        config.network.url.empty()) {
        return base::fail(path + ": serve.tls_listen is set, and there is no certificate",
                          "certificate and key in the section [tls]");
    }
    if (!config.transfers.secondaries.empty() || !config.transfers.followed_catalogs.empty() ||
        !config.transfers.updates.empty()) {
        return base::fail(path + ": zones of the controller come from its database alone",
                          "remove [[secondary]], [[catalog.follow]] and [[update.zone]]");
    }
    const auto distinct = serve::check_are_distinct(config.listen, config.serve.tls_listen);
    return distinct ? distinct : base::within(path, distinct.error());
}

}  // namespace

Result<ControlConfig> parse_control_config(std::string_view text, const std::string& path) {
    ControlConfig config;
    Result<void> done = take(transfer::parse_transfer_config(text, path), config.transfers);
    if (done) done = take(serve::parse_serve_config(text, path), config.serve);
    if (done) done = take(zone::parse_store_config(text, path), config.store);
    if (done) done = take(observe::parse_metrics_config(text, path), config.metrics);
    if (!done) return std::unexpected(done.error());
    auto file = base::ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    read_own(file->root(), config);
    read_network(file->root(), config);
    for (const ConfigTable& plan : file->root().tables("plan")) read_plan(plan, config);
    read_serve(file->root(), config);
    read_signing(file->root(), config.signing);
    for (const char* section :
         {"key", "tls", "transfer", "secondary", "catalog", "update", "store", "metrics"}) {
        file->root().leave(section);
    }
    if (done = file->finish(); done) done = check(path, config);
    if (!done) return std::unexpected(done.error());
    return config;
}

Result<ControlConfig> read_control_config(const std::string& path) {
    const auto text = base::read_file(path);
    return text ? parse_control_config(*text, path) : std::unexpected(text.error());
}

}  // namespace nearcast::control_app
