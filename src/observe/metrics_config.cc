// SPDX-License-Identifier: Apache-2.0

#include "observe/metrics_config.h"

#include "base/config_file.h"

namespace nearcast::observe {

base::Result<MetricsConfig> parse_metrics_config(std::string_view text, const std::string& path) {
    auto file = base::ConfigFile::parse(text, path);
    if (!file) return std::unexpected(file.error());
    MetricsConfig config;
    base::ConfigTable root = file->root();
    base::ConfigTable table = root.table("metrics");
    base::SocketAddress listen;
    table.read_as("listen", listen, base::parse_socket_address, "\"127.0.0.1:9153\"");
    if (table.has("listen")) config.listen = listen;
    uint64_t labels = config.zone_labels_max;
    uint64_t counted = config.zones_counted_max;
    table.read_number("zone_labels_max", labels, {0, 100'000}, "100");
    uint64_t talkers = config.talker_labels_max;
    table.read_number("talker_labels_max", talkers, {0, 1000}, "10");
    table.read_number("zones_counted_max", counted, {0, 4'000'000}, "100000");
    config.zone_labels_max = labels;
    config.zones_counted_max = counted;
    config.talker_labels_max = talkers;
    root.leave_rest();
    if (auto done = file->finish(); !done) return std::unexpected(done.error());
    return config;
}

}  // namespace nearcast::observe
