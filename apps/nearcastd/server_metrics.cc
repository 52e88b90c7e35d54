// SPDX-License-Identifier: Apache-2.0

#include "server_metrics.h"

#include <array>
#include <atomic>
#include <cctype>
#include <string>
#include <utility>

#include "authority/fetch_metrics.h"
#include "base/log.h"
#include "dns/header.h"

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

void add_frame_counts(std::span<const serve::Worker::FrameCounts> frames,
                      std::vector<Metric>& metrics) {
    Metric received{.name = "nearcast_xdp_queries_total",
                    .help = "Queries that a worker took by AF_XDP",
                    .kind = Kind::Counter,
                    .samples = {}};
    Metric lost{.name = "nearcast_xdp_lost_total",
                .help = "Queries that the kernel dropped because a worker's rings were full",
                .kind = Kind::Counter,
                .samples = {}};
    for (size_t i = 0; i < frames.size(); ++i) {
        received.add({{"worker", std::to_string(i)}}, frames[i].received);
        lost.add({{"worker", std::to_string(i)}}, frames[i].lost);
    }
    metrics.push_back(std::move(received));
    metrics.push_back(std::move(lost));
}

void add_gauge(const char* name, const char* help, double value, std::vector<Metric>& metrics) {
    Metric metric{.name = name, .help = help, .kind = Kind::Gauge, .samples = {}};
    metric.add({}, value);
    metrics.push_back(std::move(metric));
}

constexpr std::array<const char*, 2> kTransports = {"tcp", "tls"};
constexpr std::array<const char*, serve::kEndingCount> kEndings = {"client",
                                                                   "idle",
                                                                   "slow",
                                                                   "handshake_failed",
                                                                   "handshake_slow",
                                                                   "prefix_limit",
                                                                   "connection_limit",
                                                                   "handshake_limit",
                                                                   "handed_over",
                                                                   "shortage"};
constexpr std::array<const char*, transfer::kContentCount> kContents = {"zone", "changes"};

void add_connections(const std::vector<const serve::TcpTallies*>& tcp,
                     std::vector<Metric>& metrics) {
    Metric accepted{.name = "nearcast_tcp_connections_accepted_total",
                    .help = "Connections that came",
                    .kind = Kind::Counter,
                    .samples = {}};
    Metric ended{.name = "nearcast_tcp_connections_ended_total",
                 .help = "Connections that are no more, by why",
                 .kind = Kind::Counter,
                 .samples = {}};
    uint64_t pauses = 0;
    for (const serve::TcpTallies* worker : tcp) pauses += worker->pauses.get();
    for (const bool is_tls : {false, true}) {
        const char* const transport = kTransports[is_tls ? 1 : 0];
        uint64_t count = 0;
        for (const serve::TcpTallies* worker : tcp) count += worker->of(is_tls).accepted.get();
        accepted.add({{"transport", transport}}, count);
        for (size_t i = 0; i < serve::kEndingCount; ++i) {
            count = 0;
            for (const serve::TcpTallies* worker : tcp) count += worker->of(is_tls).ended[i].get();
            ended.add({{"transport", transport}, {"reason", kEndings[i]}}, count);
        }
    }
    metrics.push_back(std::move(accepted));
    metrics.push_back(std::move(ended));
    add_total("nearcast_tcp_accept_pauses_total",
              "Pauses in accepting connections, for want of descriptors", pauses, metrics);
}

void add_rcodes(const char* name, const char* help, const transfer::RcodeTallies& tallies,
                std::vector<Metric>& metrics) {
    Metric metric{.name = name, .help = help, .kind = Kind::Counter, .samples = {}};
    for (size_t i = 0; i < tallies.size(); ++i) {
        if (tallies[i].get() == 0 && i != 0) continue;
        std::string rcode = dns::to_text(static_cast<dns::Rcode>(i));
        for (char& letter : rcode) letter = static_cast<char>(std::tolower(letter));
        metric.add({{"rcode", rcode}}, tallies[i].get());
    }
    metrics.push_back(std::move(metric));
}

