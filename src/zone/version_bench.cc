// SPDX-License-Identifier: Apache-2.0

// Time for the next version of a zone: zone_bench --benchmark_filter=OneRecord
// The argument is how full the delta is before the change, in names.

#include <string>

#include <benchmark/benchmark.h>

#include "zone/apply.h"
#include "zone/delta.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

constexpr size_t kHosts = 1'000'000;

std::string soa(uint32_t serial) {
    return "@ 60 SOA ns h " + std::to_string(serial) + " 2 3 4 5\n";
}

std::string host(size_t number, uint32_t value) {
    return "host" + std::to_string(number) + " 60 A 192.0.2." + std::to_string(value) + "\n";
}

const ImageBlock& million() {
    static const ImageBlock block = [] {
        std::string text = soa(1) + "@ 60 NS ns\n";
        for (size_t i = 0; i < kHosts; ++i) text += host(i, 1);
        return image_of(text);
    }();
    return block;
}

// The zone after a change to that many hosts, which are far from each other.
ImageBlock changed(size_t count) {
    std::string removed = soa(1);
    std::string added = soa(2);
    for (size_t i = 0; i < count; ++i) {
        removed += host(i * (kHosts / count), 1);
        added += host(i * (kHosts / count), 2);
    }
    auto next = next_version(Version(million().image()), change_of(removed, added));
    return next ? *std::move(next) : ImageBlock();
}

void OneRecord(benchmark::State& state) {
    const auto names = static_cast<size_t>(state.range(0));
    const ImageBlock delta = names == 0 ? ImageBlock() : changed(names);
    const Version from(delta ? delta.image() : million().image());
    const uint32_t serial = from.serial();
    const Changeset change =
        change_of(soa(serial) + host(kHosts - 1, 1), soa(serial + 1) + host(kHosts - 1, 9));
    for (auto _ : state) {
        auto next = next_version(from, change);
        if (!next || !next->image().is_delta()) state.SkipWithError("not a delta");
        benchmark::DoNotOptimize(next);
    }
}
BENCHMARK(OneRecord)->Arg(0)->Arg(1000)->Arg(10'000)->Arg(49'000)->Unit(benchmark::kMillisecond);

void Whole(benchmark::State& state) {
    const Version from(million().image());
    const Changeset change = change_of(soa(1) + host(kHosts - 1, 1), soa(2) + host(kHosts - 1, 9));
    for (auto _ : state) benchmark::DoNotOptimize(apply_changes(from, change));
}
BENCHMARK(Whole)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace nearcast::zone
