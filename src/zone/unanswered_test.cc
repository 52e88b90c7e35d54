// SPDX-License-Identifier: Apache-2.0

#include "zone/unanswered.h"

#include <gtest/gtest.h>

#include "zone/apply.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

constexpr const char* kZone =
    "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.2\n"
    "a.deep.moved TXT old\nmoved TXT here\nd DNAME example.net.\nsub NS ns.sub\n"
    "ns.sub A 192.0.2.3\n";

// What is said of records that are added to the zone.
std::string told_of(const std::string& added) {
    const ImageBlock before = image_of(kZone);
    const Changeset changes =
        change_of("@ 60 SOA ns h 1 2 3 4 5\n", "@ 60 SOA ns h 2 2 3 4 5\n" + added);
    const auto after = apply_changes(Version(before.image()), changes);
    if (!after) return after.error().message;
    std::string told;
    for (const Advice& advice : judge_changes(Version(after->image()), changes)) {
        told += std::string(advice.check) + ": " + advice.message + "\n";
    }
    return told;
}

TEST(JudgeChanges, SaysNothingOfWhatIsAnswered) {
    EXPECT_EQ(told_of("* 60 A 192.0.2.9\nmore.sub 60 A 192.0.2.9\nsub 60 NS ns2.sub\n"
                      "new 60 NS ns\nd2 60 DNAME example.net.\nx 60 TXT y\n"),
              "");
}

TEST(JudgeChanges, TellsWildcardsThatRedirectNothing) {
    EXPECT_EQ(told_of("*.w 60 NS ns\n*.w 60 NS ns.example.net.\n"),
              "wildcard-redirects: *.w.example.org. is a wildcard with NS records\n");
    EXPECT_EQ(told_of("x.*.w 60 A 192.0.2.9\n"),
              "wildcard-within: x.*.w.example.org. has an asterisk that is not its first label\n");
    EXPECT_EQ(told_of("*.*.w 60 A 192.0.2.9\n"),
              "wildcard-within: *.*.w.example.org. has an asterisk that is not its first label\n");
}

TEST(JudgeChanges, TellsWhatADnameOrACutHides) {
    EXPECT_EQ(told_of("x.d 60 A 192.0.2.9\n"),
              "occluded: x.d.example.org. A is never answered: d.example.org. is redirected\n");
    EXPECT_EQ(told_of("sub 60 TXT y\nx.sub 60 TXT y\n"),
              "occluded: sub.example.org. TXT is never answered: the name is delegated\n"
              "occluded: x.sub.example.org. TXT is never answered: sub.example.org. is "
              "delegated\n");
}

TEST(JudgeChanges, TellsWhatWasThereBeforeTheDnameCame) {
    EXPECT_EQ(told_of("moved 60 DNAME example.net.\n"),
              "occluded: a.deep.moved.example.org. TXT is never answered: moved.example.org. is "
              "redirected\n");
}

}  // namespace
}  // namespace nearcast::zone
