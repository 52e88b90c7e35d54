// SPDX-License-Identifier: Apache-2.0

#include "control_metrics.h"

#include <limits>
#include <utility>

#include "control/wall_clock.h"

namespace nearcast::control_app {
namespace {

using control::Receipts;
using observe::Metric;

Metric propagation(const Receipts::Delays& delays) {
    Metric metric{.name = "nearcast_propagation_seconds",
                  .help = "From the commit of a change until a node was known to serve it",
                  .kind = Metric::Kind::Histogram,
                  .samples = {}};
    Metric::Sample sample{.labels = {}, .value = delays.sum, .buckets = {}};
    uint64_t count = 0;
    for (size_t i = 0; i < delays.counts.size(); ++i) {
        count += delays.counts[i];
        const bool is_last = i == Receipts::Delays::kBounds.size();
        sample.buckets.push_back(
            {is_last ? std::numeric_limits<double>::infinity() : Receipts::Delays::kBounds[i],
             count});
    }
    metric.samples.push_back(std::move(sample));
    return metric;
}

Metric quantiles(const Receipts::Delays& delays) {
    Metric metric{.name = "nearcast_propagation_quantile_seconds",
                  .help = "The same, of the last 10000",
                  .kind = Metric::Kind::Gauge,
                  .samples = {}};
    metric.add({{"quantile", "0.5"}}, delays.p50);
    metric.add({{"quantile", "0.99"}}, delays.p99);
    return metric;
}

double seconds_of(control::Timestamp time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void add_control_metrics(const control::Network& network, const Receipts& receipts,
                         bool leads_signing, std::vector<Metric>& metrics) {
    Metric leader{.name = "nearcast_signing_leader",
                  .help = "1 where this controller moves the keys of signed zones on",
                  .kind = Metric::Kind::Gauge,
                  .samples = {}};
    leader.add({}, leads_signing ? uint64_t{1} : uint64_t{0});
    metrics.push_back(std::move(leader));
    const Receipts::Delays delays = receipts.delays();
    metrics.push_back(propagation(delays));
    metrics.push_back(quantiles(delays));
    Metric lag{.name = "nearcast_node_lag_seconds",
               .help = "The age of the oldest change that a node does not serve",
               .kind = Metric::Kind::Gauge,
               .samples = {}};
    Metric silence{.name = "nearcast_node_silence_seconds",
                   .help = "Since a node told something; it does every 30 s",
                   .kind = Metric::Kind::Gauge,
                   .samples = {}};
    Metric behind{.name = "nearcast_node_zones_behind",
                  .help = "Zones that a node cannot fetch",
                  .kind = Metric::Kind::Gauge,
                  .samples = {}};
    const auto nodes = network.nodes();
    for (const auto& [pin, node] : *nodes) {
        const auto state = receipts.state(node.id);
        if (!state) continue;
        const Metric::Labels labels{{"node", node.name}, {"pop", node.pop}};
        lag.add(labels, seconds_of(state->lag));
        silence.add(labels, seconds_of(control::wall_now() - state->heard_at));
        behind.add(labels, static_cast<uint64_t>(state->zones_behind.size()));
    }
    for (Metric* metric : {&lag, &silence, &behind}) metrics.push_back(std::move(*metric));
}

}  // namespace nearcast::control_app
