// SPDX-License-Identifier: Apache-2.0

#include "control/version_sets.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "zone/difference.h"
#include "zone/zone_fixture.h"

namespace nearcast::control {
namespace {

using zone::Version;

std::string zone_text(int serial, const std::string& records) {
    return "$TTL 300\n@ SOA ns host " + std::to_string(serial) +
           " 3600 600 86400 60\n@ NS ns.example.net.\n" + records;
}

std::string text_of(const std::optional<Rrset>& set) {
    if (!set) return "none";
    std::string text = std::to_string(set->ttl);
    for (const RecordText& record : set->records) text += ' ' + record.content;
    return text;
}

// What each step made other than it was, a line for each set.
std::string told(const std::vector<std::string>& versions, const DiffLimits& limits = {}) {
    std::vector<zone::ImageBlock> images;
    for (const std::string& text : versions) images.push_back(zone::image_of(text));
    std::vector<zone::Changeset> changes;
    for (size_t i = 1; i < images.size(); ++i) {
        changes.push_back(
            zone::difference(Version(images[i - 1].image()), Version(images[i].image())));
    }
    const auto sets = changed_sets(Version(images.back().image()), changes, limits);
    if (!sets) return "too many";
    std::string text;
    for (const RrsetChange& set : *sets) {
        text += dns::to_text(set.either().owner) + ' ' + dns::to_text(set.either().type) + ": " +
                text_of(set.before) + " -> " + text_of(set.after) + '\n';
    }
    return text;
}

TEST(VersionSets, SayWhatARowOfChangesDidToEach) {
    EXPECT_EQ(told({zone_text(1, "a A 192.0.2.1\nb A 192.0.2.2\nc 60 A 192.0.2.3\n"),
                    zone_text(2, "a A 192.0.2.1\na A 192.0.2.9\nc A 192.0.2.3\nd A 192.0.2.4\n"),
                    zone_text(3, "a A 192.0.2.9\nc A 192.0.2.3\ne TXT x\n")}),
              "a.example.org. A: 300 192.0.2.1 -> 300 192.0.2.9\n"
              "b.example.org. A: 300 192.0.2.2 -> none\n"
              "c.example.org. A: 60 192.0.2.3 -> 300 192.0.2.3\n"
              "e.example.org. TXT: none -> 300 \"x\"\n");
}

TEST(VersionSets, AreNotOtherForTheSerialAlone) {
    EXPECT_EQ(told({zone_text(1, ""), zone_text(2, "")}), "");
}

TEST(VersionSets, AreNotToldWhenTheyAreMoreThanWasAskedFor) {
    std::string many;
    for (int i = 0; i < 20; ++i) many += "h" + std::to_string(i) + " A 192.0.2.1\n";
    EXPECT_EQ(told({zone_text(1, ""), zone_text(2, many)}, {.sets_max = 20}), "too many");
    EXPECT_NE(told({zone_text(1, ""), zone_text(2, many)}, {.sets_max = 21}), "too many");
}

// Of whose records each is compared with each.
TEST(VersionSets, AreNotToldOfOneThatIsVeryLarge) {
    std::string many;
    for (int i = 0; i < 200; ++i) many += "a A 10.0.0." + std::to_string(i) + "\n";
    const std::vector<std::string> versions{zone_text(1, many),
                                            zone_text(2, many + "a A 10.1.1.1")};
    EXPECT_EQ(told(versions, {.records_max = 200}), "too many");
    EXPECT_NE(told(versions, {.records_max = 210}), "too many");
}

TEST(VersionSets, OfOneOwnerHaveTheirSignaturesInOneSet) {
    const std::string sig = " 13 2 300 20300101000000 20200101000000 1 example.org. AA==\n";
    const auto image = zone::image_of(
        zone_text(1, "a A 192.0.2.1\na RRSIG A" + sig + "a TXT x\na RRSIG TXT" + sig));
    const Version version(image.image());
    const auto sets = sets_of(version, *dns::parse_name("A.example.org."));
    ASSERT_EQ(sets.size(), 3U);
    EXPECT_EQ(sets[1].type, dns::RRType::RRSIG);
    EXPECT_EQ(sets[1].records.size(), 2U);
    EXPECT_EQ(sets_of(version).size(), 5U);
    const auto other = zone::image_of(
        zone_text(1, "a 60 A 192.0.2.1\na 60 RRSIG A" + sig + "a TXT x\na RRSIG TXT" + sig));
    EXPECT_EQ(sets_of(Version(other.image()), *dns::parse_name("a.example.org.")).size(), 4U);
    EXPECT_TRUE(sets_of(version, *dns::parse_name("none.example.org.")).empty());
}

}  // namespace
}  // namespace nearcast::control
