// SPDX-License-Identifier: Apache-2.0

#include "control/change_log.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/audit.h"
#include "control/database_fixture.h"
#include "control/edit_plan.h"
#include "control/stored_text.h"

namespace nearcast::control {
namespace {

using dns::RRType;
using testing::ElementsAre;
using testing::HasSubstr;
using Edit = RrsetEdit::Kind;
using Error = ChangeError::Kind;

dns::Name name(const std::string& text) { return *dns::parse_name(text); }

RrsetEdit address(Edit kind, const std::string& owner, const std::string& content) {
    return {kind, name(owner), RRType::A, 300, std::vector<RecordText>{{content, false}}, {}};
}

class OfChangeLog : public testing::TestWithParam<Database::Dialect> {
 protected:
    Outcome<Committed> create(const std::string& zone, Intent intent = {}) {
        NewZone request{.name = name(zone),
                        .settings = {},
                        .rrsets = {},
                        .nameservers = {},
                        .intent = std::move(intent)};
        request.nameservers = {name("ns1.example.net."), name("ns2.example.net.")};
        return log.create_zone(request);
    }

    Outcome<Committed> put(const std::string& owner, const std::string& content,
                           Intent intent = {}) {
        return log.commit(
            {name("example.org."), {address(Edit::Replace, owner, content)}, std::move(intent)});
    }

    // "www.example.org. A 300 192.0.2.1", a line for each record but those of the apex.
    std::string contents(const std::string& zone = "example.org.") {
        const auto found = log.contents(name(zone));
        if (!found) return found.error().message;
        std::string text;
        for (const Rrset& rrset : found->rrsets) {
            for (const RecordText& record : rrset.records) {
                if (rrset.owner == found->zone.name) continue;
                text += dns::to_text(rrset.owner) + ' ' + dns::to_text(rrset.type) + ' ' +
                        std::to_string(rrset.ttl) + ' ' + record.content + '\n';
            }
        }
        return text;
    }

