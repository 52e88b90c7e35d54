// SPDX-License-Identifier: Apache-2.0

#include "observe/statistics.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <string>
#include <unordered_map>

#include "base/clock.h"

namespace nearcast::observe {
namespace {

constexpr std::array<const char*, kChannelCount> kChannels = {"udp", "tcp", "tls"};
constexpr std::array<const char*, kFamilyCount> kFamilies = {"ipv4", "ipv6"};
constexpr std::array<const char*, kEdnsUseCount> kEdnsUses = {"none", "edns", "dnssec_ok"};
constexpr std::array<const char*, shield::kCookieStateCount> kCookies = {
    "none", "malformed", "client_only", "bad", "good"};
constexpr std::array<const char*, kOutcomeCount> kOutcomes = {"answer",   "nodata",   "nxdomain",
                                                              "referral", "servfail", "other"};
constexpr std::array<const char*, dns::kParseErrorCount> kErrors = {
    "none",         "too_short",         "is_response", "unknown_opcode", "many_questions",
    "bad_question", "unexpected_record", "bad_record",  "bad_opt",        "two_opts",
    "bad_tsig",     "trailing_bytes",    "no_question"};

constexpr size_t kSmallestSize = 3;  // The first place told: no message has fewer than 12 bytes.

std::string lowered(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char byte) {
        return static_cast<char>(std::tolower(byte));
    });
    return text;
}

std::string rcode_text(size_t rcode) {
    return rcode + 1 == kRcodeCount ? "other" : lowered(to_text(static_cast<dns::Rcode>(rcode)));
}

std::string type_text(size_t type) {
    return type + 1 == kTypeCount ? "other" : to_text(static_cast<dns::RRType>(type));
}

Metric counter(const char* name, const char* help) {
    return {.name = name, .help = help, .kind = Metric::Kind::Counter, .samples = {}};
}

// What all workers together were asked about one zone.
struct ZoneSum {
    uint64_t apex_hash = 0;
    uint64_t total = 0;
    std::array<uint64_t, kOutcomeCount> outcomes{};
    std::array<uint64_t, kZoneTypeCount> types{};

    void add(const ZoneCounters::Entry& entry) {
        for (size_t i = 0; i < kOutcomeCount; ++i) {
            const uint64_t count = entry.outcomes[i].get();
            outcomes[i] += count;
            total += count;
        }
        for (size_t i = 0; i < kZoneTypeCount; ++i) types[i] += entry.types[i].get();
    }
};

std::string zone_type_text(size_t place) {
    return place == kZoneTypes.size() ? "other" : to_text(kZoneTypes[place]);
}

// The zones that were asked most, at most so many, the greatest first.
std::vector<ZoneSum> busiest_of(const std::unordered_map<uint64_t, ZoneSum>& zones,
                                size_t count_max) {
    std::vector<ZoneSum> busiest;
    for (const auto& [hash, zone] : zones) busiest.push_back(zone);
    const size_t told = std::min(busiest.size(), count_max);
    std::ranges::partial_sort(busiest, busiest.begin() + static_cast<ptrdiff_t>(told),
                              std::ranges::greater{}, &ZoneSum::total);
    busiest.resize(told);
    return busiest;
}

}  // namespace

Statistics::Statistics(size_t worker_count, const MetricsConfig& config,
                       const zone::ZoneTable& zones)
    : zone_labels_max_(config.zone_labels_max),
      talker_labels_max_(config.talker_labels_max),
      zones_(zones) {
    for (size_t i = 0; i < worker_count; ++i) {
        workers_.push_back(std::make_unique<Counters>(config.zones_counted_max));
    }
}

uint64_t Statistics::sum(Tally Counters::* tally) const {
    uint64_t total = 0;
    for (const auto& worker : workers_) total += ((*worker).*tally).get();
    return total;
}

template <size_t Count>
std::array<uint64_t, Count> Statistics::sums(std::array<Tally, Count> Counters::* tallies) const {
    std::array<uint64_t, Count> totals{};
    for (const auto& worker : workers_) {
        for (size_t i = 0; i < Count; ++i) totals[i] += ((*worker).*tallies)[i].get();
    }
    return totals;
}

std::vector<Metric> Statistics::collect() const {
    std::vector<Metric> metrics;
    add_queries(metrics);
    add_types(metrics);
    add_responses(metrics);
    add_sizes(metrics, "nearcast_query_size_bytes", "Sizes of queries", &Counters::query_sizes);
    add_sizes(metrics, "nearcast_response_size_bytes", "Sizes of responses",
              &Counters::response_sizes);
    add_zones(metrics);
    add_talkers(metrics);
    for (const Source& source : sources_) source(metrics);
    return metrics;
}

