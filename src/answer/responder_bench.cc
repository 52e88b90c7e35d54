// SPDX-License-Identifier: Apache-2.0

// Time for a query inside answer/, without sockets: answer_bench --benchmark_filter=Positive
// Instructions: valgrind --tool=callgrind --collect-atstart=no '--toggle-collect=*answer_batch*'
// in front of it, and the sum divided by the number of queries, which it prints.

#include <cstdio>
#include <map>
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "answer/served_zones.h"
#include "zone/compile.h"

namespace nearcast::answer {
namespace {

constexpr size_t kQueries = 1 << 16;  // Different ones, so that no cache holds what they touch.

enum class Kind { Positive, Nxdomain, Referral };

std::string label(size_t number) { return "host" + std::to_string(number * 7919 % 100'000'007); }

// A zone with `count` hosts with an address each and `count` / 10 delegations with glue.
ServedZones& zone_of(size_t count) {
    static std::map<size_t, ServedZones> zones;
    if (zones.contains(count)) return zones[count];
    std::string text =
        "$TTL 300\n@ SOA ns1 hostmaster 1 7200 900 1209600 300\n@ NS ns1\n"
        "ns1 A 192.0.2.1\n";
    for (size_t i = 0; i < count; ++i) {
        text += label(i) + " A 10." + std::to_string(i >> 16 & 255) + "." +
                std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255) + "\n";
        if (i % 10 != 0) continue;
        const std::string child = "child" + std::to_string(i);
        text += child + " NS ns." + child + "\nns." + child + " A 192.0.2.2\n";
    }
    zones[count].serve("example.org", text);
    return zones[count];
}

std::vector<std::vector<uint8_t>> queries_for(Kind kind, size_t count) {
    std::mt19937_64 random(1);
    std::vector<std::vector<uint8_t>> queries;
    for (size_t i = 0; i < kQueries; ++i) {
        const size_t number = random() % count;
        std::string name = label(number);
        if (kind == Kind::Nxdomain) name = "none" + std::to_string(random());
        if (kind == Kind::Referral) name = "www.child" + std::to_string(number / 10 * 10);
        queries.push_back(query_for(name + ".example.org A"));
    }
    return queries;
}

// Not inlined: what callgrind counts.
[[gnu::noinline]] void answer_batch(Responder& responder, std::span<Exchange> batch) {
    responder.respond(batch);
}

void answer(benchmark::State& state, Kind kind) {
    const auto names = static_cast<size_t>(state.range(0));
    const auto batch_size = static_cast<size_t>(state.range(1));
    ServedZones& zones = zone_of(names);
    const auto queries = queries_for(kind, names);
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
    for (const int64_t names : {100'000, 1'000'000}) {
        for (const int64_t batch : {1, 32}) bench->Args({names, batch});
    }
    bench->ArgNames({"names", "batch"});
}

BENCHMARK_CAPTURE(answer, Positive, Kind::Positive)->Apply(sizes);
BENCHMARK_CAPTURE(answer, Nxdomain, Kind::Nxdomain)->Apply(sizes);
BENCHMARK_CAPTURE(answer, Referral, Kind::Referral)->Apply(sizes);

}  // namespace
}  // namespace nearcast::answer
