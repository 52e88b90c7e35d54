// SPDX-License-Identifier: Apache-2.0
//
// A named number for whoever watches, with labels that divide it: the form that all outlets share.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nearcast::observe {

struct Metric {
    enum class Kind : uint8_t { Counter, Gauge, Histogram };
    using Labels = std::vector<std::pair<std::string, std::string>>;

    struct Bucket {
        double upper_bound = 0;
        uint64_t cumulative_count = 0;
    };
    struct Sample {
        Labels labels;
        double value = 0;             // Of a histogram: the sum of what was observed.
        std::vector<Bucket> buckets;  // Of a histogram: the last holds all.
    };

    std::string name;  // With its unit, as in nearcast_query_size_bytes.
    std::string help;
    Kind kind = Kind::Counter;
    std::vector<Sample> samples;

    void add(Labels labels, double value) { samples.push_back({std::move(labels), value, {}}); }
    void add(Labels labels, uint64_t value) { add(std::move(labels), static_cast<double>(value)); }
};

}  // namespace nearcast::observe
