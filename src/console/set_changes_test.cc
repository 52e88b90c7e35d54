// SPDX-License-Identifier: Apache-2.0

#include "console/set_changes.h"

#include <gmock/gmock.h>

namespace nearcast::console {
namespace {

using testing::ElementsAre;

RecordSet set(const std::string& name, const std::string& type,
              const std::vector<RecordWords>& records, uint32_t ttl = 300) {
    return {name + "example.org.", type, ttl, records};
}

RecordSet soa(const std::string& serial, const std::string& refresh = "10800") {
    return set(
        "", "SOA",
        {{"ns1.example.net. host.example.org. " + serial + ' ' + refresh + " 3600 604800 3600"}});
}

TEST(ChangesBetween, AreThoseOfMeaning) {
    const std::vector<RecordSet> kept{set("a.", "AAAA", {{"2001:DB8::1"}, {"2001:db8::2"}})};
    EXPECT_TRUE(
        changes_between(kept, {set("a.", "AAAA", {{"2001:db8::2"}, {"2001:db8::1"}})}).empty());
    EXPECT_EQ(changes_between(kept, {set("a.", "AAAA", {{"2001:db8::2"}})}).size(), 1U);
    EXPECT_EQ(
        changes_between(kept, {set("a.", "AAAA", {{"2001:db8::1"}, {"2001:db8::2"}}, 60)}).size(),
        1U);
}

TEST(ChangesBetween, KeepTheWordsThatWereThere) {
    const auto changes = changes_between({set("a.", "AAAA", {{"2001:DB8::1"}})},
                                         {set("a.", "AAAA", {{"2001:db8::1"}, {"2001:db8::2"}})});
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_THAT(changes[0].after->records,
                ElementsAre(RecordWords{"2001:DB8::1"}, RecordWords{"2001:db8::2"}));
}

TEST(ChangesBetween, KeepWhatIsSwitchedOff) {
    const std::vector<RecordSet> kept{set("a.", "A", {{"192.0.2.1"}, {"192.0.2.2", true}}),
                                      set("b.", "A", {{"192.0.2.3", true}})};
    EXPECT_TRUE(changes_between(kept, {set("a.", "A", {{"192.0.2.1"}})}).empty());
    const auto gone = changes_between(kept, {});
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_THAT(gone[0].after->records, ElementsAre(RecordWords{"192.0.2.2", true}));
    // Switched on by being written.
    const auto on = changes_between(kept, {set("a.", "A", {{"192.0.2.1"}, {"192.0.2.2"}})});
    ASSERT_EQ(on.size(), 1U);
    EXPECT_THAT(on[0].after->records,
                ElementsAre(RecordWords{"192.0.2.1"}, RecordWords{"192.0.2.2"}));
}

TEST(ChangesBetween, TakeALaterSerialAndNoOlderOne) {
    EXPECT_TRUE(changes_between({soa("7")}, {soa("7")}).empty());
    EXPECT_TRUE(changes_between({soa("7")}, {soa("6")}).empty());
    EXPECT_EQ(changes_between({soa("7")}, {soa("8")}).size(), 1U);
    EXPECT_EQ(changes_between({soa("7")}, {soa("6", "3600")}).size(), 1U);
}

TEST(ToPatch, TakesAwayBeforeItBrings) {
    const auto patch = to_patch(changes_between({set("a.", "CNAME", {{"b.example.org."}})},
                                                {set("a.", "A", {{"192.0.2.1"}}, 60)}));
    EXPECT_EQ(patch.dump(),
              R"([{"changetype":"DELETE","name":"a.example.org.","type":"CNAME"},)"
              R"({"changetype":"REPLACE","name":"a.example.org.",)"
              R"("records":[{"content":"192.0.2.1","disabled":false}],"ttl":60,"type":"A"}])");
}

TEST(DiffText, ShowsWhatGoesAndWhatComes) {
    const auto changes = changes_between(
        {set("a.", "A", {{"192.0.2.1"}, {"192.0.2.2"}}), set("b.", "A", {{"192.0.2.3"}})},
        {set("a.", "A", {{"192.0.2.1"}, {"192.0.2.4"}})});
    EXPECT_EQ(diff_text(changes, false),
              "- b.example.org. 300 IN A 192.0.2.3\n"
              "- a.example.org. 300 IN A 192.0.2.2\n"
              "+ a.example.org. 300 IN A 192.0.2.4\n");
    EXPECT_EQ(diff_text({changes[0]}, true),
              "\x1b[31m- b.example.org. 300 IN A 192.0.2.3\x1b[0m\n");
}

TEST(ReadChanges, TakesBothSidesOfADiff) {
    const auto changes = read_changes(nlohmann::json::parse(R"([
        {"name": "a.", "type": "A", "before": null, "after": {"name": "a.", "type": "A", "ttl": 1,
         "records": [{"content": "192.0.2.1", "disabled": false}]}}, {}, null])"));
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_FALSE(changes[0].before);
    EXPECT_EQ(diff_text(changes, false), "+ a. 1 IN A 192.0.2.1\n");
}

TEST(CommonSets, AreThoseThatBothChange) {
    const auto ours = changes_between({soa("7")}, {soa("8"), set("a.", "A", {{"192.0.2.1"}})});
    const auto theirs = changes_between(
        {soa("7")}, {soa("9"), set("a.", "A", {{"192.0.2.2"}}), set("b.", "A", {{"192.0.2.2"}})});
    EXPECT_THAT(common_sets(ours, theirs), ElementsAre("a.example.org. A"));
}

}  // namespace
}  // namespace nearcast::console
