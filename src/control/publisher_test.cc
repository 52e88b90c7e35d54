// SPDX-License-Identifier: Apache-2.0

#include "control/publisher.h"

#include <gmock/gmock.h>

#include "control/publisher_fixture.h"
#include "dns/serial.h"

namespace nearcast::control {
namespace {

using dns::RRType;
using testing::HasSubstr;

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

// A zone that has lost its name servers, and gets other records, before a restart and after it.
TEST_F(OfPublisher, GoesOnAfterARestartWithAZoneThatCannotBeServed) {
    const auto add = [this](const std::string& host) {
        ASSERT_TRUE(put("example.org.", host + ".example.org.", RRType::A, {{"192.0.2.1", false}}));
    };
    const auto see_others = [this](const std::string& zone) {
        ASSERT_TRUE(create(zone));
        ASSERT_TRUE(wait_until([&] { return serves(zone, "ns1"); }));
    };
    ASSERT_TRUE(create("example.org."));
    add("a1");
    ASSERT_TRUE(wait_until([&] { return serves("example.org.", "a1.example.org."); }));
    ASSERT_TRUE(put("example.org.", "example.org.", RRType::NS, {}));
    add("a2");
    see_others("one.example.");
    for (int restarts = 0; restarts < 2; ++restarts) {
        end();
        begin();
        EXPECT_TRUE(serves("example.org.", "NS ns1.example.net."));
        EXPECT_FALSE(serves("example.org.", "a2"));
    }
    add("a3");
    see_others("two.example.");
    EXPECT_FALSE(serves("example.org.", "a3")) << "a zone that the database never had";
    ASSERT_TRUE(put("example.org.", "example.org.", RRType::NS, {{"ns9.example.net.", false}}));
    ASSERT_TRUE(wait_until([&] { return serves("example.org.", "ns9.example.net."); }));
    EXPECT_FALSE(serves("example.org.", "NS ns1")) << served("example.org.");
    for (const std::string host : {"a1", "a2", "a3"}) EXPECT_TRUE(serves("example.org.", host));
}

TEST_F(OfPublisher, TellsWhichChangesWaitAndWhenTheyDoNoMore) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(wait_until([&] { return serves("example.org.", "ns1"); }));
    const auto good = log->zone(name("example.org."))->sequence;
    ASSERT_TRUE(put("example.org.", "example.org.", RRType::NS, {}));
    const auto bad = log->zone(name("example.org."))->sequence;
    ASSERT_TRUE(wait_until([&] { return !delays().empty(); }));
    EXPECT_EQ(delays()[0].zone, name("example.org."));
    EXPECT_EQ(delays()[0].after, good);
    EXPECT_EQ(delays()[0].until, bad);
    EXPECT_THAT(delays()[0].reason, HasSubstr("NS"));
    EXPECT_FALSE(delays()[0].is_over);
    EXPECT_EQ(publisher->trouble(log->zone(name("example.org."))->id), delays()[0].reason);
    end();
    begin();
    ASSERT_EQ(delays().size(), 2U) << "whoever starts has to know of it, too";
    EXPECT_EQ(delays()[1].after, good);
    ASSERT_TRUE(put("example.org.", "example.org.", RRType::NS, {{"ns9.example.net.", false}}));
    ASSERT_TRUE(wait_until([&] { return delays().size() == 3; }));
    EXPECT_TRUE(delays()[2].is_over);
    EXPECT_GT(delays()[2].until, bad);
    EXPECT_EQ(publisher->trouble(log->zone(name("example.org."))->id), "");
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

class OfPublisherOnPostgresql : public OfPublisher {
 protected:
    [[nodiscard]] Database::Dialect dialect() const override {
        return Database::Dialect::Postgresql;
    }
};

// Nobody wakes it for those.
TEST_F(OfPublisherOnPostgresql, FollowsWhatOtherControllersCommit) {
    const auto elsewhere = place->open();
    ChangeLog other(*elsewhere, {});
    NewZone request;
    request.name = name("example.org.");
    request.nameservers = {name("ns1.example.net.")};
    ASSERT_TRUE(other.create_zone(request));
    ASSERT_TRUE(wait_until([&] { return serves("example.org.", "ns1"); }));
    ASSERT_TRUE(other.commit({name("example.org."),
                              {{RrsetEdit::Kind::Replace,
                                name("www.example.org."),
                                RRType::A,
                                300,
                                {{{"192.0.2.1", false}}},
                                {}}},
                              {}}));
    EXPECT_TRUE(wait_until([&] { return serves("example.org.", "192.0.2.1"); }));
}

// As if another controller had, with a signature or at a start.
TEST_F(OfPublisherOnPostgresql, PublishesNoSerialThatOthersHaveServed) {
    ASSERT_TRUE(create("example.org."));
    const auto before = log->zone(name("example.org."));
    const uint32_t ahead = before->serial + 7;
    ASSERT_TRUE(database->write([&](Session& session) {
        return session.run_once(
            "INSERT INTO served_serial (controller, zone, serial, sequence) VALUES ('another', "
            "'example.org.', " +
            std::to_string(ahead) + ", 1)");
    }));
    const auto done = put("example.org.", "www.example.org.", RRType::A, {{"192.0.2.1", false}});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->old_serial, before->serial);
    EXPECT_EQ(done->new_serial, ahead + 1);
    EXPECT_TRUE(wait_until([&] {
        return serves("example.org.", "192.0.2.1") &&
               publisher->published_serial(before->id) == ahead + 1;
    }));
}

// What is told of catalogs, by controllers of one database.
class OfCatalogSerials : public OfPublisherOnPostgresql {
 protected:
    void SetUp() override {
        OfPublisherOnPostgresql::SetUp();
        publisher->stop();
        begin_other("test");
    }
    void TearDown() override {
        publisher->stop();
        OfPublisherOnPostgresql::TearDown();
    }
    // The one that is there ends.
    void begin_other(const std::string& controller) {
        publisher = std::make_unique<Publisher>(
            Publisher::Served{*database, *log, *table, *ledger}, controller,
            std::vector<dns::Name>{name("catalog.example.")}, signing());
        publisher->on_follow([this](const Publisher::Followed& followed) {
            const std::lock_guard lock(mutex);
            told = followed.catalog_serial;
            position = followed.position;
            changed.notify_all();
        });
        ASSERT_TRUE(publisher->start());
    }

