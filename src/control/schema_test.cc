// SPDX-License-Identifier: Apache-2.0

#include "control/schema.h"

#include <array>
#include <map>

#include <gtest/gtest.h>

#include "control/catalog_serial.h"
#include "control/change_log.h"
#include "control/database_fixture.h"
#include "control/stored_text.h"
#include "control/zone_rows.h"

namespace nearcast::control {
namespace {

using base::Result;
using Error = ChangeError::Kind;

dns::Name name(const std::string& text) { return *dns::parse_name(text); }

// A database as the program had it that knew steps up to the eleventh, with zones in it.
class OfOldDatabase : public testing::TestWithParam<Database::Dialect> {
 protected:
    static constexpr int64_t kOldZones = 2500;  // More than are taken at once.

    void SetUp() override {
        ASSERT_EQ(schema_version(), 14) << "undo here what later steps make";
        make_zone("www.shop.example.org.", "globe");
        make_zone("example.net.", "acme");
        write([](Session& session) {
            // What the steps from 12 on made, so that all before them is as those steps left it.
            for (const char* const text :
                 {"DROP TABLE login_failure", "ALTER TABLE tenant DROP COLUMN paced",
                  "ALTER TABLE tenant DROP COLUMN paced_since",
                  "DELETE FROM counter WHERE name = 'catalog'", "DROP INDEX zone_by_place",
                  "ALTER TABLE zone DROP COLUMN place",
                  "DELETE FROM schema_step WHERE number >= 12"}) {
                if (auto done = session.run_once(text); !done) return done;
            }
            return Result<void>();
        });
        write(put_old_zones);
    }

    void make_zone(const std::string& zone, const std::string& account) {
        ChangeLog log(*database, {.now = {}, .primary = name("ns."), .on_commit = {}});
        NewZone request{.name = name(zone),
                        .settings = {},
                        .rrsets = {{name(zone), dns::RRType::TXT, 60, {{"\"x\"", false}}, {}}},
                        .nameservers = {name("ns1.example.net.")},
                        .intent = {}};
        request.settings.account = account;
        ASSERT_TRUE(log.create_zone(request));
    }

    // By the words of that program.
    static Result<void> put_old_zones(Session& session) {
        static constexpr RowsSql kPutOld{
            "INSERT INTO zone (id, name, settings, serial, sequence, created_at, account, "
            "copy_records) VALUES ",
            "(?, ?, ?, ?, 1, 0, 'globe', 0)",
            ", ",
            "",
            "nttn",
            ""};
        ZoneSettings settings;
        settings.account = "globe";
        std::vector<Fields> rows;
        for (int64_t i = 0; i < kOldZones; ++i) {
            rows.push_back({1000 + i, "z" + std::to_string(i) + ".example.com.",
                            encode_settings(settings), 7 + i});
        }
        return session.run_rows(kPutOld, rows);
    }

    void write(const std::function<Result<void>(Session&)>& work) {
        const auto done = database->write(work);
        ASSERT_TRUE(done) << done.error().message;
    }

    // By name: where each zone stands, by the column.
    std::map<std::string, std::string> places() {
        static constexpr Sql kPlaces{"SELECT name, place FROM zone", "", "tt"};
        std::map<std::string, std::string> found;
        const auto done = database->read([&](Session& session) {
            return session.run(kPlaces, {},
                               [&](const Row& row) { found[row.text(0)] = row.text(1); });
        });
        EXPECT_TRUE(done) << done.error().message;
        return found;
    }

    TestDatabase place{GetParam()};
    std::unique_ptr<Database> database = place.open();
};

TEST_P(OfOldDatabase, LearnsWhereItsZonesStand) {
    database = place.open();
    ASSERT_TRUE(database);
    const auto found = places();
    EXPECT_EQ(found.size(), 2U + kOldZones);
    for (const auto& [zone, stands] : found) {
        ASSERT_EQ(stands, place_of(name(zone))) << zone;
    }
    database = place.open();  // No step is taken twice.
    EXPECT_EQ(places(), found);
}

TEST_P(OfOldDatabase, KeepsWhatItHad) {
    database = place.open();
    ASSERT_TRUE(database);
    ChangeLog log(*database, {.now = {}, .primary = name("ns."), .on_commit = {}});
    const auto kept = log.contents(name("www.shop.example.org."));
    ASSERT_TRUE(kept) << kept.error().message;
    EXPECT_EQ(kept->zone.settings.account, "globe");
    EXPECT_EQ(kept->rrsets.size(), 3U);  // SOA, NS and TXT.
    const auto old = log.zone(name("z2499.example.com."));
    ASSERT_TRUE(old) << old.error().message;
    EXPECT_EQ(old->serial, 7U + 2499U);
    EXPECT_EQ(old->id, 1000 + 2499);
    const auto history = log.history(std::nullopt, INT64_MAX, 10);
    ASSERT_TRUE(history);
    EXPECT_EQ(history->size(), 2U);
}

// Controllers of before counted them each by itself.
TEST_P(OfOldDatabase, GoesOnWithLaterSerialsOfCatalogs) {
    database = place.open();
    ASSERT_TRUE(database);
    constexpr uint32_t kServed[] = {1'800'000'000, 1'800'000'030};
    for (const uint32_t serial : kServed) {
        write([serial](Session& session) {
            return raise_catalog_serial(session, 1'790'000'000, std::array{serial});
        });
    }
    Result<CatalogTurn> turn;
    write([&turn](Session& session) {
        turn = read_catalog_turn(session);
        return turn ? Result<void>() : std::unexpected(turn.error());
    });
    EXPECT_EQ(turn->serial_at(turn->sequence), kServed[1]);
    EXPECT_EQ(turn->sequence, 2U) << "of the zones that were made";
}

TEST_P(OfOldDatabase, LetsNoTenantMakeAZoneAboveAnOldOne) {
    database = place.open();
    ASSERT_TRUE(database);
    ChangeLog log(*database, {.now = {}, .primary = name("ns."), .on_commit = {}});
    const auto make = [&](const std::string& zone) {
        NewZone request{.name = name(zone),
                        .settings = {},
                        .rrsets = {},
                        .nameservers = {},
                        .intent = {.actor = {.name = "user:of-acme", .tenant = "acme"}}};
        request.settings.account = "acme";
        return log.create_zone(request);
    };
    for (const char* const zone : {"example.org.", "shop.example.org.", "example.com."}) {
        const auto refused = make(zone);
        ASSERT_FALSE(refused) << zone;
        EXPECT_EQ(refused.error().kind, Error::Forbidden) << zone;
    }
    EXPECT_TRUE(make("www.example.net.")) << "below a zone of his own";
    EXPECT_TRUE(make("other.example.")) << "where nobody has one";
}

INSTANTIATE_TEST_SUITE_P(, OfOldDatabase, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
