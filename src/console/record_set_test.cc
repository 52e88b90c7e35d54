// SPDX-License-Identifier: Apache-2.0

#include "console/record_set.h"

#include <gmock/gmock.h>

#include "zone/compile.h"

namespace nearcast::console {
namespace {

using dns::RRType;
using testing::ElementsAre;
using testing::HasSubstr;

const dns::Name kZone = *dns::parse_name("example.org.");

TEST(TypedOwner, IsRelativeUnlessItEndsInADot) {
    EXPECT_EQ(*typed_owner("@", kZone), kZone);
    EXPECT_EQ(dns::to_text(*typed_owner("WWW", kZone)), "www.example.org.");
    EXPECT_EQ(dns::to_text(*typed_owner("a.b.example.org.", kZone)), "a.b.example.org.");
    EXPECT_FALSE(typed_owner("www.example.net.", kZone));
    EXPECT_FALSE(typed_owner("a..b", kZone));
}

TEST(TypedOwner, IsNotRepeatedByMistake) {
    const auto name = typed_owner("www.example.org", kZone);
    ASSERT_FALSE(name);
    EXPECT_THAT(name.error().message, HasSubstr("would be www.example.org.example.org."));
    EXPECT_FALSE(typed_owner("example.org", kZone));
}

TEST(TypedOwner, InUnicodeIsRefused) {
    EXPECT_THAT(typed_owner("bücher", kZone).error().message, HasSubstr("A-labels"));
    EXPECT_FALSE(typed_owner("a b", kZone));
    EXPECT_FALSE(typed_content(RRType::CNAME, "bücher", kZone));
    EXPECT_EQ(*typed_content(RRType::TXT, "bücher", kZone), "\"b\\195\\188cher\"");
}

TEST(TypedContent, CompletesNamesAndQuotesText) {
    EXPECT_EQ(*typed_content(RRType::MX, "10 mail", kZone), "10 mail.example.org.");
    EXPECT_EQ(*typed_content(RRType::TXT, "v=spf1 -all; \"x\"", kZone),
              "\"v=spf1 -all; \\\"x\\\"\"");
    EXPECT_EQ(*typed_content(RRType::TXT, "\"a\" \"b c\"", kZone), "\"a\" \"b c\"");
    EXPECT_EQ(*typed_content(RRType::TXT, "", kZone), "\"\"");
    const std::string part(255, 'x');
    EXPECT_EQ(*typed_content(RRType::TXT, part + "yz", kZone), '"' + part + "\" \"yz\"");
    EXPECT_EQ(*typed_content(RRType::TXT, '"' + part + "yz\"", kZone), '"' + part + "\" \"yz\"");
}

TEST(TypedContent, RepeatsTheZoneByMistakeInNoName) {
    const std::pair<RRType, const char*> cases[]{
        {RRType::NS, "ns1.example.org"},
        {RRType::CNAME, "WWW.Example.ORG"},
        {RRType::MX, "10 mx.example.org"},
        {RRType::SRV, "0 5 443 web.example.org"},
        {RRType::HTTPS, "1 web.example.org"},
        {RRType::CNAME, "example.org"},
        {RRType::SOA, "ns1 host.example.org 1 3600 600 86400 300"},
    };
    for (const auto& [type, text] : cases) {
        const auto content = typed_content(type, text, kZone);
        ASSERT_FALSE(content) << text << " is taken as " << *content;
        EXPECT_THAT(content.error().message, HasSubstr("without a final dot would be")) << text;
        EXPECT_THAT(content.error().hint, HasSubstr("with a final dot")) << text;
    }
    EXPECT_EQ(*typed_content(RRType::NS, "ns1.example.org.", kZone), "ns1.example.org.");
    EXPECT_EQ(*typed_content(RRType::CNAME, "@", kZone), "example.org.");
    EXPECT_EQ(*typed_content(RRType::CNAME, "org", kZone), "org.example.org.");
    EXPECT_EQ(*typed_content(RRType::TXT, "ns1.example.org", kZone), "\"ns1.example.org\"");
    EXPECT_EQ(*typed_content(RRType::NS, "ns1.example.org", dns::Name()), "ns1.example.org.");
}

TEST(TypedServer, OfOneWordIsInTheZone) {
    EXPECT_EQ(dns::to_text(*typed_server("ns1", kZone)), "ns1.example.org.");
    EXPECT_EQ(dns::to_text(*typed_server("NS1.example.net", kZone)), "ns1.example.net.");
    EXPECT_EQ(dns::to_text(*typed_server("ns1.example.org.", kZone)), "ns1.example.org.");
    EXPECT_EQ(dns::to_text(*typed_server("@", kZone)), "example.org.");
    EXPECT_FALSE(typed_server("bücher", kZone));
}

TEST(TypedContent, TellsWhatIsWrong) {
    EXPECT_THAT(typed_content(RRType::MX, "mail", kZone).error().message, HasSubstr("MX needs"));
    EXPECT_FALSE(typed_content(RRType::A, "192.0.2.1\n192.0.2.2", kZone));
    EXPECT_FALSE(typed_content(RRType::A, "", kZone));
    EXPECT_FALSE(typed_content(RRType::TXT, "\"open", kZone));
}

TEST(TypedTtl, IsSecondsOrADuration) {
    EXPECT_EQ(*typed_ttl("300"), 300U);
    EXPECT_EQ(*typed_ttl("5m"), 300U);
    EXPECT_EQ(*typed_ttl("2147483647"), 2147483647U);
    for (const char* text : {"", "-1", "2147483648", "1x", "50ms", "A"}) {
        EXPECT_FALSE(typed_ttl(text)) << text;
    }
}

TEST(ReadSets, TakesWhatTheApiTells) {
    const auto sets = read_sets(nlohmann::json::parse(R"([
        {"name": "a.", "type": "TXT", "ttl": 60, "comments": [],
         "records": [{"content": "\"x\"", "disabled": true}]},
        {"name": null}, 7])"));
    ASSERT_EQ(sets.size(), 1U);
    EXPECT_EQ(sets[0].ttl, 60U);
    EXPECT_EQ(sets[0].records, (std::vector<RecordWords>{{"\"x\"", true}}));
    EXPECT_THAT(lines_of(sets[0]), ElementsAre("a. 60 IN TXT \"x\" (switched off)"));
    EXPECT_TRUE(read_sets(nullptr).empty());
}

TEST(EditableText, IsAZoneFileOfWhatIsSwitchedOn) {
    const std::vector<RecordSet> sets{
        {"example.org.",
         "SOA",
         3600,
         {{"ns1.example.net. host.example.org. 7 10800 3600 604800 3600"}}},
        {"example.org.", "NS", 3600, {{"ns1.example.net."}}},
        {"www.example.org.", "A", 300, {{"192.0.2.1"}, {"192.0.2.2", true}}}};
    const auto text = editable_text(kZone, sets);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_THAT(*text, HasSubstr("$ORIGIN example.org."));
    EXPECT_THAT(*text, HasSubstr(";   www.example.org. 300 IN A 192.0.2.2"));
    const auto compiled = zone::compile_zone_text(kZone, *text);
    EXPECT_TRUE(compiled.image);
    EXPECT_EQ(compiled.record_count, 3U);
}

TEST(EditableText, DividesStringsThatTheApiHasAsOne) {
    const std::string part(255, 'x');
    const std::vector<RecordSet> sets{
        {"example.org.",
         "SOA",
         3600,
         {{"ns1.example.net. host.example.org. 7 10800 3600 604800 3600"}}},
        {"txt.example.org.", "TXT", 300, {{'"' + part + "yz\""}}}};
    const auto text = editable_text(kZone, sets);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_THAT(*text, HasSubstr('"' + part + "\" \"yz\""));
}

TEST(EditableText, RefusesWhatIsNotOfTheZone) {
    EXPECT_FALSE(editable_text(kZone, {{"www.example.net.", "A", 1, {{"192.0.2.1"}}}}));
    EXPECT_FALSE(editable_text(kZone, {{"www.example.org.", "A", 1, {{"nonsense"}}}}));
}

TEST(CanonicalContent, IsOneForAllWritings) {
    EXPECT_EQ(canonical_content("AAAA", "2001:DB8:0::1"), canonical_content("AAAA", "2001:db8::1"));
    EXPECT_EQ(canonical_content("TXT", '"' + std::string(256, 'x') + '"'),
              canonical_content("TXT", '"' + std::string(255, 'x') + "\" \"x\""));
    EXPECT_EQ(canonical_content("A", "odd"), "odd");
}

}  // namespace
}  // namespace nearcast::console