    Timestamp now = std::chrono::seconds(1'764'115'200);  // 2025-11-26
    TestDatabase place{GetParam()};
    std::unique_ptr<Database> database = place.open();
    std::atomic<uint64_t> told = 0;
    ChangeLog log{*database,
                  {.now = [this] { return now; },
                   .primary = name("primary.example.net."),
                   .on_commit = [this](uint64_t sequence) { told = sequence; }}};
};

TEST_P(OfChangeLog, MakesAZoneWithWhatItNeeds) {
    const auto created = create("Example.ORG.");
    ASSERT_TRUE(created);
    EXPECT_EQ(created->old_serial, 0U);
    EXPECT_EQ(created->new_serial, 2025112601U);
    EXPECT_EQ(told, created->sequence);
    const auto found = log.contents(name("example.org."));
    ASSERT_TRUE(found);
    EXPECT_EQ(dns::to_text(found->zone.name), "example.org.");
    ASSERT_EQ(found->rrsets.size(), 2U);
    EXPECT_EQ(encode_records(found->rrsets[0].records), "+ns1.example.net.\n+ns2.example.net.\n");
    EXPECT_EQ(found->rrsets[1].records[0].content,
              "ns1.example.net. hostmaster.example.org. 2025112601 10800 3600 604800 3600");
    const auto again = create("example.org.");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, Error::Exists);
}

TEST_P(OfChangeLog, ChangesRecordsAndRaisesTheSerial) {
    ASSERT_TRUE(create("example.org."));
    const auto first = put("www.example.org.", "192.0.2.1");
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->old_serial, 2025112601U);
    EXPECT_EQ(first->new_serial, 2025112602U);
    EXPECT_EQ(contents(), "www.example.org. A 300 192.0.2.1\n");
    ASSERT_TRUE(put("www.example.org.", "192.0.2.2"));
    EXPECT_EQ(contents(), "www.example.org. A 300 192.0.2.2\n");
    const auto nothing = put("www.example.org.", "192.0.2.2");
    ASSERT_TRUE(nothing);
    EXPECT_EQ(nothing->old_serial, nothing->new_serial);
    ASSERT_TRUE(log.commit({name("example.org."),
                            {{Edit::Delete, name("www.example.org."), RRType::A, 0, {}, {}}},
                            {}}));
    EXPECT_EQ(contents(), "");
    EXPECT_EQ(log.zone(name("example.org."))->serial, 2025112604U);
}

TEST_P(OfChangeLog, TakesALaterSerialThatComesWithTheSameSoa) {
    ASSERT_TRUE(create("example.org."));
    const auto send = [&](const std::string& serial) {
        const std::string soa =
            "ns1.example.net. hostmaster.example.org.  " + serial + " 10800 3600 604800 3600";
        RrsetEdit edit = address(Edit::Replace, "example.org.", soa);
        edit.type = RRType::SOA;
        edit.ttl = 3600;
        return log.commit({name("example.org."), {edit}, {}});
    };
    const auto raised = send("2025112650");
    ASSERT_TRUE(raised) << raised.error().message;
    EXPECT_EQ(raised->old_serial, 2025112601U);
    EXPECT_EQ(raised->new_serial, 2025112650U);
    EXPECT_EQ(log.zone(name("example.org."))->serial, 2025112650U);
    // One that is not later is that of a client who sends back what he was given.
    for (const std::string serial : {"2025112650", "2025112601", "7"}) {
        const auto same = send(serial);
        ASSERT_TRUE(same) << same.error().message;
        EXPECT_EQ(same->sequence, raised->sequence) << serial;
        EXPECT_EQ(same->new_serial, 2025112650U) << serial;
    }
    ASSERT_TRUE(put("www.example.org.", "192.0.2.1"));
    EXPECT_EQ(log.zone(name("example.org."))->serial, 2025112651U);
}

TEST_P(OfChangeLog, AppliesAllOrNothing) {
    ASSERT_TRUE(create("example.org."));
    const auto refused = log.commit({name("example.org."),
                                     {address(Edit::Replace, "a.example.org.", "192.0.2.1"),
                                      address(Edit::Replace, "b.other.", "192.0.2.2"),
                                      address(Edit::Replace, "c.example.org.", "nonsense")},
                                     {}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, Error::Invalid);
    ASSERT_EQ(refused.error().faults.size(), 2U);
    EXPECT_EQ(refused.error().message, "RRset b.other. IN A: Name is out of zone");
    EXPECT_THAT(to_text(refused.error().faults[1]), HasSubstr("c.example.org./A 'nonsense'"));
    EXPECT_EQ(contents(), "");
    EXPECT_EQ(log.zone(name("example.org."))->serial, 2025112601U);
    const auto missing = log.commit({name("none.example."), {}, {}});
    EXPECT_EQ(missing.error().kind, Error::NotFound);
}

TEST_P(OfChangeLog, HoldsTheActorToTheSerialHeHasSeen) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(put("a.example.org.", "192.0.2.1", {.expected = {.serial = 2025112601}}));
    const auto stale = put("a.example.org.", "192.0.2.2", {.expected = {.serial = 2025112601}});
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().kind, Error::Conflict);
    EXPECT_THAT(stale.error().message, HasSubstr("2025112602"));
    EXPECT_EQ(contents(), "a.example.org. A 300 192.0.2.1\n");
}

TEST_P(OfChangeLog, TellsAgainWhatWasDoneUnderAKey) {
    ASSERT_TRUE(create("example.org."));
    const Intent intent{.actor = {"key:one", ""}, .idempotency_key = "k1"};
    const auto first = put("a.example.org.", "192.0.2.1", intent);
    const auto second = put("a.example.org.", "192.0.2.1", intent);
    ASSERT_TRUE(first && second);
    EXPECT_FALSE(first->is_repeated);
    EXPECT_TRUE(second->is_repeated);
    EXPECT_EQ(second->sequence, first->sequence);
    EXPECT_EQ(second->new_serial, first->new_serial);
    const auto other = put("a.example.org.", "192.0.2.9", intent);
    EXPECT_EQ(other.error().kind, Error::Invalid);
    Intent somebody_else = intent;
    somebody_else.actor.name = "key:two";
    EXPECT_TRUE(put("a.example.org.", "192.0.2.9", somebody_else));
    now += std::chrono::hours(25);
    EXPECT_TRUE(put("a.example.org.", "192.0.2.8", intent));
}

