// SPDX-License-Identifier: Apache-2.0

#include "control/quotas.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/accounts.h"
#include "control/change_log.h"
#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using Error = ChangeError::Kind;

dns::Name name(const std::string& text) { return *dns::parse_name(text); }

class OfQuotas : public testing::TestWithParam<Database::Dialect> {
 protected:
    OfQuotas() {
        for (const char* tenant : {"anna", "bert"}) {
            EXPECT_TRUE(accounts.add_tenant({.name = tenant, .plan = "small"}, {}));
        }
    }

    // A SOA and two name servers: three records.
    Outcome<Committed> create(const std::string& zone, const std::string& tenant = "anna") {
        NewZone request{.name = name(zone), .settings = {}, .rrsets = {}, .nameservers = {}};
        request.settings.account = tenant;
        request.nameservers = {name("ns1.example.net."), name("ns2.example.net.")};
        request.intent.actor.tenant = tenant;
        return log.create_zone(request);
    }
    Outcome<Committed> put(const std::string& zone, size_t addresses,
                           const std::string& tenant = "anna") {
        std::vector<RecordText> records;
        for (size_t i = 0; i < addresses; ++i) {
            records.push_back({"192.0.2." + std::to_string(i + 1), false});
        }
        ChangeRequest request{name(zone), {}, {}};
        request.edits.push_back(
            {RrsetEdit::Kind::Replace, name("www." + zone), dns::RRType::A, 60, records, {}});
        request.intent.actor.tenant = tenant;
        return log.commit(request);
    }
    uint64_t records(const std::string& tenant = "anna") {
        return accounts.tenant(tenant).value_or(Tenant()).records;
    }

    Timestamp now = std::chrono::hours(490'000);
    const TestDatabase place{GetParam()};
    const std::unique_ptr<Database> database = place.open();
    Quotas quotas{{{"small", 2, 10, 6}, {"large", 100, 1000, 1000}}};
    ApiKeys keys{*database};
    const dnssec::SealingKey sealing = dnssec::SealingKey::generate();
    const transfer::TsigKeyring fixed;
    TsigKeys tsig_keys{*database, sealing, fixed};
    Accounts accounts{*database, keys, tsig_keys, quotas, sealing};
    ChangeLog log{*database,
                  {.now = [this] { return now; },
                   .primary = name("ns.example."),
                   .quotas = &quotas,
                   .on_commit = {}}};
};

TEST_P(OfQuotas, ZonesAreCounted) {
    EXPECT_TRUE(create("a.example."));
    EXPECT_TRUE(create("b.example."));
    const auto third = create("c.example.");
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().kind, Error::Full);
    EXPECT_THAT(third.error().message, HasSubstr("2 zones"));
    EXPECT_TRUE(create("c.example.", "bert"));
    ASSERT_TRUE(log.delete_zone(name("a.example."), {}));
    EXPECT_TRUE(create("d.example."));
}

TEST_P(OfQuotas, RecordsAreCounted) {
    ASSERT_TRUE(create("a.example."));
    EXPECT_EQ(records(), 3U);
    EXPECT_EQ(put("a.example.", 8).error().kind, Error::Full);
    EXPECT_EQ(records(), 3U);
    EXPECT_TRUE(put("a.example.", 7));
    EXPECT_EQ(records(), 10U);
    EXPECT_TRUE(put("a.example.", 1));
    EXPECT_EQ(records(), 4U);
    ASSERT_TRUE(log.delete_zone(name("a.example."), {}));
    EXPECT_EQ(records(), 0U);
}

TEST_P(OfQuotas, RecordsThatWereFetchedAreCountedToo) {
    NewZone request{.name = name("copy.example."), .settings = {}, .rrsets = {}, .nameservers = {}};
    request.settings.kind = ZoneKind::Slave;
    request.settings.account = "anna";
    request.settings.masters = {"192.0.2.1"};
    ASSERT_TRUE(log.create_zone(request));
    const int64_t zone_id = log.zone(request.name)->id;
    const auto fetch = [&](uint32_t serial, uint64_t count) {
        return log.take_version({.zone_id = zone_id,
                                 .zone = request.name,
                                 .serial = serial,
                                 .record_count = count,
                                 .changes = {},
                                 .intent = {}});
    };
    EXPECT_EQ(log.room_for_copy(request.name), 10U);
    ASSERT_TRUE(fetch(1, 9));
    EXPECT_EQ(records(), 9U);
    EXPECT_EQ(create("a.example.").error().kind, Error::Full);
    EXPECT_EQ(log.room_for_copy(request.name), 10U);
    ASSERT_TRUE(fetch(2, 4));
    EXPECT_EQ(records(), 4U);
    ASSERT_TRUE(create("a.example."));
    EXPECT_EQ(log.room_for_copy(request.name), 7U);
    SettingsEdit edit;
    edit.account = "bert";
    ASSERT_TRUE(log.update_settings(request.name, edit, {}));
    EXPECT_EQ(records("anna"), 3U);
    EXPECT_EQ(records("bert"), 4U);
    ASSERT_TRUE(log.delete_zone(request.name, {}));
    EXPECT_EQ(records("bert"), 0U);
}

