// SPDX-License-Identifier: Apache-2.0
//
// The section [metrics] of node.toml, or of a file of settings: where the statistics are offered.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/result.h"

namespace nearcast::observe {

struct MetricsConfig {
    std::optional<base::SocketAddress> listen;  // None: no endpoint.
    // The busiest zones that have lines of their own in the metrics. Each is some ten lines in
    // every scrape, and as many series for the collector to keep.
    size_t zone_labels_max = 100;
    // Zones that are counted at all. See ZoneCounters for what they cost.
    size_t zones_counted_max = 100'000;
    // The networks that have lines of their own, those that asked most in the last minute. Others
    // take their place, and a collector keeps a series for each that ever had one.
    size_t talker_labels_max = 10;
};

// Reads the section alone: whoever reads the rest of the file finds what is wrong there. `path` is
// only for messages.
[[nodiscard]] base::Result<MetricsConfig> parse_metrics_config(std::string_view text,
                                                               const std::string& path);

}  // namespace nearcast::observe