void Statistics::add_queries(std::vector<Metric>& metrics) const {
    const auto queries = sums(&Counters::queries);
    std::array<std::array<uint64_t, kFamilyCount>, kChannelCount> by_channel{};
    std::array<uint64_t, kEdnsUseCount> by_edns{};
    std::array<uint64_t, shield::kCookieStateCount> by_cookie{};
    for (size_t place = 0; place < queries.size(); ++place) {
        const QueryKind kind = query_kind(place);
        by_cookie[static_cast<size_t>(kind.cookie)] += queries[place];
        by_edns[static_cast<size_t>(kind.edns)] += queries[place];
        by_channel[static_cast<size_t>(kind.channel)][kind.is_v6 ? 1 : 0] += queries[place];
    }
    Metric total = counter("nearcast_queries_total", "Messages that came in, by the way they took");
    for (size_t channel = 0; channel < kChannelCount; ++channel) {
        for (size_t family = 0; family < kFamilyCount; ++family) {
            total.add({{"transport", kChannels[channel]}, {"family", kFamilies[family]}},
                      by_channel[channel][family]);
        }
    }
    metrics.push_back(std::move(total));
    Metric edns = counter("nearcast_queries_by_edns_total", "Messages by their use of EDNS");
    for (size_t i = 0; i < by_edns.size(); ++i) edns.add({{"edns", kEdnsUses[i]}}, by_edns[i]);
    metrics.push_back(std::move(edns));
    Metric cookie = counter("nearcast_queries_by_cookie_total", "Messages by their DNS cookie");
    for (size_t i = 0; i < by_cookie.size(); ++i) {
        cookie.add({{"cookie", kCookies[i]}}, by_cookie[i]);
    }
    metrics.push_back(std::move(cookie));
}

void Statistics::add_types(std::vector<Metric>& metrics) const {
    // What never came has no line: most types and codes never do.
    Metric types = counter("nearcast_queries_by_type_total", "Questions by the type they ask for");
    const auto by_type = sums(&Counters::types);
    for (size_t i = 0; i < by_type.size(); ++i) {
        if (by_type[i] > 0) types.add({{"type", type_text(i)}}, by_type[i]);
    }
    metrics.push_back(std::move(types));
    Metric opcodes = counter("nearcast_queries_by_opcode_total", "Messages by their opcode");
    auto by_opcode = sums(&Counters::opcodes);
    by_opcode[static_cast<size_t>(dns::Opcode::Query)] +=
        std::accumulate(by_type.begin(), by_type.end(), uint64_t{0});
    for (size_t i = 0; i < by_opcode.size(); ++i) {
        if (by_opcode[i] == 0 && i != 0) continue;
        opcodes.add({{"opcode", lowered(to_text(static_cast<dns::Opcode>(i)))}}, by_opcode[i]);
    }
    metrics.push_back(std::move(opcodes));
    Metric errors = counter("nearcast_query_errors_total", "Messages that cannot be read, by why");
    const auto by_error = sums(&Counters::errors);
    for (size_t i = 1; i < by_error.size(); ++i) errors.add({{"error", kErrors[i]}}, by_error[i]);
    metrics.push_back(std::move(errors));
}

void Statistics::add_responses(std::vector<Metric>& metrics) const {
    Metric rcodes = counter("nearcast_responses_total", "Responses by their code");
    const auto responses = sums(&Counters::responses);
    const auto other_responses = sums(&Counters::other_responses);
    std::array<uint64_t, kRcodeCount> by_rcode{};
    std::array<uint64_t, kOutcomeCount> by_outcome{};
    uint64_t truncated = 0;
    for (size_t place = 0; place < kResponsePlaceCount; ++place) {
        const ResponseKind kind = response_kind(place);
        const uint64_t count = responses[place] + other_responses[place];
        by_rcode[static_cast<size_t>(kind.rcode)] += count;
        by_outcome[static_cast<size_t>(outcome_of(kind))] += responses[place];
        if (kind.is_truncated) truncated += count;
    }
    for (size_t i = 0; i < by_rcode.size(); ++i) {
        if (by_rcode[i] > 0 || i == 0) rcodes.add({{"rcode", rcode_text(i)}}, by_rcode[i]);
    }
    metrics.push_back(std::move(rcodes));
    Metric outcomes = counter("nearcast_outcomes_total", "What became of questions");
    for (size_t i = 0; i < by_outcome.size(); ++i) {
        outcomes.add({{"outcome", kOutcomes[i]}}, by_outcome[i]);
    }
    metrics.push_back(std::move(outcomes));
    const auto add_one = [&](const char* name, const char* help, uint64_t count) {
        Metric metric = counter(name, help);
        metric.add({}, count);
        metrics.push_back(std::move(metric));
    };
    add_one("nearcast_responses_truncated_total", "Responses with TC set", truncated);
    add_one("nearcast_queries_unanswered_total", "Messages that must not be answered",
            sum(&Counters::unanswered));
    add_one("nearcast_queries_handed_over_total",
            "Messages that another thread than a worker's answers", sum(&Counters::handed_over));
}

