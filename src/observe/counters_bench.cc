// SPDX-License-Identifier: Apache-2.0

// What counting adds to an answer: observe_bench. Instructions: valgrind --tool=callgrind
// --collect-atstart=no '--toggle-collect=*count_one*' in front of it, and the sum divided by the
// number of exchanges, which it prints.

#include <cstdio>

#include <benchmark/benchmark.h>
#include <netinet/in.h>

#include "answer/served_zones.h"
#include "observe/counters.h"

namespace nearcast::observe {
namespace {

[[gnu::noinline]] void count_one(Counters& counters, const answer::Exchange& exchange) {
    counters.count(exchange);
}

void count(benchmark::State& state) {
    answer::ServedZones zones;
    zones.serve("example.org",
                "@ 60 IN SOA ns1 h 1 2 3 4 5\n@ 60 IN NS ns1\n"
                "ns1 60 IN A 192.0.2.1\n");
    const auto counters = std::make_unique<Counters>(100'000);
    const auto query = answer::query_for("ns1.example.org A +do");
    std::vector<uint8_t> room(1232);
    sockaddr_in peer{};
    peer.sin_family = AF_INET;
    answer::Exchange exchange{
        .query = query, .room = room, .peer = reinterpret_cast<const sockaddr*>(&peer)};
    zones.responder().respond({&exchange, 1});
    for ([[maybe_unused]] auto _ : state) count_one(*counters, exchange);
    std::fprintf(stderr, "%zu exchanges\n", static_cast<size_t>(state.iterations()));
}

BENCHMARK(count);

}  // namespace
}  // namespace nearcast::observe
