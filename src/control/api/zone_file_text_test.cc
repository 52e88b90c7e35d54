// SPDX-License-Identifier: Apache-2.0

#include "control/api/zone_file_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nearcast::control_api {
namespace {

using testing::HasSubstr;

const dns::Name kZone = *dns::parse_name("example.org.");

// A line for each record, or what is wrong.
std::string read(const std::string& text) {
    const auto sets = read_zone_file_text(text, kZone);
    if (!sets) return sets.error().message;
    std::string lines;
    for (const control::Rrset& set : *sets) {
        for (const control::RecordText& record : set.records) {
            lines += dns::to_text(set.owner) + ' ' + std::to_string(set.ttl) + ' ' +
                     dns::to_text(set.type) + ' ' + record.content + '\n';
        }
    }
    return lines;
}

TEST(ZoneFileText, BecomesSets) {
    EXPECT_EQ(
        read("$TTL 5m\n"
             "@ SOA ns1 hostmaster 7 3600 600 86400 300\n"
             "WWW A 192.0.2.1\n"
             "www 60 A 192.0.2.2\n"
             "www A 192.0.2.1\n"
             "txt TXT plain \"two words\"\n"),
        "txt.example.org. 300 TXT \"plain\" \"two words\"\n"
        "www.example.org. 300 A 192.0.2.1\n"
        "www.example.org. 300 A 192.0.2.2\n"
        "example.org. 300 SOA ns1.example.org. hostmaster.example.org. 7 3600 600 86400 300\n");
    EXPECT_EQ(read(""), "");
}

TEST(ZoneFileText, MayHaveLongStringsAsPowerDnsHasThem) {
    const std::string part(255, 'x');
    EXPECT_EQ(read("a 60 TXT \"" + part + "yz\"\n"),
              "a.example.org. 60 TXT \"" + part + "\" \"yz\"\n");
    const std::string words = zone_file_words(dns::RRType::TXT, '"' + part + "yz\"");
    EXPECT_EQ(words, '"' + part + "\" \"yz\"");
    EXPECT_EQ(zone_file_words(dns::RRType::TXT, "\"a\"   \"b\""), "\"a\"   \"b\"");
}

TEST(ZoneFileText, LeavesOutWhatIsMadeHere) {
    EXPECT_EQ(read("a 60 A 192.0.2.1\na 60 NSEC b A\n@ 0 NSEC3PARAM 1 0 0 -\n"),
              "a.example.org. 60 A 192.0.2.1\n");
}

TEST(ZoneFileText, TellsTheLineOfAMistake) {
    EXPECT_THAT(read("a 60 A 192.0.2.1\nb 60 A 192.0.2\n"), HasSubstr("zone:2:"));
    EXPECT_THAT(read("$INCLUDE /etc/passwd\n"), HasSubstr("zone:1:"));
    EXPECT_THAT(read("$GENERATE 1-200000 h$ 60 A 192.0.2.1\n"), HasSubstr("zone:1:"));
}

}  // namespace
}  // namespace nearcast::control_api
