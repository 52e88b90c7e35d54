// SPDX-License-Identifier: Apache-2.0

#include "control/audit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/api_keys.h"
#include "control/change_log.h"
#include "control/database_fixture.h"
#include "control/text_digest.h"

namespace nearcast::control {
namespace {

using testing::HasSubstr;

class OfAudit : public testing::TestWithParam<Database::Dialect> {
 protected:
    OfAudit() {
        NewZone zone;
        zone.name = *dns::parse_name("example.org.");
        zone.nameservers = {*dns::parse_name("ns1.example.net.")};
        zone.intent.actor = {"user:anna", "192.0.2.1"};
        EXPECT_TRUE(log.create_zone(zone));
        EXPECT_TRUE(keys.create("deploy", {}, {"user:anna", "192.0.2.1"}, Timestamp(5)));
        EXPECT_TRUE(log.delete_zone(zone.name, {.actor = {"user:bob", ""}}));
    }

    AuditVerdict verdict() {
        const auto found = verify_audit(*database);
        EXPECT_TRUE(found);
        return found.value_or(AuditVerdict());
    }

    void alter(const char* text) {
        EXPECT_TRUE(database->write([&](Session& session) { return session.run_once(text); }));
    }

    TestDatabase place{GetParam()};
    std::unique_ptr<Database> database = place.open();
    ChangeLog log{*database, {}};
    ApiKeys keys{*database};
};

TEST_P(OfAudit, TellsEverythingThatWasDone) {
    const auto entries = read_audit(*database, INT64_MAX, 10);
    ASSERT_TRUE(entries);
    ASSERT_EQ(entries->size(), 3U);
    EXPECT_EQ((*entries)[0].action, "zone.delete");
    EXPECT_EQ((*entries)[0].actor.name, "user:bob");
    EXPECT_EQ((*entries)[1].action, "key.create");
    EXPECT_EQ((*entries)[1].detail, "deploy");
    EXPECT_EQ((*entries)[2].subject, "example.org.");
    EXPECT_EQ((*entries)[2].actor.source, "192.0.2.1");
    EXPECT_FALSE(verdict().broken_at);
    EXPECT_EQ(verdict().entries, 3U);
    EXPECT_EQ(verdict().last_link, (*entries)[0].link);
}

TEST_P(OfAudit, LinksTheEntriesOfOneTransaction) {
    const auto written = database->write([](Session& session) {
        auto done = append_audit(session, {.sequence = 1000, .action = "login.refused"});
        if (done) done = append_audit(session, {.sequence = 1001, .action = "key.create"});
        return done;
    });
    ASSERT_TRUE(written);
    EXPECT_FALSE(verdict().broken_at) << verdict().reason;
    EXPECT_EQ(verdict().entries, 5U);
}

TEST_P(OfAudit, ShowsWhatWasAltered) {
    const auto entries = *read_audit(*database, INT64_MAX, 10);
    alter("UPDATE audit SET actor = 'user:eve' WHERE action = 'key.create'");
    EXPECT_EQ(verdict().broken_at, entries[1].sequence);
    EXPECT_THAT(verdict().reason, HasSubstr("altered"));
}

TEST_P(OfAudit, ShowsWhatWasRemoved) {
    const auto entries = *read_audit(*database, INT64_MAX, 10);
    alter("DELETE FROM audit WHERE action = 'key.create'");
    EXPECT_EQ(verdict().broken_at, entries[0].sequence);
}

TEST_P(OfAudit, HoldsChangesAgainstIt) {
    const auto entries = *read_audit(*database, INT64_MAX, 10);
    alter("UPDATE change SET diff = '' WHERE kind = 0");
    EXPECT_EQ(verdict().broken_at, entries[2].sequence);
    EXPECT_THAT(verdict().reason, HasSubstr("diff"));
    alter("DELETE FROM change WHERE kind = 0");
    EXPECT_THAT(verdict().reason, HasSubstr("gone"));
}

TEST_P(OfAudit, HoldsEachPartOfAChangeAgainstIt) {
    const auto entries = *read_audit(*database, INT64_MAX, 10);
    for (const char* alteration :
         {"comment = comment || 'x'", "source = '198.51.100.9'", "at = at + 1", "kind = kind + 2",
          "old_serial = old_serial + 1", "new_serial = new_serial + 1", "reverts = 1",
          "actor = 'user:eve'", "zone = 'example.net.'", "zone_id = zone_id + 1"}) {
        alter("CREATE TABLE kept AS SELECT * FROM change");
        alter(("UPDATE change SET " + std::string(alteration) + " WHERE kind = 0").c_str());
        EXPECT_EQ(verdict().broken_at, entries[2].sequence) << alteration;
        alter("DELETE FROM change");
        alter("INSERT INTO change SELECT * FROM kept");
        alter("DROP TABLE kept");
        EXPECT_FALSE(verdict().broken_at) << alteration;
    }
}

// As programs of before wrote them: without the zone's number, the first ones with the diff alone.
TEST_P(OfAudit, TakesDigestsOfBefore) {
    struct Kept {
        AuditEntry entry;
        std::string rest;
        std::string diff;
    };
    std::vector<Kept> all;
    constexpr Sql kChanges{
        "SELECT sequence, at, actor, source, kind, zone, old_serial, new_serial, comment, diff "
        "FROM change ORDER BY sequence",
        "", "nnttntnntt"};
    const auto append = [&](bool is_first_form) {
        return database->write([&](Session& session) {
            auto done = session.run_once("DELETE FROM audit");
            for (const Kept& each : all) {
                AuditEntry entry = each.entry;
                entry.detail = text_digest(is_first_form ? each.diff : each.rest + each.diff);
                if (done) done = append_audit(session, entry);
            }
            return done;
        });
    };
    ASSERT_TRUE(database->read([&](Session& session) {
        all.clear();
        return session.run(kChanges, {}, [&](const Row& row) {
            const std::string comment = row.text(8);
            all.push_back({{.sequence = static_cast<uint64_t>(row.number(0)),
                            .at = Timestamp(row.number(1)),
                            .actor = {row.text(2), row.text(3)},
                            .action = row.number(4) == 0 ? "zone.create" : "zone.delete",
                            .subject = row.text(5)},
                           std::to_string(row.number(6)) + ' ' + std::to_string(row.number(7)) +
                               " 0 " + std::to_string(comment.size()) + ' ' + comment,
                           row.text(9)});
        });
    }));
    ASSERT_EQ(all.size(), 2U);
    for (const bool is_first_form : {true, false}) {
        ASSERT_TRUE(append(is_first_form));
        EXPECT_FALSE(verdict().broken_at) << verdict().reason;
    }
    alter("UPDATE change SET comment = 'x' WHERE kind = 0");
    EXPECT_EQ(verdict().broken_at, all[0].entry.sequence);
}

TEST_P(OfAudit, MissesEntriesAtTheEnd) {
    alter("DELETE FROM audit WHERE action = 'zone.delete'");
    EXPECT_EQ(verdict().broken_at, 0U);
    EXPECT_THAT(verdict().reason, HasSubstr("1 changes have no entry"));
}

INSTANTIATE_TEST_SUITE_P(, OfAudit, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