void add_sent(const transfer::SentTallies& sent, std::vector<Metric>& metrics) {
    Metric metric{.name = "nearcast_transfers_out_total",
                  .help = "Zones and changes that others asked for, by what became of it",
                  .kind = Kind::Counter,
                  .samples = {}};
    for (size_t i = 0; i < transfer::kContentCount; ++i) {
        const auto& row = sent.rows[i];
        metric.add({{"content", kContents[i]}, {"result", "sent"}}, row.sent.get());
        metric.add({{"content", kContents[i]}, {"result", "broken"}}, row.broken.get());
        metric.add({{"content", kContents[i]}, {"result", "refused"}}, row.refused.get());
    }
    metric.add({{"content", "changes"}, {"result", "current"}}, sent.current.get());
    metrics.push_back(std::move(metric));
    add_total("nearcast_transfers_out_turned_away_total",
              "Connections closed since too many transfers were under way", sent.turned_away.get(),
              metrics);
    add_total("nearcast_transfers_out_bytes_total", "Bytes of messages sent in transfers",
              sent.bytes.get(), metrics);
}

void add_notices(const transfer::NoticeTallies& notices, std::vector<Metric>& metrics) {
    Metric metric{.name = "nearcast_notifies_out_total",
                  .help = "Secondaries that were told of a change, by what became of it",
                  .kind = Kind::Counter,
                  .samples = {}};
    metric.add({{"result", "acknowledged"}}, notices.acknowledged.get());
    metric.add({{"result", "refused"}}, notices.refused.get());
    metric.add({{"result", "unanswered"}}, notices.unanswered.get());
    metric.add({{"result", "dropped"}}, notices.dropped.get());
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
    add_gauge("nearcast_zones", "Zones that are served", static_cast<double>(numbers.zones),
              metrics);
    add_gauge("nearcast_tcp_connections", "TCP connections that are open",
              static_cast<double>(numbers.connections), metrics);
    add_connections(numbers.tcp, metrics);
    add_gauge("nearcast_workers_by_core", "1 while each worker answers what its core receives",
              numbers.is_by_core ? 1 : 0, metrics);
    add_by_worker("nearcast_worker_answers_total", "Responses that a worker sent", numbers.pulses,
                  &base::Pulse::queries, metrics);
    add_by_worker("nearcast_worker_dropped_total",
                  "Messages that got no response from a worker: by rule, too large, or not taken "
                  "by the kernel",
                  numbers.pulses, &base::Pulse::dropped, metrics);
    add_by_worker("nearcast_worker_batches_total", "Rounds in which a worker did something",
                  numbers.pulses, &base::Pulse::batches, metrics);
    if (!numbers.frames.empty()) add_frame_counts(numbers.frames, metrics);
    Metric events{.name = "nearcast_events_total",
                  .help = "Lines of the log, by their event",
                  .kind = Kind::Counter,
                  .samples = {}};
    for (const auto& [event, count] : base::log::event_counts()) {
        events.add({{"event", event}}, count);
    }
    metrics.push_back(std::move(events));
}

void add_zone_metrics(const zone::ZoneHealth& health, uint64_t store_bytes,
                      std::vector<Metric>& metrics) {
    Metric states{.name = "nearcast_zones_by_state",
                  .help = "Zones by their state, of which they may have several",
                  .kind = Kind::Gauge,
                  .samples = {}};
    states.add({{"state", "served"}}, uint64_t{health.served});
    states.add({{"state", "servfail"}}, uint64_t{health.stale + health.empty});
    states.add({{"state", "signatures_expiring"}}, uint64_t{health.expiring});
    states.add({{"state", "not_stored"}}, uint64_t{health.unsaved});
    metrics.push_back(std::move(states));
    if (health.signatures_expire) {
        add_gauge("nearcast_signatures_expire_timestamp_seconds",
                  "When the first signature of any zone expires",
                  static_cast<double>(health.signatures_expire->count()), metrics);
    }
    add_gauge("nearcast_zone_image_bytes", "Memory that the zones take",
              static_cast<double>(health.image_bytes), metrics);
    add_gauge("nearcast_zone_journal_bytes", "History of the zones, kept for IXFR",
              static_cast<double>(health.journal_bytes), metrics);
    add_gauge("nearcast_store_bytes", "What the zone store takes, garbage included",
              static_cast<double>(store_bytes), metrics);
}

void add_transfer_metrics(const TransferNumbers& numbers, std::vector<Metric>& metrics) {
    add_sent(numbers.desks.transfers, metrics);
    authority::add_fetch_metrics(numbers.fetched, metrics);
    add_rcodes("nearcast_notifies_in_total", "NOTIFY messages by what was answered",
               numbers.desks.notices, metrics);
    add_notices(numbers.notices, metrics);
    add_rcodes("nearcast_updates_total", "UPDATE messages by what was answered",
               numbers.desks.updates, metrics);
}

}  // namespace nearcast::app
