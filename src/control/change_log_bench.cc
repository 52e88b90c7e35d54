// SPDX-License-Identifier: Apache-2.0
//
// Writes to many zones, and what is asked of 100,000 of them. Run it with its database in a folder
// of a real disk:
//
//   TMPDIR=/var/tmp tools/postgres-for-tests build/release/bin/control_bench

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include <benchmark/benchmark.h>

#include "base/clock.h"
#include "control/change_log.h"
#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

constexpr size_t kWriters = 64;
constexpr size_t kZones = 100'000;

dns::Name zone_name(size_t number) {
    return *dns::parse_name("z" + std::to_string(number) + ".example.");
}

void create(ChangeLog& log, size_t number) {
    NewZone zone;
    zone.name = zone_name(number);
    zone.nameservers = {*dns::parse_name("ns1.example.net.")};
    if (!log.create_zone(zone)) std::abort();
}

// Calls `work` with the numbers below `count`, from many threads.
template <typename Work>
void from_many(size_t count, const Work& work) {
    std::atomic<size_t> next = 0;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kWriters; ++i) {
        threads.emplace_back([&] {
            for (size_t number = next++; number < count; number = next++) work(number);
        });
    }
    for (std::thread& thread : threads) thread.join();
}

// With its zones; made once, as that takes a while.
struct World {
    explicit World(Database::Dialect dialect) : place(dialect), database(place.open()) {
        from_many(kZones, [&](size_t number) { create(log, number); });
    }

    static World& of(Database::Dialect dialect) {
        if (dialect == Database::Dialect::Sqlite) {
            static World sqlite(dialect);
            return sqlite;
        }
        static World postgresql(dialect);
        return postgresql;
    }

    TestDatabase place;
    std::unique_ptr<Database> database;
    ChangeLog log{*database, {.primary = *dns::parse_name("ns1.example.net.")}};
};

Outcome<Committed> change_one(ChangeLog& log, size_t zone, size_t value) {
    RrsetEdit edit;
    const dns::Name apex = zone_name(zone);
    edit.owner = *dns::parse_name("www", &apex);
    edit.type = dns::RRType::A;
    edit.ttl = 300;
    edit.records = std::vector<RecordText>{{"192.0.2." + std::to_string(value % 256), false}};
    return log.commit({apex, {edit}, {}});
}

void tell(benchmark::State& state, std::vector<double> milliseconds) {
    std::ranges::sort(milliseconds);
    const auto at = [&](double part) {
        return milliseconds[static_cast<size_t>(part *
                                                static_cast<double>(milliseconds.size() - 1))];
    };
    state.counters["p50_ms"] = at(0.5);
    state.counters["p99_ms"] = at(0.99);
}

template <typename Work>
void measure(benchmark::State& state, const Work& work) {
    World& world = World::of(static_cast<Database::Dialect>(state.range(0)));
    std::minstd_rand random(1);
    std::vector<double> milliseconds;
    for (auto _ : state) {
        const auto start = base::now();
        work(world.log, random() % kZones);
        milliseconds.push_back(
            std::chrono::duration<double, std::milli>(base::now() - start).count());
    }
    tell(state, std::move(milliseconds));
}

void ListFirstPage(benchmark::State& state) {
    measure(state, [](ChangeLog& log, size_t) { benchmark::DoNotOptimize(log.zones("", 100)); });
}

void FindOne(benchmark::State& state) {
    measure(state, [](ChangeLog& log, size_t zone) {
        benchmark::DoNotOptimize(log.contents(zone_name(zone)));
    });
}

void ChangeOne(benchmark::State& state) {
    size_t value = 0;
    measure(state, [&](ChangeLog& log, size_t zone) { (void)change_one(log, zone, value++); });
}

// Ten thousand changes by as many writers as an API has threads for.
void ChangeMany(benchmark::State& state) {
    World& world = World::of(static_cast<Database::Dialect>(state.range(0)));
    constexpr size_t kCount = 10'000;
    size_t round = 0;
    for (auto _ : state) {
        ++round;
        std::atomic<size_t> failed = 0;
        from_many(kCount, [&](size_t number) {
            if (!change_one(world.log, number * 7 % kZones, number + round)) ++failed;
        });
        if (failed > 0) state.SkipWithError("a change was refused");
    }
    state.SetItemsProcessed(static_cast<int64_t>(round * kCount));
}

constexpr auto kSqlite = static_cast<int64_t>(Database::Dialect::Sqlite);
constexpr auto kPostgresql = static_cast<int64_t>(Database::Dialect::Postgresql);

BENCHMARK(ListFirstPage)->Arg(kSqlite)->Arg(kPostgresql)->UseRealTime()->Iterations(2000);
BENCHMARK(FindOne)->Arg(kSqlite)->Arg(kPostgresql)->UseRealTime()->Iterations(5000);
BENCHMARK(ChangeOne)->Arg(kSqlite)->Arg(kPostgresql)->UseRealTime()->Iterations(1000);
BENCHMARK(ChangeMany)->Arg(kSqlite)->Arg(kPostgresql)->UseRealTime()->Iterations(3);

}  // namespace
}  // namespace nearcast::control