TEST_P(OfChangeLog, KeepsAHistoryWithDiffs) {
    ASSERT_TRUE(create("example.org.", {.actor = {"user:anna", "192.0.2.7"}, .comment = "new"}));
    ASSERT_TRUE(put("a.example.org.", "192.0.2.1", {.comment = "add a"}));
    ASSERT_TRUE(create("other.example."));
    ASSERT_TRUE(put("a.example.org.", "192.0.2.2", {.comment = "move a"}));
    const auto history = log.history(name("example.org."), INT64_MAX, 10);
    ASSERT_TRUE(history);
    ASSERT_EQ(history->size(), 3U);
    EXPECT_EQ((*history)[0].comment, "move a");
    EXPECT_EQ((*history)[2].actor.name, "user:anna");
    EXPECT_EQ((*history)[2].actor.source, "192.0.2.7");
    EXPECT_EQ((*history)[2].kind, ChangeKind::Create);
    const auto change = log.change((*history)[0].sequence);
    ASSERT_TRUE(change);
    EXPECT_EQ(encode_diff(change->diff),
              "@ a.example.org. A\n- 300\n-+192.0.2.1\n+ 300\n++192.0.2.2\n");
    EXPECT_EQ(change->at, now);
    const auto page = log.history(name("example.org."), (*history)[0].sequence, 1);
    ASSERT_EQ(page->size(), 1U);
    EXPECT_EQ((*page)[0].comment, "add a");
    EXPECT_EQ(log.history(std::nullopt, INT64_MAX, 10)->size(), 4U);
    EXPECT_EQ(log.changes_after((*history)[2].sequence, 10)->size(), 3U);
    EXPECT_EQ(*log.last_sequence(), (*history)[0].sequence);
    EXPECT_EQ(log.change(999).error().kind, Error::NotFound);
}

TEST_P(OfChangeLog, TakesAChangeBack) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(put("a.example.org.", "192.0.2.1"));
    const auto moved = put("a.example.org.", "192.0.2.2");
    ASSERT_TRUE(put("b.example.org.", "192.0.2.3"));
    const auto back = log.revert(moved->sequence, {.comment = "oops"});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(contents(), "a.example.org. A 300 192.0.2.1\nb.example.org. A 300 192.0.2.3\n");
    EXPECT_EQ(log.change(back->sequence)->reverts, moved->sequence);
    const auto again = log.revert(moved->sequence, {});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, Error::Superseded);
    EXPECT_THAT(again.error().message, HasSubstr("a.example.org. IN A: Has changed since"));
}

TEST_P(OfChangeLog, RefusesMoreEditsAtOnceThanThereIsMemoryFor) {
    ASSERT_TRUE(create("example.org."));
    const std::string before = contents();
    const std::vector<RrsetEdit> edits(kEditsMax + 1,
                                       address(Edit::Delete, "www.example.org.", ""));
    const auto refused = log.commit({name("example.org."), edits, {}});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("200000 RRsets"));
    EXPECT_EQ(contents(), before);
}

// More than are read, written or looked ahead for at once.
TEST_P(OfChangeLog, ChangesAsManySetsAtOnceAsAZoneHas) {
    constexpr size_t kSets = 25'000;
    const auto owner_of = [](size_t i) { return "h" + std::to_string(i) + ".example.org."; };
    NewZone zone{.name = name("example.org."),
                 .settings = {},
                 .rrsets = {},
                 .nameservers = {name("ns1.example.net.")},
                 .intent = {}};
    std::vector<RrsetEdit> edits;
    for (size_t i = 0; i < kSets; ++i) {
        zone.rrsets.push_back({name(owner_of(i)), RRType::A, 300, {{"192.0.2.1", false}}, {}});
        edits.push_back(address(i % 3 == 0 ? Edit::Delete : Edit::Replace, owner_of(i),
                                i % 3 == 1 ? "192.0.2.1" : "192.0.2.2"));
    }
    ASSERT_TRUE(log.create_zone(zone));
    const std::string before = contents();
    const auto changed = log.commit({zone.name, edits, {}});
    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(changed->new_serial, changed->old_serial + 1);
    const auto change = log.change(changed->sequence);
    EXPECT_EQ(change->diff.rrsets.size(), (kSets + 2) / 3 + kSets / 3);
    EXPECT_EQ(log.contents(zone.name)->rrsets.size(), 2 + kSets - (kSets + 2) / 3);
    ASSERT_TRUE(log.revert(changed->sequence, {}));
    EXPECT_EQ(contents(), before);
}

TEST_P(OfChangeLog, BringsADeletedZoneBack) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(put("a.example.org.", "192.0.2.1"));
    const auto deleted = log.delete_zone(name("example.org."), {});
    ASSERT_TRUE(deleted);
    EXPECT_EQ(log.zone(name("example.org.")).error().kind, Error::NotFound);
    const auto back = log.revert(deleted->sequence, {});
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(contents(), "a.example.org. A 300 192.0.2.1\n");
    EXPECT_EQ(back->new_serial, 2025112603U);
    EXPECT_EQ(log.revert(deleted->sequence, {}).error().kind, Error::Exists);
}

