// SPDX-License-Identifier: Apache-2.0

#include "serve/serve_config.h"

#include "base/config_file.h"
#include "dns/edns.h"
#include "serve/listen_address.h"
#include "serve/udp_batch.h"

namespace nearcast::serve {
namespace {

using base::ConfigTable;
using base::Result;

// What src/anycast reads in this section.
constexpr std::array<std::string_view, 2> kNodeKeys = {"listen", "threads"};

// Each slot reserves 196 KiB of addresses, though not of memory: 12 GiB with all of these.
constexpr uint64_t kConnectionsMax = 65536;

constexpr ConfigTable::Range kIdleRange = {1, 3600};  // Seconds.

template <typename Number>
void read_small(ConfigTable& table, std::string_view key, Number& value, ConfigTable::Range range,
                std::string_view example) {
    uint64_t number = value;
    table.read_number(key, number, range, example);
    value = static_cast<Number>(number);
}

void read_duration(ConfigTable& table, std::string_view key, base::Duration& value,
                   std::string_view example) {
    auto duration = std::chrono::duration_cast<std::chrono::milliseconds>(value);
    table.read(key, duration, example);
    const std::chrono::seconds lowest(kIdleRange.lowest);
    const std::chrono::seconds highest(kIdleRange.highest);
    if (duration < lowest || duration > highest) {
        table.refuse(key, "is " + base::to_text(duration) + ", not 1s to 1h", example);
    }
    value = duration;
}

ServeConfig read_section(ConfigTable serve) {
    ServeConfig config;
    TcpLimits& tcp = config.tcp;
    serve.read_list_as("tls_listen", config.tls_listen, parse_tls_address,
                       R"(["192.0.2.53:853", "[2001:db8:53::53]:853"])");
    serve.read("xdp", config.xdp, R"(["eth0"])");
    serve.read("xdp_busy_poll", config.xdp_busy_poll, "false");
    if (serve.has("by_core")) serve.read("by_core", config.by_core.emplace(false), "true");
    read_small(serve, "udp_payload_max", config.udp_payload_max,
               {dns::kUdpPayloadMin, kUdpResponseSizeMax}, "1232");
    read_small(serve, "tcp_connections_max", tcp.connections_max, {16, kConnectionsMax}, "1024");
    read_small(serve, "tcp_prefix_connections_max", tcp.prefix_connections_max,
               {1, kConnectionsMax}, "256");
    read_small(serve, "tcp_prefix_v4", tcp.prefix.v4, {8, 32}, "24");
    read_small(serve, "tcp_prefix_v6", tcp.prefix.v6, {16, 64}, "48");
    read_duration(serve, "tcp_idle_limit", tcp.idle_limit, "\"10s\"");
    read_small(serve, "tls_handshakes_max", tcp.handshakes_max, {1, kConnectionsMax}, "256");
    read_duration(serve, "tls_handshake_limit", tcp.handshake_limit, "\"5s\"");
    return config;
}

Result<ServeConfig> read_all(base::ConfigFile file) {
    ConfigTable serve = file.root().table("serve");
    ServeConfig config = read_section(serve);
    for (const std::string_view key : kNodeKeys) serve.leave(key);
    file.root().leave_rest();
    if (auto done = file.finish(); !done) return std::unexpected(done.error());
    return config;
}

}  // namespace

Result<ServeConfig> read_serve_config(const std::string& path) {
    auto file = base::ConfigFile::read(path);
    if (!file) return std::unexpected(file.error());
    return read_all(*std::move(file));
}

Result<ServeConfig> parse_serve_config(std::string_view text, const std::string& path) {
    auto file = base::ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    return read_all(*std::move(file));
}

}  // namespace nearcast::serve
