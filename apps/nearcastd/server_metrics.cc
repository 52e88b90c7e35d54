// SPDX-License-Identifier: Apache-2.0

#include "server_metrics.h"

#include <atomic>
#include <string>
#include <utility>

#include "base/log.h"

namespace nearcast::app {
namespace {

using observe::Metric;
using Kind = Metric::Kind;

void add_by_worker(const char* name, const char* help, std::span<const base::Pulse> pulses,
                   std::atomic<uint64_t> base::Pulse::* counter, std::vector<Metric>& metrics) {
    Metric metric{.name = name, .help = help, .kind = Kind::Counter, .samples = {}};
    for (size_t i = 0; i < pulses.size(); ++i) {
        metric.add({{"worker", std::to_string(i)}},
                   (pulses[i].*counter).load(std::memory_order_relaxed));
    }
    metrics.push_back(std::move(metric));
}

void add_gauge(const char* name, const char* help, size_t value, std::vector<Metric>& metrics) {
    Metric metric{.name = name, .help = help, .kind = Kind::Gauge, .samples = {}};
    metric.add({}, value);
    metrics.push_back(std::move(metric));
}

}  // namespace

void add_total(const char* name, const char* help, uint64_t value, std::vector<Metric>& metrics) {
    Metric metric{.name = name, .help = help, .kind = Kind::Counter, .samples = {}};
    metric.add({}, value);
    metrics.push_back(std::move(metric));
}

void add_server_metrics(const ServerNumbers& numbers, std::vector<Metric>& metrics) {
    Metric identity{.name = "nearcast_server_info",
                    .help = "Always 1: the labels say which server this is",
                    .kind = Kind::Gauge,
                    .samples = {}};
    identity.add({{"pop", numbers.identity.pop},
                  {"node", numbers.identity.node},
                  {"version", numbers.identity.version}},
                 uint64_t{1});
    metrics.push_back(std::move(identity));
    add_gauge("nearcast_zones", "Zones that are served", numbers.zones, metrics);
    add_gauge("nearcast_tcp_connections", "TCP connections that are open", numbers.connections,
              metrics);
    add_by_worker("nearcast_worker_answers_total", "Responses that a worker sent", numbers.pulses,
                  &base::Pulse::queries, metrics);
    add_by_worker("nearcast_worker_dropped_total",
                  "Messages that got no response from a worker: by rule, too large, or not taken "
                  "by the kernel",
                  numbers.pulses, &base::Pulse::dropped, metrics);
    add_by_worker("nearcast_worker_batches_total", "Rounds in which a worker did something",
                  numbers.pulses, &base::Pulse::batches, metrics);
    Metric events{.name = "nearcast_events_total",
                  .help = "Lines of the log, by their event",
                  .kind = Kind::Counter,
                  .samples = {}};
    for (const auto& [event, count] : base::log::event_counts()) {
        events.add({{"event", event}}, count);
    }
    metrics.push_back(std::move(events));
}

}  // namespace nearcast::app
