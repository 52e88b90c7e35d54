// SPDX-License-Identifier: Apache-2.0

#include "control/publisher.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.h"
#include "control/database_fixture.h"
#include "zone/zone_fixture.h"

namespace nearcast::control {
namespace {

using dns::RRType;
using testing::HasSubstr;

dns::Name name(const std::string& text) { return *dns::parse_name(text); }

class OfPublisher : public testing::Test {
 protected:
    OfPublisher() { begin(); }
    ~OfPublisher() override {
        end();
        std::filesystem::remove_all(folder);
    }

    // A process of the controller, on the same database and store.
    void begin() {
        table = std::make_unique<zone::ZoneTable>();
        ledger = *zone::ZoneLedger::open(folder, *table);
        ledger->on_change([this](const dns::Name&) {
            const std::lock_guard lock(mutex);
            ++published;
            changed.notify_all();
        });
        database = place.open();
        log = std::make_unique<ChangeLog>(*database,
                                          ChangeLogOptions{.now = {},
                                                           .primary = name("ns1.example.net."),
                                                           .on_commit = [this](uint64_t sequence) {
                                                               if (publisher)
                                                                   publisher->wake(sequence);
                                                           }});
        publisher =
            std::make_unique<Publisher>(Publisher::Served{*database, *log, *table, *ledger}, "test",
                                        std::vector<dns::Name>{name("catalog.example.")});
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

    Outcome<Committed> create(const std::string& zone) {
        NewZone request;
        request.name = name(zone);
        request.nameservers = {name("ns1.example.net.")};
        return log->create_zone(request);
    }

    Outcome<Committed> put(const std::string& zone, const std::string& owner, RRType type,
                           const std::vector<RecordText>& records) {
        return log->commit(
            {name(zone), {{RrsetEdit::Kind::Replace, name(owner), type, 300, records, {}}}, {}});
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
    TestDatabase place{Database::Dialect::Sqlite};
    std::unique_ptr<zone::ZoneTable> table;
    std::unique_ptr<zone::ZoneLedger> ledger;
    std::unique_ptr<Database> database;
    std::unique_ptr<Publisher> publisher;
    std::unique_ptr<ChangeLog> log;
};

TEST_F(OfPublisher, ServesWhatIsCommitted) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(put("example.org.", "www.example.org.", RRType::A,
                    {{"192.0.2.1", false}, {"192.0.2.2", true}}));
    ASSERT_TRUE(
        wait_until([&] { return serves("example.org.", "www.example.org. 300 A 192.0.2.1"); }));
    EXPECT_THAT(served("example.org."), testing::Not(HasSubstr("192.0.2.2")));
    const auto zone = log->zone(name("example.org."));
    EXPECT_THAT(served("example.org."), HasSubstr(' ' + std::to_string(zone->serial) + ' '));
    ASSERT_TRUE(put("example.org.", "www.example.org.", RRType::A, {}));
    EXPECT_TRUE(wait_until([&] { return !serves("example.org.", "192.0.2.1"); }));
    ASSERT_TRUE(log->delete_zone(name("example.org."), {}));
    EXPECT_TRUE(wait_until([&] { return !table->pin(name("example.org.")); }));
}

TEST_F(OfPublisher, KeepsTheLastVersionThatCouldBeServed) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(wait_until([&] { return serves("example.org.", "ns1.example.net."); }));
    ASSERT_TRUE(put("example.org.", "example.org.", RRType::NS, {}));
    ASSERT_TRUE(create("other.example."));
    ASSERT_TRUE(wait_until([&] { return serves("other.example.", "ns1.example.net."); }));
    EXPECT_TRUE(serves("example.org.", "ns1.example.net."));
    ASSERT_TRUE(put("example.org.", "example.org.", RRType::NS, {{"ns9.example.net.", false}}));
    EXPECT_TRUE(wait_until([&] { return serves("example.org.", "ns9.example.net."); }));
}

TEST_F(OfPublisher, BeginsWhereItEnded) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(wait_until([&] { return serves("example.org.", "ns1"); }));
    const std::string before = served("example.org.");
    end();
    published = 0;
    begin();
    EXPECT_EQ(served("example.org."), before);
    EXPECT_LE(published, 1U);
}

TEST_F(OfPublisher, CatchesUpWithWhatCameMeanwhile) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(create("gone.example."));
    ASSERT_TRUE(wait_until([&] { return serves("gone.example.", "ns1"); }));
    publisher->stop();
    ASSERT_TRUE(put("example.org.", "www.example.org.", RRType::A, {{"192.0.2.1", false}}));
    ASSERT_TRUE(log->delete_zone(name("gone.example."), {}));
    ASSERT_TRUE(create("new.example."));
    end();
    begin();
    EXPECT_TRUE(serves("example.org.", "192.0.2.1"));
    EXPECT_TRUE(serves("new.example.", "ns1"));
    EXPECT_FALSE(table->pin(name("gone.example.")));
}

TEST_F(OfPublisher, GivesAZoneThatComesBackALaterSerial) {
    ASSERT_TRUE(create("example.org."));
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(put("example.org.", "www.example.org.", RRType::A,
                        {{"192.0.2." + std::to_string(i), false}}));
    }
    ASSERT_TRUE(log->delete_zone(name("example.org."), {}));
    ASSERT_TRUE(create("example.org."));
    const auto zone = log->zone(name("example.org."));
    ASSERT_TRUE(wait_until([&] {
        const auto serial = publisher->published_serial(zone->id);
        return serial && *serial >= zone->serial && !serves("example.org.", "www");
    }));
}

TEST_F(OfPublisher, LeavesCatalogsToOthers) {
    ASSERT_TRUE(create("catalog.example."));
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(wait_until([&] { return serves("example.org.", "ns1"); }));
    EXPECT_FALSE(table->pin(name("catalog.example.")));
}

}  // namespace
}  // namespace nearcast::control