    std::optional<uint32_t> told;
    uint64_t position = 0;
};

TEST_F(OfCatalogSerials, FollowTheSequence) {
    const uint32_t first = *told;
    const auto made = create("example.org.");
    ASSERT_TRUE(made);
    ASSERT_TRUE(wait_until([&] { return position == made->sequence; }));
    EXPECT_EQ(*told - first, made->sequence);
    publisher->stop();
    begin_other("another");
    EXPECT_EQ(*told - first, made->sequence) << "the same state, at another one";
}

TEST_F(OfCatalogSerials, ComeWithoutAChangeForWhoAsks) {
    const uint32_t first = *told;
    publisher->ask_catalog_serial();
    ASSERT_TRUE(wait_until([&] { return told != first; }));
    EXPECT_EQ(*told, first + 1);
    const auto made = create("example.org.");
    ASSERT_TRUE(made);
    EXPECT_EQ(made->sequence, 2U) << "the first is used up";
    ASSERT_TRUE(wait_until([&] { return *told == first + 2; }));
}

TEST_F(OfCatalogSerials, PassThoseThatOthersHaveTaken) {
    const uint32_t first = *told;
    const auto elsewhere = place->open();
    ASSERT_TRUE(elsewhere->write([](Session& session) -> base::Result<void> {
        const auto turn = take_catalog_turn(session);
        return turn ? base::Result<void>() : std::unexpected(turn.error());
    }));
    EXPECT_TRUE(wait_until([&] { return *told == first + 1; }));
}

TEST_F(OfPublisher, GivesNoSerialsOfCatalogsWhereThereIsOneController) {
    publisher->stop();
    std::optional<uint32_t> told = 1;
    publisher = std::make_unique<Publisher>(Publisher::Served{*database, *log, *table, *ledger},
                                            "test", std::vector<dns::Name>{});
    publisher->on_follow(
        [&told](const Publisher::Followed& followed) { told = followed.catalog_serial; });
    ASSERT_TRUE(publisher->start());
    EXPECT_EQ(told, std::nullopt);
}

// A zone whose served serial is ahead of the one that is edited, as it was deleted and came back.
class OfRecreatedZone : public OfPublisher {
 protected:
    void SetUp() override {
        OfPublisher::SetUp();
        ASSERT_TRUE(create("example.org."));
        put_addresses();
        last = log->zone(name("example.org."))->serial;
        ASSERT_TRUE(log->delete_zone(name("example.org."), {}));
        ASSERT_TRUE(wait_until([&] { return !table->pin(name("example.org.")); }));
    }

    void put_addresses() {
        for (int i = 0; i < 5; ++i) {
            ASSERT_TRUE(put("example.org.", "www.example.org.", RRType::A,
                            {{"192.0.2." + std::to_string(i), false}}));
        }
        ASSERT_TRUE(wait_until([&] { return serves("example.org.", "192.0.2.4"); }));
    }

    void lose_store() {
        end();
        std::filesystem::remove_all(folder);
    }

    uint32_t serial() {
        const int64_t id = log->zone(name("example.org."))->id;
        EXPECT_TRUE(wait_until([&] { return publisher->published_serial(id).has_value(); }));
        return publisher->published_serial(id).value_or(0);
    }

    uint32_t last = 0;  // That was served before it was deleted.
};

TEST_F(OfRecreatedZone, NeverGoesBackThoughTheStoreIsLost) {
    lose_store();
    begin();
    ASSERT_TRUE(create("example.org."));
    const uint32_t recreated = serial();
    EXPECT_TRUE(dns::is_later_serial(recreated, last)) << recreated << " after " << last;
    lose_store();
    begin();
    EXPECT_TRUE(dns::is_later_serial(serial(), recreated));
}

TEST_F(OfRecreatedZone, PassesWhatWasServedAndNotRememberedBeforeTheStoreWasLost) {
    ASSERT_TRUE(create("example.org."));
    const uint32_t remembered = serial();
    const auto sequence = log->zone(name("example.org."))->sequence;
    put_addresses();
    const uint32_t served_last = serial();
    lose_store();
    const std::string row = std::to_string(remembered) + ", sequence = " + std::to_string(sequence);
    ASSERT_TRUE(database->write([&](Session& session) {
        auto done = session.run_once("UPDATE served_serial SET serial = " + row);
        return done ? session.run_once("UPDATE publication SET serial = " + row) : done;
    }));
    begin();
    EXPECT_TRUE(dns::is_later_serial(serial(), served_last));
}

TEST_F(OfPublisher, LeavesCatalogsToOthers) {
    ASSERT_TRUE(create("catalog.example."));
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(wait_until([&] { return serves("example.org.", "ns1"); }));
    EXPECT_FALSE(table->pin(name("catalog.example.")));
}

}  // namespace
}  // namespace nearcast::control
