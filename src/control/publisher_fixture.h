// SPDX-License-Identifier: Apache-2.0
//
// A publisher with a database and a store of its own, for tests: it can be ended and begun again.

#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/database_fixture.h"
#include "control/publisher.h"
#include "zone/zone_fixture.h"

namespace nearcast::control {

[[nodiscard]] inline dns::Name name(const std::string& text) { return *dns::parse_name(text); }

class OfPublisher : public testing::Test {
 protected:
    void SetUp() override {
        place.emplace(dialect());
        begin();
    }
    void TearDown() override {
        end();
        std::filesystem::remove_all(folder);
    }

    [[nodiscard]] virtual Database::Dialect dialect() const { return Database::Dialect::Sqlite; }
    // How zones are signed, with the database that is open.
    virtual std::optional<Publisher::Signing> signing() { return std::nullopt; }

    virtual std::optional<Publisher::Servers> servers() { return std::nullopt; }

    // A process of the controller, on the same database and store.
    void begin() {
        table = std::make_unique<zone::ZoneTable>();
        ledger = *zone::ZoneLedger::open(folder, *table);
        ledger->on_change([this](const dns::Name&) {
            const std::lock_guard lock(mutex);
            ++published;
            changed.notify_all();
        });
        database = place->open();
        log = std::make_unique<ChangeLog>(*database,
                                          ChangeLogOptions{.now = {},
                                                           .primary = name("ns1.example.net."),
                                                           .on_commit = [this](uint64_t sequence) {
                                                               if (publisher)
                                                                   publisher->wake(sequence);
                                                           }});
        publisher = std::make_unique<Publisher>(
            Publisher::Served{*database, *log, *table, *ledger}, "test",
            std::vector<dns::Name>{name("catalog.example.")}, signing());
        publisher->on_delay([this](const Publisher::Delay& delay) {
            const std::lock_guard lock(delays_mutex);
            told_delays.push_back(delay);
        });
        if (auto asked = servers()) publisher->ask_servers(*std::move(asked));
        ASSERT_TRUE(publisher->start());
    }

    void end() {
        publisher->stop();
        log.reset();
        publisher.reset();
        ledger.reset();
        table.reset();
    }

    // Looks after each version that is published, and a moment later.
    template <typename Test>
    bool wait_until(const Test& test) {
        std::unique_lock lock(mutex);
        const auto end = base::now() + std::chrono::seconds(60);
        while (!test() && base::now() < end) changed.wait_for(lock, std::chrono::milliseconds(20));
        return test();
    }

    Outcome<Committed> create(const std::string& zone, const ZoneSettings& settings = {}) {
        NewZone request;
        request.name = name(zone);
        request.settings = settings;
        request.nameservers = {name("ns1.example.net.")};
        return log->create_zone(request);
    }

    Outcome<Committed> put(const std::string& zone, const std::string& owner, dns::RRType type,
                           const std::vector<RecordText>& records) {
        return log->commit(
            {name(zone), {{RrsetEdit::Kind::Replace, name(owner), type, 300, records, {}}}, {}});
    }

    std::vector<Publisher::Delay> delays() {
        const std::lock_guard lock(delays_mutex);
        return told_delays;
    }

    std::string served(const std::string& zone) {
        const auto pinned = table->pin(name(zone));
        return pinned && !pinned->version().is_unavailable() ? text_of(pinned->version()) : "";
    }
    bool serves(const std::string& zone, const std::string& text) {
        return served(zone).find(text) != std::string::npos;
    }

    const std::string folder = (std::filesystem::temp_directory_path() /
                                ("nearcast-publisher-" + std::to_string(::getpid())))
                                   .string();
    std::mutex mutex;
    std::condition_variable changed;
    size_t published = 0;
    std::mutex delays_mutex;  // Never held together with the other one.
    std::vector<Publisher::Delay> told_delays;
    std::optional<TestDatabase> place;
    std::unique_ptr<zone::ZoneTable> table;
    std::unique_ptr<zone::ZoneLedger> ledger;
    std::unique_ptr<Database> database;
    std::unique_ptr<Publisher> publisher;
    std::unique_ptr<ChangeLog> log;
};

}  // namespace nearcast::control
