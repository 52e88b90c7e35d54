// SPDX-License-Identifier: Apache-2.0

// Time for a query inside answer/, without sockets: answer_bench --benchmark_filter=Positive
// Instructions: valgrind --tool=callgrind --collect-atstart=no '--toggle-collect=*answer_batch*'
// in front of it, and the sum divided by the number of queries, which it prints.

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

#include "answer/served_zones.h"
#include "dns/encoding.h"
#include "dnssec/nsec3.h"
#include "zone/compile.h"

namespace nearcast::answer {
namespace {

constexpr size_t kQueries = 1 << 16;  // Different ones, so that no cache holds what they touch.

enum class Kind { Positive, Nxdomain, Referral };
enum class Denial { None, Nsec, Nsec3 };

std::string label(size_t number) { return "host" + std::to_string(number * 7919 % 100'000'007); }

// A signature of the size that ECDSA gives, that nobody checks.
std::string signature_of(const std::string& owner, const char* type) {
    return owner + " RRSIG " + type + " 13 3 300 20370101000000 20250101000000 1 @ " +
           std::string(86, 'A') + "==\n";
}

std::string nsec_chain(const std::vector<std::string>& owners) {
    std::string text;
    for (const std::string& owner : owners) {
        text += owner + " NSEC @ A RRSIG NSEC\n" + signature_of(owner, "NSEC");
    }
    return text;
}

std::string nsec3_chain(const std::vector<std::string>& owners) {
    std::vector<std::string> hashes;
    for (const std::string& owner : owners) {
        const std::string name = owner == "@" ? "example.org." : owner + ".example.org.";
        const dnssec::Nsec3Parameters parameters{dnssec::kNsec3Sha1, 0, 0, {}};
        std::string& text = hashes.emplace_back();
        const auto hash = dnssec::nsec3_hash(parameters, dns::parse_name(name)->wire());
        dns::append_base32hex(hash, text);
    }
    std::ranges::sort(hashes);
    std::string text = "@ NSEC3PARAM 1 0 0 -\n";
    for (size_t i = 0; i < hashes.size(); ++i) {
        text += hashes[i] + " NSEC3 1 0 0 - " + hashes[(i + 1) % hashes.size()] + " A RRSIG\n";
        text += signature_of(hashes[i], "NSEC3");
    }
    return text;
}

// A zone with `count` hosts with an address each and `count` / 10 delegations with glue.
ServedZones& zone_of(size_t count, Denial denial) {
    static std::map<std::pair<size_t, Denial>, ServedZones> zones;
    if (zones.contains({count, denial})) return zones[{count, denial}];
    std::string text =
        "$TTL 300\n@ SOA ns1 hostmaster 1 7200 900 1209600 300\n@ NS ns1\n"
        "ns1 A 192.0.2.1\n";
    std::vector<std::string> owners = {"@", "ns1"};
    for (size_t i = 0; i < count; ++i) {
        text += label(i) + " A 10." + std::to_string(i >> 16 & 255) + "." +
                std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255) + "\n";
        if (denial != Denial::None) text += signature_of(label(i), "A");
        owners.push_back(label(i));
        if (i % 10 != 0) continue;
        const std::string child = "child" + std::to_string(i);
        text += child + " NS ns." + child + "\nns." + child + " A 192.0.2.2\n";
        owners.push_back(child);
    }
    if (denial != Denial::None) text += signature_of("@", "SOA");
    if (denial == Denial::Nsec) text += nsec_chain(owners);
    if (denial == Denial::Nsec3) text += nsec3_chain(owners);
    zones[{count, denial}].serve("example.org", text);
    return zones[{count, denial}];
}

std::vector<std::vector<uint8_t>> queries_for(Kind kind, size_t count, bool dnssec_ok) {
    std::mt19937_64 random(1);
    std::vector<std::vector<uint8_t>> queries;
    for (size_t i = 0; i < kQueries; ++i) {
        const size_t number = random() % count;
        std::string name = label(number);
        // Anywhere between the hosts.
        if (kind == Kind::Nxdomain) name = label(random() % 100'000'007) + "x";
        if (kind == Kind::Referral) name = "www.child" + std::to_string(number / 10 * 10);
        queries.push_back(query_for(name + ".example.org A" + (dnssec_ok ? " +do" : "")));
    }
    return queries;
}

// Not inlined: what callgrind counts.
[[gnu::noinline]] void answer_batch(Responder& responder, std::span<Exchange> batch) {
    responder.respond(batch);
}

void answer(benchmark::State& state, Kind kind, Denial denial = Denial::None) {
    const auto names = static_cast<size_t>(state.range(0));
    const auto batch_size = static_cast<size_t>(state.range(1));
    ServedZones& zones = zone_of(names, denial);
    const auto queries = queries_for(kind, names, denial != Denial::None);
    std::vector<std::vector<uint8_t>> rooms(batch_size, std::vector<uint8_t>(1232));
    std::vector<Exchange> batch(batch_size);
    size_t next = 0;
    for ([[maybe_unused]] auto _ : state) {
        for (size_t i = 0; i < batch_size; ++i) {
            batch[i].query = queries[next++ % kQueries];
            batch[i].room = rooms[i];
        }
        answer_batch(zones.responder(), batch);
        benchmark::DoNotOptimize(rooms.data());
    }
    std::fprintf(stderr, "%zu queries\n", next);
    const auto done = static_cast<double>(state.iterations()) * static_cast<double>(batch_size);
    state.counters["query"] =
        benchmark::Counter(done, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void sizes(benchmark::internal::Benchmark* bench) {
    for (const int64_t names : {10'000, 100'000, 1'000'000}) {
        for (const int64_t batch : {1, 32}) bench->Args({names, batch});
    }
    bench->ArgNames({"names", "batch"});
}

BENCHMARK_CAPTURE(answer, Positive, Kind::Positive)->Apply(sizes);
BENCHMARK_CAPTURE(answer, Nxdomain, Kind::Nxdomain)->Apply(sizes);
BENCHMARK_CAPTURE(answer, Referral, Kind::Referral)->Apply(sizes);
BENCHMARK_CAPTURE(answer, SignedPositive, Kind::Positive, Denial::Nsec)->Apply(sizes);
BENCHMARK_CAPTURE(answer, NxdomainByNsec, Kind::Nxdomain, Denial::Nsec)->Apply(sizes);
BENCHMARK_CAPTURE(answer, NxdomainByNsec3, Kind::Nxdomain, Denial::Nsec3)->Apply(sizes);

}  // namespace
}  // namespace nearcast::answer