TEST_P(OfQuotas, ChangesHaveAPace) {
    ASSERT_TRUE(create("a.example."));
    for (size_t i = 1; i < 6; ++i) EXPECT_TRUE(put("a.example.", i));
    now += seconds(45);
    const auto held_off = put("a.example.", 1);
    ASSERT_FALSE(held_off);
    EXPECT_EQ(held_off.error().kind, Error::TooFast);
    EXPECT_EQ(held_off.error().retry_after, seconds(15));
    now += seconds(15);
    EXPECT_TRUE(put("a.example.", 1));
}

// What another controller counts lies in the database, as all that was counted before a restart.
TEST_P(OfQuotas, AllControllersKeepOnePace) {
    ASSERT_TRUE(create("a.example."));
    for (size_t i = 1; i < 5; ++i) EXPECT_TRUE(put("a.example.", i));
    const Quotas same{{{"small", 2, 10, 6}}};
    ChangeLog other{*database,
                    {.now = [this] { return now + seconds(2); },  // A clock that is ahead.
                     .primary = name("ns.example."),
                     .quotas = &same,
                     .on_commit = {}}};
    EXPECT_TRUE(other.delete_zone(name("a.example."), {}));
    EXPECT_EQ(create("b.example.").error().kind, Error::TooFast);
    NewZone zone{.name = name("b.example."),
                 .settings = {},
                 .rrsets = {},
                 .nameservers = {name("ns1.example.net.")}};
    zone.settings.account = "anna";
    EXPECT_EQ(other.create_zone(zone).error().kind, Error::TooFast);
    EXPECT_TRUE(create("b.example.", "bert"));
    // A minute that began in a time that has not come yet is over.
    now -= std::chrono::hours(1);
    EXPECT_TRUE(create("c.example."));
}

TEST_P(OfQuotas, AZoneTakesItsRecordsToAnotherAccount) {
    ASSERT_TRUE(create("a.example."));
    SettingsEdit edit;
    edit.account = "bert";
    ASSERT_TRUE(log.update_settings(name("a.example."), edit, {}));
    EXPECT_EQ(records("anna"), 0U);
    EXPECT_EQ(records("bert"), 3U);
    EXPECT_EQ(accounts.tenant("bert")->zones, 1U);
}

TEST_P(OfQuotas, ATenantTouchesHisOwnZonesAlone) {
    ASSERT_TRUE(create("a.example."));
    EXPECT_EQ(put("a.example.", 1, "bert").error().kind, Error::Forbidden);
    EXPECT_EQ(put("none.example.", 1, "bert").error().message,
              put("a.example.", 1, "bert").error().message);
    EXPECT_EQ(create("a.example.", "bert").error().kind, Error::Forbidden);
    EXPECT_EQ(create("www.a.example.", "bert").error().kind, Error::Forbidden);
    EXPECT_TRUE(create("www.a.example."));
    SettingsEdit edit;
    edit.account = "bert";
    EXPECT_EQ(
        log.update_settings(name("a.example."), edit, {.actor = {"", "", "anna"}}).error().kind,
        Error::Forbidden);
}

TEST_P(OfQuotas, WhoIsNoTenantHasNone) {
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(create("z" + std::to_string(i) + ".example.", ""));
}

TEST_P(OfQuotas, ALargerPlanHasRoom) {
    ASSERT_TRUE(create("a.example."));
    ASSERT_TRUE(accounts.set_plan("anna", "large", {}, now));
    EXPECT_TRUE(put("a.example.", 100));
    EXPECT_FALSE(accounts.set_plan("anna", "none", {}, now));
}

INSTANTIATE_TEST_SUITE_P(Databases, OfQuotas, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