void Statistics::add_sizes(std::vector<Metric>& metrics, const char* name, const char* help,
                           SizeTally Counters::* sizes) const {
    std::array<uint64_t, kSizeCount> counts{};
    uint64_t bytes = 0;
    for (const auto& worker : workers_) {
        const SizeTally& tally = (*worker).*sizes;
        for (size_t i = 0; i < kSizeCount; ++i) counts[i] += tally.counts[i].get();
        bytes += tally.bytes.get();
    }
    Metric::Sample sample{.labels = {}, .value = static_cast<double>(bytes), .buckets = {}};
    uint64_t so_far = 0;
    for (size_t i = 0; i < kSizeCount; ++i) {
        so_far += counts[i];
        if (i < kSmallestSize) continue;
        sample.buckets.push_back({static_cast<double>(uint64_t{2} << i), so_far});
    }
    metrics.push_back({.name = name,
                       .help = help,
                       .kind = Metric::Kind::Histogram,
                       .samples = {std::move(sample)}});
}

void Statistics::add_zones(std::vector<Metric>& metrics) const {
    std::unordered_map<uint64_t, ZoneSum> zones;
    uint64_t uncounted = 0;
    for (const auto& worker : workers_) {
        uncounted += worker->zones.uncounted();
        for (const ZoneCounters::Entry& entry : worker->zones.entries()) {
            const uint64_t hash = entry.apex_hash.load(std::memory_order_relaxed);
            ZoneSum& zone = zones[hash];
            zone.apex_hash = hash;
            zone.add(entry);
        }
    }
    Metric queries = counter("nearcast_zone_queries_total", "Questions about the busiest zones");
    Metric outcomes =
        counter("nearcast_zone_outcomes_total", "What became of questions about the busiest zones");
    Metric types = counter("nearcast_zone_queries_by_type_total",
                           "Types of the questions about the busiest zones");
    for (const ZoneSum& zone : busiest_of(zones, zone_labels_max_)) {
        const auto apex = zones_.apex_with_hash(zone.apex_hash);
        if (!apex) continue;  // Served no longer.
        const std::string name = lowered(to_text(*apex));
        queries.add({{"zone", name}}, zone.total);
        for (size_t i = 0; i < kOutcomeCount; ++i) {
            if (zone.outcomes[i] == 0) continue;
            outcomes.add({{"zone", name}, {"outcome", kOutcomes[i]}}, zone.outcomes[i]);
        }
        for (size_t i = 0; i < kZoneTypeCount; ++i) {
            if (zone.types[i] == 0) continue;
            types.add({{"zone", name}, {"type", zone_type_text(i)}}, zone.types[i]);
        }
    }
    metrics.push_back(std::move(queries));
    metrics.push_back(std::move(outcomes));
    metrics.push_back(std::move(types));
    Metric beyond = counter("nearcast_zone_queries_uncounted_total",
                            "Questions about zones beyond metrics.zones_counted_max");
    beyond.add({}, uncounted);
    metrics.push_back(std::move(beyond));
}

std::vector<Talker> Statistics::busiest_talkers(size_t count_max, std::chrono::seconds now) const {
    std::unordered_map<Talkers::Network, Talkers::Told> sums;
    for (const auto& worker : workers_) worker->talkers.add_to(sums, now);
    std::vector<std::pair<Talkers::Network, Talkers::Told>> found(sums.begin(), sums.end());
    const size_t told = std::min(found.size(), count_max);
    std::ranges::partial_sort(
        found, found.begin() + static_cast<ptrdiff_t>(told), std::ranges::greater{},
        [](const auto& each) { return std::pair(each.second.messages, each.first); });
    std::vector<Talker> talkers;
    for (size_t i = 0; i < told; ++i) {
        talkers.push_back({to_text_of_network(found[i].first), found[i].second});
    }
    return talkers;
}

void Statistics::add_talkers(std::vector<Metric>& metrics) const {
    const auto now = std::chrono::floor<std::chrono::seconds>(base::unix_now());
    Metric messages{.name = "nearcast_talker_queries",
                    .help =
                        "Messages in the last whole minute of the networks that sent most, "
                        "estimated from a sample",
                    .kind = Metric::Kind::Gauge,
                    .samples = {}};
    Metric bytes{.name = "nearcast_talker_response_bytes",
                 .help = "What these networks were answered in that minute",
                 .kind = Metric::Kind::Gauge,
                 .samples = {}};
    for (const Talker& talker : busiest_talkers(talker_labels_max_, now)) {
        messages.add({{"network", talker.network}}, talker.told.messages);
        bytes.add({{"network", talker.network}}, talker.told.response_bytes);
    }
    metrics.push_back(std::move(messages));
    metrics.push_back(std::move(bytes));
}

}  // namespace nearcast::observe
