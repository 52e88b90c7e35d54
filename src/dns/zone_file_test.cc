// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_file.h"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/response.h"

namespace nearcast::dns {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ZoneFile : public testing::Test {
 protected:
    ZoneFile() {
        options_.file = "zones/example.org.zone";
        options_.origin = parse_name("example.org.").value();
        options_.default_ttl = 300;
        options_.read_file = [this](const std::string& path) -> base::Result<std::string> {
            const auto file = files_.find(path);
            if (file == files_.end()) return base::fail(path + ": No such file or directory");
            return file->second;
        };
    }

    // The records of `text`, one a line.
    std::vector<std::string> records(std::string_view text) {
        std::vector<std::string> got;
        errors_.clear();
        for (const auto& error :
             parse_zone_file(text, options_, [&](const Record& record, const ZoneFilePlace& place) {
                 got.push_back(to_text(record));
                 last_line_ = place.line;
             })) {
            errors_.push_back(base::to_text(to_error(error)));
        }
        return got;
    }

    std::vector<std::string> errors(std::string_view text) {
        (void)records(text);
        return errors_;
    }

    ZoneFileOptions options_;
    std::map<std::string, std::string> files_;
    std::vector<std::string> errors_;
    size_t last_line_ = 0;
};

TEST_F(ZoneFile, TakesTtlAndClassInEitherOrderOrNotAtAll) {
    const std::string same = "www.example.org. 60 IN A 192.0.2.1";
    for (const char* line : {"www 60 IN A 192.0.2.1", "www IN 60 A 192.0.2.1", "www 1m A 192.0.2.1",
                             "www.example.org. 60 in a 192.0.2.1", "www\t60\tA\t192.0.2.1 ; note",
                             "www 60 CLASS1 TYPE1 \\# 4 c0 000201", "www 60 A 192.0.2.1\r\n"}) {
        EXPECT_THAT(records(line), ElementsAre(same)) << line;
        EXPECT_THAT(errors_, IsEmpty()) << line;
    }
    EXPECT_THAT(records("www A 192.0.2.1"), ElementsAre("www.example.org. 300 IN A 192.0.2.1"));
}

TEST_F(ZoneFile, RepeatsTheOwnerOnBlankLines) {
    EXPECT_THAT(records("@ A 192.0.2.1\n\n ; nothing\n   A 192.0.2.2\n\tTXT x"),
                ElementsAre("example.org. 300 IN A 192.0.2.1", "example.org. 300 IN A 192.0.2.2",
                            "example.org. 300 IN TXT \"x\""));
    EXPECT_EQ(last_line_, 5U);
}

TEST_F(ZoneFile, ReadsOverLinesWithinParentheses) {
    EXPECT_THAT(
        records("@ SOA ns1 hostmaster ( ; (a note)\n 1 2h\n 15m 2w 1h ) ; end\na A 192.0.2.1"),
        ElementsAre("example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. "
                    "1 7200 900 1209600 3600",
                    "a.example.org. 300 IN A 192.0.2.1"));
    EXPECT_EQ(last_line_, 4U);
    EXPECT_THAT(records("(a) A (192.0.2.1)"), ElementsAre("a.example.org. 300 IN A 192.0.2.1"));
}

TEST_F(ZoneFile, KeepsQuotedAndEscapedText) {
    EXPECT_THAT(records("a TXT \"x;(y)\\\"\" b\\;c \"\" d\\ e \\065"),
                ElementsAre("a.example.org. 300 IN TXT \"x;(y)\\\"\" \"b;c\" \"\" \"d e\" \"A\""));
    EXPECT_THAT(records("a\\.b\\ c TXT x"),
                ElementsAre("a\\.b\\032c.example.org. 300 IN TXT \"x\""));
    EXPECT_THAT(records("@ HTTPS 1 . alpn=\"h2,h3\" key667=\"a b\""),
                ElementsAre("example.org. 300 IN HTTPS 1 . alpn=\"h2,h3\" key667=\"a b\""));
}

TEST_F(ZoneFile, FollowsOriginAndTtl) {
    EXPECT_THAT(records("$TTL 1h\n$ORIGIN sub\na A 192.0.2.1\n$origin other.\na 5 A 192.0.2.1\n"
                        "b A 192.0.2.2"),
                ElementsAre("a.sub.example.org. 3600 IN A 192.0.2.1", "a.other. 5 IN A 192.0.2.1",
                            "b.other. 3600 IN A 192.0.2.2"));
}

TEST_F(ZoneFile, UsesTheLastTtlOrTheMinimumWithoutADefault) {
    options_.default_ttl.reset();
    EXPECT_THAT(records("a 5 A 192.0.2.1\nb A 192.0.2.2"),
                ElementsAre("a.example.org. 5 IN A 192.0.2.1", "b.example.org. 5 IN A 192.0.2.2"));
    EXPECT_THAT(records("@ SOA . . 1 2 3 4 77"),
                ElementsAre("example.org. 77 IN SOA . . 1 2 3 4 77"));
    EXPECT_THAT(errors("b A 192.0.2.2"),
                ElementsAre("zones/example.org.zone:1:1: the record has no TTL, and none comes "
                            "before it\n  try: $TTL 3600"));
}

TEST_F(ZoneFile, IncludesFilesAndComesBack) {
    files_["zones/hosts"] = "@ A 192.0.2.1\n$ORIGIN elsewhere.\nx A 192.0.2.2\n";
    EXPECT_THAT(
        records("a A 192.0.2.9\n$INCLUDE hosts sub\n  TXT here\nb A 192.0.2.3"),
        ElementsAre("a.example.org. 300 IN A 192.0.2.9", "sub.example.org. 300 IN A 192.0.2.1",
                    "x.elsewhere. 300 IN A 192.0.2.2", "a.example.org. 300 IN TXT \"here\"",
                    "b.example.org. 300 IN A 192.0.2.3"));
    EXPECT_THAT(
        errors("$INCLUDE nowhere"),
        ElementsAre("zones/example.org.zone:1:10: zones/nowhere: No such file or directory"));
    files_["zones/self"] = "$INCLUDE self\n";
    EXPECT_THAT(errors("$INCLUDE self"),
                ElementsAre("zones/self:1:10: \"self\" is included too deep or too often: does it "
                            "include itself?"));
    files_["/bad"] = "\nx A";
    EXPECT_THAT(errors("$INCLUDE /bad"),
                ElementsAre("/bad:2:3: A needs an IPv4 address, found nothing\n"
                            "  try: x.example.org. 3600 IN A 192.0.2.1"));
}

TEST_F(ZoneFile, GeneratesRecords) {
    EXPECT_THAT(
        records("$GENERATE 0-4/2 h${1,3,d} 60 IN A 192.0.2.$"),
        ElementsAre("h001.example.org. 60 IN A 192.0.2.0", "h003.example.org. 60 IN A 192.0.2.2",
                    "h005.example.org. 60 IN A 192.0.2.4"));
    EXPECT_THAT(records("$GENERATE 26-26 ${0,5,n} PTR a\\$-${0,0,X}.b."),
                ElementsAre("a.1.0.example.org. 300 IN PTR a\\$-1A.b."));
    EXPECT_THAT(records("$GENERATE 1-1 @ MX \"0 mail-$\""),
                ElementsAre("example.org. 300 IN MX 0 mail-1.example.org."));
    EXPECT_THAT(records("$GENERATE 1-1 @ TXT \"mail $\""),
                ElementsAre("example.org. 300 IN TXT \"mail 1\""));
    EXPECT_THAT(
        errors("\n$GENERATE 1-9 h$ A 192.0.2"),
        ElementsAre("zones/example.org.zone:2:1: A needs an IPv4 address: \"192.0.2\" is not "
                    "an IPv4 address\n  try: h1.example.org. 3600 IN A 192.0.2.1"));
    EXPECT_EQ(errors("$GENERATE 0-99999999 h$ A 192.0.2.1").size(), 1U);
    EXPECT_EQ(errors("$GENERATE 1-2 h${-5,1,x} A 192.0.2.1").size(), 1U);
    EXPECT_EQ(errors("$GENERATE 2-1 h$ A 192.0.2.1").size(), 1U);
}

TEST_F(ZoneFile, SaysWhereAndWhatAndHowItWouldBeRight) {
    EXPECT_THAT(
        errors("@ 3600 IN\n  MX mail\n"),
        ElementsAre("zones/example.org.zone:1:8: \"IN\" ends the entry, which names no record "
                    "type\n  try: www.example.org. 3600 IN A 192.0.2.1",
                    "zones/example.org.zone:2:6: MX needs a preference and a host: \"mail\" is "
                    "not a number from 0 to 65535\n"
                    "  try: example.org. 3600 IN MX 10 mail.example.org."));
    EXPECT_THAT(
        errors("a SOA . . (\n 1 2\n x 4 5 )"),
        ElementsAre("zones/example.org.zone:3:2: SOA needs primary, mailbox, serial, refresh, "
                    "retry, expire and minimum: \"x\" is not a time, such as 3600 or 1h30m\n"
                    "  try: a.example.org. 3600 IN SOA ns1.example.org. "
                    "hostmaster.example.org. 2026010100 7200 900 1209600 300"));
}

TEST_F(ZoneFile, SaysHowATypeWithoutANameIsWritten) {
    const auto told = errors("a FOO bar\n");
    ASSERT_EQ(told.size(), 1U);
    EXPECT_THAT(told[0], HasSubstr("\"FOO\" is not a record type"));
    EXPECT_THAT(told[0], HasSubstr("TYPE65280 \\# 4 c0000201"));
}

TEST_F(ZoneFile, GoesOnAfterAnError) {
    const auto got = records("a TXT \"open\nb A 192.0.2.1\nc A (\nd A 192.0.2.2\n) e\nf X 1\n)\n");
    EXPECT_THAT(got, ElementsAre("b.example.org. 300 IN A 192.0.2.1"));
    EXPECT_EQ(errors_.size(), 4U);
    EXPECT_THAT(records("a TXT (\nb A 192.0.2.1\n"),
                ElementsAre("b.example.org. 300 IN A 192.0.2.1"));
    EXPECT_THAT(errors_,
                ElementsAre("zones/example.org.zone:1:7: \"(\" opens a parenthesis that is "
                            "never closed"));
}

TEST_F(ZoneFile, TellsFilesThatAreNoPlainText) {
    EXPECT_THAT(errors("\xEF\xBB\xBF"
                       "a A 192.0.2.1\n"),
                ElementsAre("zones/example.org.zone:1:1: the file begins with a byte order mark\n"
                            "  try: save it as UTF-8 without one"));
    EXPECT_THAT(errors(std::string_view("a\0 A 192.0.2.1\n", 15)),
                ElementsAre("zones/example.org.zone:1:2: \"?\" is a byte of zero: save the file as "
                            "UTF-8, or write \\000"));
}

TEST_F(ZoneFile, TheOwnerIsTheOneInFrontOfWhatIsGenerated) {
    EXPECT_THAT(
        records("p A 192.0.2.8\n$GENERATE 1-2 a$ A 192.0.2.$\n  A 192.0.2.9\n"),
        ElementsAre("p.example.org. 300 IN A 192.0.2.8", "a1.example.org. 300 IN A 192.0.2.1",
                    "a2.example.org. 300 IN A 192.0.2.2", "p.example.org. 300 IN A 192.0.2.9"));
}

// As named-checkzone and nsd-checkzone do, but for lines that end with nothing else.
TEST_F(ZoneFile, RefusesACarriageReturnWithinALine) {
    EXPECT_THAT(errors("a IN\rA 192.0.2.1\nb A 192.0.2.2\n"),
                ElementsAre("zones/example.org.zone:1:5: \"?\" is a carriage return within a line: "
                            "save the file with the line ends of Unix or Windows"));
    EXPECT_THAT(errors("a A 192.0.2.1\rb A 192.0.2.2\r").size(), 1U);
    EXPECT_THAT(records("a TXT \"x\" ; a \r note\r\n"),
                ElementsAre("a.example.org. 300 IN TXT \"x\""));
}

TEST_F(ZoneFile, TakesAnyLineEndAndNone) {
    const std::string same = "a.example.org. 300 IN TXT \"x\"";
    for (const char* text : {"a TXT x", "a TXT x\n", "a TXT x\r\n", "a\tTXT\t\tx\t\n", "a TXT x;",
                             "\r\na TXT x\r\n\r\n", "a TXT ( x\r\n )\r\n"}) {
        EXPECT_THAT(records(text), ElementsAre(same)) << text;
        EXPECT_THAT(errors_, IsEmpty()) << text;
    }
    const std::string longest(255, 'x');
    std::string text = "a TXT";
    for (int i = 0; i < 200; ++i) text += " \"" + longest + '"';
    EXPECT_EQ(records(text).size(), 1U);
}

TEST_F(ZoneFile, StopsAtTheBoundOfErrors) {
    options_.error_count_max = 3;
    EXPECT_EQ(errors("a X\na X\na X\na X\n").size(), 3U);
}

TEST_F(ZoneFile, RefusesWhatNoZoneHolds) {
    for (const char* line :
         {"  A 192.0.2.1", "a CH TXT x", "a OPT \\# 0", "a ANY \\# 0", "a 2147483648 A 192.0.2.1",
          "a 1x A 192.0.2.1", "a..b A 192.0.2.1", "$NOSUCH x", "$TTL", "$TTL a", "$ORIGIN",
          "$ORIGIN a b", "$INCLUDE", "$GENERATE", "a A 192.0.2.1 extra", "a"}) {
        EXPECT_EQ(errors(line).size(), 1U) << line;
    }
}

}  // namespace
}  // namespace nearcast::dns
