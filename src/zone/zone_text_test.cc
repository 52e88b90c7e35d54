// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/zone_file.h"

namespace nearcast::zone {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

ZoneDraft draft_of(std::string_view text) {
    dns::ZoneFileOptions options;
    options.origin = dns::parse_name("example.org.").value();
    options.default_ttl = 60;
    ZoneDraft draft(options.origin);
    const auto errors = dns::parse_zone_file(
        text, options, [&](const dns::Record& record, const dns::ZoneFilePlace&) {
            EXPECT_TRUE(draft.add(record, {}));
        });
    EXPECT_TRUE(errors.empty());
    draft.arrange();
    return draft;
}

TEST(ZoneText, IsTheSameWhateverTheOrderOfTheFile) {
    const std::string text =
        "example.org. 60 IN SOA ns1.example.org. h.example.org. 1 2 3 4 5\n"
        "example.org. 60 IN NS ns1.example.org.\n"
        "ns1.example.org. 60 IN A 192.0.2.1\n"
        "ns1.example.org. 60 IN A 192.0.2.2\n"
        "a.ns1.example.org. 60 IN TXT \"x\"\n";
    EXPECT_EQ(zone_to_text(draft_of("a.ns1 TXT x\nns1 A 192.0.2.2\nns1 A 192.0.2.1\n@ NS ns1\n"
                                    "@ SOA ns1 h 1 2 3 4 5\n@ NS NS1\n"),
                           dns::ZoneFileStyle::Absolute),
              text);
    EXPECT_EQ(zone_to_text(draft_of(text), dns::ZoneFileStyle::Absolute), text);
}

TEST(ZoneText, PutsSignaturesBehindWhatTheyCover) {
    const std::string text =
        "example.org. 60 IN NS ns1.example.org.\n"
        "example.org. 60 IN RRSIG NS 13 2 60 20260201000000 20260101000000 1 example.org. q80=\n"
        "example.org. 60 IN TXT \"x\"\n";
    EXPECT_EQ(zone_to_text(draft_of(text), dns::ZoneFileStyle::Absolute), text);
}

TEST(ZoneText, LeavesOutTheTtlThatMostRecordsHave) {
    EXPECT_EQ(zone_to_text(draft_of("@ 5 NS ns1\nns1 A 192.0.2.1\n  TXT x\n"),
                           dns::ZoneFileStyle::Relative),
              "$ORIGIN example.org.\n$TTL 60\n@\t5\tNS\tns1.example.org.\nns1\tA\t192.0.2.1\n"
              "\tTXT\t\"x\"\n");
}

TEST(CompareZones, TellsWhatOnlyOneHas) {
    const ZoneDraft from = draft_of("a A 192.0.2.1\nb A 192.0.2.1\nc A 192.0.2.1\n");
    const ZoneDraft to = draft_of("c A 192.0.2.1\nb A 192.0.2.2\nd A 192.0.2.1\n");
    EXPECT_THAT(
        compare_zones(from, to),
        ElementsAre("-a.example.org. 60 IN A 192.0.2.1", "-b.example.org. 60 IN A 192.0.2.1",
                    "+b.example.org. 60 IN A 192.0.2.2", "+d.example.org. 60 IN A 192.0.2.1"));
    EXPECT_THAT(compare_zones(from, from), IsEmpty());
}

}  // namespace
}  // namespace nearcast::zone