TEST_P(OfChangeLog, TakesTheCreationOfAZoneBackWhileItIsNew) {
    const auto created = create("example.org.");
    const auto other = create("other.example.");
    ASSERT_TRUE(put("a.example.org.", "192.0.2.1"));
    EXPECT_EQ(log.revert(created->sequence, {}).error().kind, Error::Superseded);
    ASSERT_TRUE(log.revert(other->sequence, {}));
    EXPECT_FALSE(log.zone(name("other.example.")));
}

TEST_P(OfChangeLog, ChangesSettings) {
    ASSERT_TRUE(create("example.org."));
    SettingsEdit edit;
    edit.kind = ZoneKind::Master;
    edit.soa_edit_api = "INCREASE";
    const auto done = log.update_settings(name("example.org."), edit, {});
    ASSERT_TRUE(done);
    EXPECT_EQ(log.zone(name("example.org."))->settings.kind, ZoneKind::Master);
    EXPECT_EQ(log.zone(name("example.org."))->settings.soa_edit_api, "INCREASE");
    ASSERT_TRUE(log.revert(done->sequence, {}));
    EXPECT_EQ(log.zone(name("example.org."))->settings, ZoneSettings{});
}

TEST_P(OfChangeLog, ListsZonesByPages) {
    for (const char* zone : {"b.example.", "a.example.", "c.example."}) ASSERT_TRUE(create(zone));
    const auto names = [&](const std::string& after, size_t count) {
        std::vector<std::string> list;
        const auto zones = log.zones(after, count);
        for (const Zone& zone : *zones) list.push_back(dns::to_text(zone.name));
        return list;
    };
    EXPECT_THAT(names("", 2), ElementsAre("a.example.", "b.example."));
    EXPECT_THAT(names("b.example.", 2), ElementsAre("c.example."));
}

TEST_P(OfChangeLog, KeepsCountWhenManyWriteAtOnce) {
    ASSERT_TRUE(create("example.org."));
    constexpr size_t kThreads = 8;
    constexpr size_t kEach = 20;
    std::atomic<size_t> committed = 0;
    std::vector<std::thread> threads;
    for (size_t thread = 0; thread < kThreads; ++thread) {
        threads.emplace_back([&, thread] {
            for (size_t i = 0; i < kEach; ++i) {
                const std::string owner =
                    "h" + std::to_string(thread * kEach + i) + ".example.org.";
                if (put(owner, "192.0.2.1")) ++committed;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(committed, kThreads * kEach);
    EXPECT_EQ(log.zone(name("example.org."))->serial, 2025112601U + kThreads * kEach);
    EXPECT_EQ(log.contents(name("example.org."))->rrsets.size(), kThreads * kEach + 2);
    EXPECT_EQ(log.history(name("example.org."), INT64_MAX, 1000)->size(), kThreads * kEach + 1);
}

TEST_P(OfChangeLog, RefusesOfAGroupOnlyWhatTheDatabaseDoesNotTake) {
    ASSERT_TRUE(create("example.org."));
    constexpr int kThreads = 16;
    constexpr int kOdd = 7;
    std::atomic<int> committed = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            // No UTF-8, which PostgreSQL looks at, and SQLite does not.
            Intent intent{.comment = i == kOdd ? "\xff" : "mine"};
            const std::string owner = "h" + std::to_string(i) + ".example.org.";
            if (put(owner, "192.0.2.1", std::move(intent))) ++committed;
        });
    }
    for (std::thread& thread : threads) thread.join();
    const bool takes_all = GetParam() == Database::Dialect::Sqlite;
    EXPECT_EQ(committed, takes_all ? kThreads : kThreads - 1);
    EXPECT_EQ(contents().find("h7.") != std::string::npos, takes_all);
    EXPECT_EQ(log.history(name("example.org."), INT64_MAX, 100)->size(),
              static_cast<size_t>(1 + committed));
    const auto verdict = verify_audit(*database);
    EXPECT_FALSE(verdict->broken_at) << verdict->reason;
}

TEST_P(OfChangeLog, FindsOneSetOfALargeZone) {
    ASSERT_TRUE(create("example.org."));
    ASSERT_TRUE(put("a.example.org.", "192.0.2.1"));
    ASSERT_TRUE(put("b.example.org.", "192.0.2.1"));
    RrsetFilter filter;
    filter.owner = name("B.example.org.");
    EXPECT_EQ(log.contents(name("example.org."), filter)->rrsets.size(), 1U);
    filter.type = RRType::AAAA;
    EXPECT_EQ(log.contents(name("example.org."), filter)->rrsets.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(, OfChangeLog, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
