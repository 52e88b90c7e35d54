// SPDX-License-Identifier: Apache-2.0
//
// All that a server counts: the counters of its workers, summed when somebody asks.
//
// Workers come to their own Counters once, at start. collect() may be called by any thread, several
// at a time, however long the workers have been stuck.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "observe/counters.h"
#include "observe/metric.h"
#include "observe/metrics_config.h"
#include "zone/zone_table.h"

namespace nearcast::observe {

struct Talker {
    std::string network;
    Talkers::Told told;
};

class Statistics {
 public:
    // Adds what others know. Called by whoever collects, on its thread.
    using Source = std::function<void(std::vector<Metric>&)>;

    // `zones` outlives it.
    Statistics(size_t worker_count, const MetricsConfig& config, const zone::ZoneTable& zones);

    [[nodiscard]] Counters& worker(size_t index) { return *workers_[index]; }

    // Before anybody collects.
    void add_source(Source source) { sources_.push_back(std::move(source)); }

    [[nodiscard]] std::vector<Metric> collect() const;

    // The networks that sent most in the last whole minute before `now`, since 1970, at most so
    // many, the greatest first.
    [[nodiscard]] std::vector<Talker> busiest_talkers(size_t count_max,
                                                      std::chrono::seconds now) const;

 private:
    [[nodiscard]] uint64_t sum(Tally Counters::* tally) const;
    template <size_t Count>
    [[nodiscard]] std::array<uint64_t, Count> sums(
        std::array<Tally, Count> Counters::* tallies) const;

    void add_queries(std::vector<Metric>& metrics) const;
    void add_types(std::vector<Metric>& metrics) const;
    void add_responses(std::vector<Metric>& metrics) const;
    void add_sizes(std::vector<Metric>& metrics, const char* name, const char* help,
                   SizeTally Counters::* sizes) const;
    void add_zones(std::vector<Metric>& metrics) const;
    void add_talkers(std::vector<Metric>& metrics) const;

    std::vector<std::unique_ptr<Counters>> workers_;
    const size_t zone_labels_max_;
    const size_t talker_labels_max_;
    const zone::ZoneTable& zones_;
    std::vector<Source> sources_;
};

}  // namespace nearcast::observe
