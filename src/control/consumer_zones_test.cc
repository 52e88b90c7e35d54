// SPDX-License-Identifier: Apache-2.0

#include "control/consumer_zones.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nearcast::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = MemberStep::Kind;

dns::Name name(const char* text) { return *dns::parse_name(text); }

Zone zone_of(const char* apex, ZoneSettings settings) {
    return {.id = 1, .name = name(apex), .settings = std::move(settings)};
}

const Zone kConsumer = zone_of("catalog.example.", {.kind = ZoneKind::Consumer,
                                                    .account = "anna",
                                                    .masters = {"192.0.2.1"},
                                                    .primary_key = "key."});

ZoneSettings member_settings(const char* label) {
    return {.kind = ZoneKind::Slave,
            .account = "anna",
            .masters = {"192.0.2.1"},
            .primary_key = "key.",
            .catalog = "catalog.example.",
            .catalog_label = label};
}

TEST(PlanMembers, MakesWhatIsListed) {
    EXPECT_THAT(plan_members(kConsumer, {{.zone = name("a.example."), .label = "one"}}, {}),
                ElementsAre(MemberStep{Kind::Make, name("a.example."), member_settings("one.")}));
}

TEST(PlanMembers, LeavesWhatIsAsItIsListed) {
    ZoneSettings signed_here = member_settings("one.");
    signed_here.is_signed = true;
    EXPECT_THAT(plan_members(kConsumer, {{.zone = name("a.example."), .label = "one"}},
                             {zone_of("a.example.", signed_here)}),
                IsEmpty());
}

TEST(PlanMembers, EndsWhatIsListedNoMore) {
    EXPECT_THAT(plan_members(kConsumer, {}, {zone_of("a.example.", member_settings("one."))}),
                ElementsAre(MemberStep{Kind::End, name("a.example."), {}}));
    ZoneSettings own = member_settings("");
    own.kind = ZoneKind::Native;
    EXPECT_THAT(plan_members(kConsumer, {}, {zone_of("own.example.", own)}), IsEmpty());
}

TEST(PlanMembers, MakesAnewWhatHasAnotherLabel) {
    EXPECT_THAT(plan_members(kConsumer, {{.zone = name("a.example."), .label = "two"}},
                             {zone_of("a.example.", member_settings("one."))}),
                ElementsAre(MemberStep{Kind::Remake, name("a.example."), member_settings("two.")}));
}

TEST(PlanMembers, GivesPrimariesOfTheCatalogAndKeepsWhatElseWasChosen) {
    ZoneSettings other = member_settings("one.");
    other.masters = {"192.0.2.9"};
    other.is_signed = true;
    ZoneSettings wanted = member_settings("one.");
    wanted.is_signed = true;
    EXPECT_THAT(plan_members(kConsumer, {{.zone = name("a.example."), .label = "one"}},
                             {zone_of("a.example.", other)}),
                ElementsAre(MemberStep{Kind::Adjust, name("a.example."), wanted}));
}

}  // namespace
}  // namespace nearcast::control
