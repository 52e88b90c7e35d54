// SPDX-License-Identifier: Apache-2.0

#include "control/group_rows.h"

#include <random>

#include <gtest/gtest.h>

#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

using base::Result;
using dns::RRType;

dns::Name name(const std::string& text) { return *dns::parse_name(text); }

Zone zone_of(uint64_t number) {
    return {.id = static_cast<int64_t>(number),
            .name = name("z" + std::to_string(number) + ".example."),
            .serial = 1,
            .sequence = number};
}

Rrset set_of(const dns::Name& owner, RRType type, const std::string& content) {
    return {owner, type, 300, {{content, false}}, {}};
}

std::string text_of(const std::vector<Rrset>& rrsets) {
    std::string text;
    for (const Rrset& rrset : rrsets) {
        text += dns::to_text(rrset.owner) + ' ' + dns::to_text(rrset.type) + ' ' +
                rrset.records.at(0).content + '\n';
    }
    return text;
}

class OfGroupRows : public testing::TestWithParam<Database::Dialect> {
 protected:
    // A transaction with all that was put written at its end.
    void group(const std::function<void(GroupRows&)>& work) {
        const auto done = database->write([&](Session& session) {
            GroupRows rows(session);
            work(rows);
            return rows.write();
        });
        EXPECT_TRUE(done) << done.error().message;
    }
    // What the tables have.
    std::string stored(int64_t zone_id) {
        std::vector<Rrset> rrsets;
        EXPECT_TRUE(database->read([&](Session& session) {
            return each_rrset(session, zone_id,
                              [&](Rrset rrset) { rrsets.push_back(std::move(rrset)); });
        }));
        return text_of(rrsets);
    }
    std::optional<Zone> stored_zone(const dns::Name& zone) {
        std::optional<Zone> found;
        EXPECT_TRUE(database->read([&](Session& session) -> Result<void> {
            found = *find_zone(session, zone);
            return {};
        }));
        return found;
    }

    TestDatabase place{GetParam()};
    std::unique_ptr<Database> database = place.open();
};

TEST_P(OfGroupRows, ShowsWhatWasPutAndWritesItInTheEnd) {
    const dns::Name www = name("WWW.z1.example.");
    group([&](GroupRows& rows) {
        EXPECT_FALSE(*rows.find_zone(name("z1.example.")));
        rows.put_zone(zone_of(1));
        EXPECT_TRUE(rows.put_rrset(1, {std::nullopt, set_of(www, RRType::AAAA, "::1")}));
        EXPECT_EQ(text_of(*rows.rrsets_at(1, www)), "www.z1.example. AAAA ::1\n");
        EXPECT_TRUE(rows.put_rrset(1, {std::nullopt, set_of(www, RRType::A, "192.0.2.1")}));
        EXPECT_EQ(text_of(*rows.rrsets_at(1, www)),
                  "www.z1.example. A 192.0.2.1\nwww.z1.example. AAAA ::1\n");
        Zone later = **rows.find_zone(name("Z1.example."));
        later.serial = 2;
        rows.put_zone(later);
        EXPECT_EQ((*rows.find_zone(name("z1.example.")))->serial, 2U);
    });
    EXPECT_EQ(stored(1), "www.z1.example. A 192.0.2.1\nwww.z1.example. AAAA ::1\n");
    EXPECT_EQ(stored_zone(name("z1.example."))->serial, 2U);
    group([&](GroupRows& rows) {
        EXPECT_TRUE(rows.put_rrset(1, {set_of(www, RRType::A, "192.0.2.1"), std::nullopt}));
        EXPECT_EQ(text_of(*rows.rrsets_at(1, www)), "www.z1.example. AAAA ::1\n");
    });
    EXPECT_EQ(stored(1), "www.z1.example. AAAA ::1\n");
}

