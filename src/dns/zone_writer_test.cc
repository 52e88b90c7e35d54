// SPDX-License-Identifier: Apache-2.0

#include "dns/zone_writer.h"

#include <gtest/gtest.h>

#include "dns/zone_file.h"

namespace nearcast::dns {
namespace {

constexpr std::string_view kZone =
    "$TTL 300\n@ SOA ns1 h 1 2 3 4 5\n@ 60 NS ns1\na\\.b A 192.0.2.1\n  A 192.0.2.2\n"
    "away.example.net. TXT \"x y\"\n";

// `text`, read and written again.
std::string rewritten(std::string_view text, ZoneFileStyle style) {
    ZoneFileOptions options;
    options.origin = parse_name("example.org.").value();
    ZoneWriter writer(options.origin, style, 300);
    std::string written;
    writer.begin(written);
    const auto errors =
        parse_zone_file(text, options, [&](const Record& record, const ZoneFilePlace&) {
            writer.write(
                {record.owner.wire(), record.type, record.rr_class, record.ttl, record.rdata},
                written);
        });
    EXPECT_TRUE(errors.empty());
    return written;
}

TEST(ZoneWriter, WritesLinesThatStandForThemselves) {
    EXPECT_EQ(rewritten(kZone, ZoneFileStyle::Absolute),
              "example.org. 300 IN SOA ns1.example.org. h.example.org. 1 2 3 4 5\n"
              "example.org. 60 IN NS ns1.example.org.\n"
              "a\\.b.example.org. 300 IN A 192.0.2.1\n"
              "a\\.b.example.org. 300 IN A 192.0.2.2\n"
              "away.example.net. 300 IN TXT \"x y\"\n");
}

TEST(ZoneWriter, LeavesOutForPeopleWhatRepeats) {
    EXPECT_EQ(rewritten(kZone, ZoneFileStyle::Relative),
              "$ORIGIN example.org.\n$TTL 300\n"
              "@\tSOA\tns1.example.org. h.example.org. 1 2 3 4 5\n"
              "\t60\tNS\tns1.example.org.\n"
              "a\\.b\tA\t192.0.2.1\n"
              "\tA\t192.0.2.2\n"
              "away.example.net.\tTXT\t\"x y\"\n");
}

TEST(ZoneWriter, WritesWhatReadsBackTheSame) {
    const std::string absolute = rewritten(kZone, ZoneFileStyle::Absolute);
    EXPECT_EQ(rewritten(absolute, ZoneFileStyle::Absolute), absolute);
    EXPECT_EQ(rewritten(rewritten(kZone, ZoneFileStyle::Relative), ZoneFileStyle::Absolute),
              absolute);
}

}  // namespace
}  // namespace nearcast::dns
