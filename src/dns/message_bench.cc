// SPDX-License-Identifier: Apache-2.0

// How long a worker takes to read a query.
//   cmake --build --preset release --target dns_bench && build/release/bin/dns_bench

#include <vector>

#include <benchmark/benchmark.h>

#include "dns/message.h"

namespace nearcast::dns {
namespace {

void read(benchmark::State& state, const QueryDraft& draft) {
    const std::vector<uint8_t> message = build_query(draft);
    Query query;
    for (auto _ : state) {
        benchmark::DoNotOptimize(message.data());
        if (parse_query(message, query) != ParseError::None) state.SkipWithError("refused");
        benchmark::DoNotOptimize(query);
    }
    state.SetItemsProcessed(state.iterations());
}

void plain_query(benchmark::State& state) {
    read(state, {.qname = parse_name("www.example.org.").value(), .has_edns = false});
}

void query_with_cookie(benchmark::State& state) {
    static const std::vector<uint8_t> cookie(24);
    static const EdnsOption options[] = {{kCookie, cookie}};
    read(state, {.qname = parse_name("www.example.org.").value(), .options = options});
}

BENCHMARK(plain_query);
BENCHMARK(query_with_cookie);

}  // namespace
}  // namespace nearcast::dns