TEST_P(OfGroupRows, MakesAZoneAgainUnderTheNameOfOneThatWasRemoved) {
    group([&](GroupRows& rows) {
        rows.put_zone(zone_of(1));
        EXPECT_TRUE(rows.put_rrset(
            1, {std::nullopt, set_of(name("a.z1.example."), RRType::A, "192.0.2.1")}));
        EXPECT_TRUE(rows.remove_zone(zone_of(1)));
        EXPECT_FALSE(*rows.find_zone(name("z1.example.")));
        Zone again = zone_of(1);
        again.id = 2;
        rows.put_zone(again);
    });
    EXPECT_EQ(stored(1), "");
    EXPECT_EQ(stored_zone(name("z1.example."))->id, 2);
}

TEST_P(OfGroupRows, LinksTheChangesOfAGroupInTheAuditLog) {
    for (const uint64_t first : {uint64_t{1}, uint64_t{101}}) {
        group([&](GroupRows& rows) {
            for (uint64_t i = first; i < first + 70; ++i) {
                rows.append({.sequence = i, .zone = name("example."), .actor = {"key:a", "::1"}});
                // Written in between, which must not break the chain.
                EXPECT_TRUE(i % 50 != 0 || rows.settled());
            }
        });
    }
    const auto verdict = verify_audit(*database);
    ASSERT_TRUE(verdict);
    EXPECT_FALSE(verdict->broken_at) << verdict->reason;
    EXPECT_EQ(verdict->entries, 140U);
}

// Many changes in groups of any size, looked ahead for or not, and written in between or not: each
// sees what those before it did, and so do the tables in the end.
TEST_P(OfGroupRows, AreAsIfEachWereWrittenAtOnce) {
    constexpr uint64_t kZones = 40;
    std::minstd_rand random(1);
    std::map<int64_t, std::map<std::pair<std::string, RRType>, std::string>> expected;
    const auto owner_of = [&](uint64_t zone) {
        return name(std::string(1, static_cast<char>('a' + random() % 3)) + ".z" +
                    std::to_string(zone) + ".example.");
    };
    const auto text_at = [&](int64_t zone, const std::string& owner) {
        std::string text;
        for (const auto& [key, content] : expected[zone]) {
            if (!owner.empty() && key.first != owner) continue;
            text += key.first + ' ' + dns::to_text(key.second) + ' ' + content + '\n';
        }
        return text;
    };
    group([](GroupRows& rows) {
        for (uint64_t i = 1; i <= kZones; ++i) rows.put_zone(zone_of(i));
    });
    for (int round = 0; round < 30; ++round) {
        group([&](GroupRows& rows) {
            std::vector<GroupRows::Look> looks;
            for (auto i = random() % 80; i > 0; --i) {
                const uint64_t zone = 1 + random() % (kZones + 2);  // Some are not there.
                looks.push_back({zone_of(zone).name, {owner_of(zone), owner_of(zone)}});
            }
            EXPECT_TRUE(rows.look_ahead(looks));
            for (auto i = random() % 80; i > 0; --i) {
                const uint64_t number = 1 + random() % kZones;
                const auto zone = static_cast<int64_t>(number);
                const dns::Name owner = owner_of(number);
                const std::vector others{owner_of(number), owner_of(number)};
                EXPECT_TRUE(random() % 4 != 0 || rows.read_owners(zone, others));
                EXPECT_EQ(text_of(*rows.rrsets_at(zone, owner)),
                          text_at(zone, dns::to_text(owner)));
                const RRType type = random() % 2 == 0 ? RRType::A : RRType::TXT;
                const Rrset set = set_of(owner, type, std::to_string(random()));
                if (random() % 3 == 0) {
                    EXPECT_TRUE(rows.put_rrset(zone, {set, std::nullopt}));
                    expected[zone].erase({dns::to_text(owner), type});
                } else {
                    EXPECT_TRUE(rows.put_rrset(zone, {std::nullopt, set}));
                    expected[zone][{dns::to_text(owner), type}] = set.records[0].content;
                }
                EXPECT_TRUE(random() % 20 != 0 || rows.settled());
            }
        });
    }
    for (int64_t zone = 1; zone <= static_cast<int64_t>(kZones); ++zone) {
        EXPECT_EQ(stored(zone), text_at(zone, "")) << zone;
    }
}

INSTANTIATE_TEST_SUITE_P(In, OfGroupRows, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
