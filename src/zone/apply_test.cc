// SPDX-License-Identifier: Apache-2.0

#include "zone/apply.h"

#include <gtest/gtest.h>

#include "zone/name_changes.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

constexpr const char* kZone =
    "$TTL 60\n@ SOA ns h 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nWww A 192.0.2.2\nwww A 192.0.2.3\n"
    "mx MX 5 Mail\n";
constexpr const char* kOldSoa = "@ 60 SOA ns h 1 2 3 4 5\n";
constexpr const char* kNewSoa = "@ 60 SOA ns h 2 2 3 4 5\n";

class ApplyTest : public testing::Test {
 protected:
    // The zone after a change, or what is said against it.
    std::string apply(const std::string& removed, const std::string& added) {
        const Changeset changes = change_of(kOldSoa + removed, kNewSoa + added);
        const auto image = apply_changes(Version(zone_.image()), changes);
        return image ? text_of(*image) : image.error().message;
    }

    ImageBlock zone_ = image_of(kZone);
};

TEST_F(ApplyTest, TakesAwayAndAdds) {
    EXPECT_EQ(apply("www 60 A 192.0.2.2\n", "www 60 A 192.0.2.4\nnew 30 TXT x\n"),
              "example.org. 60 NS ns.example.org.\n"
              "example.org. 60 SOA ns.example.org. h.example.org. 2 2 3 4 5\n"
              "mx.example.org. 60 MX 5 Mail.example.org.\n"
              "new.example.org. 30 TXT \"x\"\n"
              "ns.example.org. 60 A 192.0.2.1\n"
              "Www.example.org. 60 A 192.0.2.3\n"
              "Www.example.org. 60 A 192.0.2.4\n");
}

TEST_F(ApplyTest, TellsRecordsApartAsTheProtocolDoes) {
    EXPECT_EQ(
        apply("mX 5 MX 5 mAIL\nwww 60 A 192.0.2.2\nwww 60 A 192.0.2.3\n", "wWw 1 A 192.0.2.9\n"),
        "example.org. 60 NS ns.example.org.\n"
        "example.org. 60 SOA ns.example.org. h.example.org. 2 2 3 4 5\n"
        "ns.example.org. 60 A 192.0.2.1\n"
        "wWw.example.org. 1 A 192.0.2.9\n");
}

TEST_F(ApplyTest, NamesTheRecordThatIsNotAsTheChangeSays) {
    EXPECT_EQ(apply("www 60 A 192.0.2.9\n", ""),
              "the record to remove is not there: www.example.org. A 192.0.2.9");
    EXPECT_EQ(apply("nobody 60 A 192.0.2.9\n", ""),
              "the record to remove is not there: nobody.example.org. A 192.0.2.9");
    EXPECT_EQ(apply("", "www 60 A 192.0.2.3\n"),
              "the record to add is there already: www.example.org. A 192.0.2.3");
    EXPECT_EQ(apply("", "x 60 A 192.0.2.3\nx 60 A 192.0.2.3\n"),
              "the record to add is there already: x.example.org. A 192.0.2.3");
    EXPECT_EQ(apply("", "www.example.net. 60 A 192.0.2.3\n"),
              "the change has a record of another zone: www.example.net. A 192.0.2.3");
}

// A signature may come before what it covers, and stay behind it (RFC 2136 §3.4.2).
TEST_F(ApplyTest, KeepsSignaturesOverNothingUntilWhatTheyCoverComes) {
    const std::string end = "13 3 60 20300101000000 20250101000000 1 example.org. q80=\n";
    const auto next = [&](int serial, const std::string& removed, const std::string& added) {
        const auto soa = [](int number) {
            return "@ 60 SOA ns h " + std::to_string(number) + " 2 3 4 5\n";
        };
        auto image = apply_changes(Version(zone_.image()),
                                   change_of(soa(serial) + removed, soa(serial + 1) + added));
        ASSERT_TRUE(image) << image.error().message;
        zone_ = *std::move(image);
    };
    const auto signature_count = [&](dns::RRType type) {
        const dns::Name name = *dns::parse_name("new.example.org.");
        const Node node = find_any(Version(zone_.image()), name.wire());
        const RRset set = node ? node.find(type) : RRset();
        if (!set) return 0;
        return int{type == dns::RRType::RRSIG ? set.record_count() : set.signature_count()};
    };
    const std::string text = "new.example.org. 30 RRSIG ";
    next(1, "", "new 30 RRSIG A " + end + "new 30 RRSIG TXT " + end);
    EXPECT_EQ(signature_count(dns::RRType::RRSIG), 2);
    EXPECT_NE(text_of(zone_).find(text + "A " + end + text + "TXT " + end), std::string::npos);
    next(2, "", "new 60 A 192.0.2.1\n");
    EXPECT_EQ(signature_count(dns::RRType::A), 1);
    EXPECT_EQ(signature_count(dns::RRType::RRSIG), 1);
    next(3, "new 60 A 192.0.2.1\n", "");
    EXPECT_EQ(signature_count(dns::RRType::RRSIG), 2);
    EXPECT_EQ(zone_.image().header().record_count, 8U);
    next(4, "new 30 RRSIG A " + end + "new 30 RRSIG TXT " + end, "");
    EXPECT_EQ(text_of(zone_).find("new."), std::string::npos);
}

TEST_F(ApplyTest, ChecksTheZoneAsAFileIsChecked) {
    EXPECT_EQ(apply("", "www 60 CNAME ns\n"),
              "the zone would be wrong: Www.example.org. has a CNAME and also A records");
    EXPECT_EQ(apply("@ 60 NS ns\n", ""), "the zone would be wrong: no NS record at example.org.");
}

TEST_F(ApplyTest, WantsTheVersionThatTheChangeIsOf) {
    const Version version(zone_.image());
    const auto other =
        apply_changes(version, change_of("@ 60 SOA ns h 8 2 3 4 5\n", "@ 60 SOA ns h 9 2 3 4 5\n"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().message, "the change is one of serial 8, the zone has 1");
    const auto none = apply_changes(version, change_of("", kNewSoa));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().message, "the change does not go from one SOA to another");
}

}  // namespace
}  // namespace nearcast::zone
