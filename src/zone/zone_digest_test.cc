// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_digest.h"

#include <string>

#include <gtest/gtest.h>

#include "zone/compile.h"

namespace nearcast::zone {
namespace {

// RFC 8976, appendix A.1.
constexpr const char* kSimple = R"(
$TTL 86400
@    SOA  ns1 admin 2018031900 1800 900 604800 86400
@    NS   ns1
@    NS   ns2
ns1  3600 A     203.0.113.63
ns2  3600 AAAA  2001:db8::63
)";
constexpr const char* kSimpleDigest =
    "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730"
    "044c";

constexpr const char* kOddTtl = R"(
@   3600 SOA    ns. h. 5 3600 900 604800 300
@   3600 NS     ns.
@   3600 ZONEMD 5 1 1 ( 25351cd04942837e212470c7d3a833dd29bf111b8c94e7e6
                        fc1f9bb1d60743645ed17625b6daec3b5307570677a85be8 )
www 3600 A      1.2.3.4
www 60   RRSIG  A 13 2 60 20380119031408 20040110133704 5 @ (
                  eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4
                  eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eA== )
)";

// The names of the checks that have something to say about the ZONEMD.
std::string told(const std::string& zonemd, const std::string& more = {}) {
    const CompiledZone zone =
        compile_zone_text(*dns::parse_name("example."), kSimple + zonemd + "\n" + more);
    std::string text;
    for (const Diagnostic& diagnostic : zone.diagnostics) {
        const std::string check = diagnostic.check;
        if (check.starts_with("zonemd")) text += check + (zone.image ? "" : " refused");
    }
    return text;
}

std::string zonemd(const std::string& front, std::string digest = kSimpleDigest) {
    return "@ ZONEMD " + front + " " + std::move(digest);
}

TEST(CheckDigest, AcceptsTheExampleOfTheRfc) { EXPECT_EQ(told(zonemd("2018031900 1 1")), ""); }

TEST(CheckDigest, RefusesAZoneThatIsAnother) {
    EXPECT_EQ(told(zonemd("2018031900 1 1"), "x 60 A 192.0.2.1\n"), "zonemd-mismatch refused");
    std::string changed = kSimpleDigest;
    changed.back() = 'd';
    EXPECT_EQ(told(zonemd("2018031900 1 1", changed)), "zonemd-mismatch refused");
}

TEST(CheckDigest, OnlyWarnsWhereNoRecordMayBeUsed) {
    EXPECT_EQ(told(zonemd("2018031899 1 1")), "zonemd-unusable");
    EXPECT_EQ(told(zonemd("2018031900 240 1")), "zonemd-unusable");
    EXPECT_EQ(told(zonemd("2018031900 1 241")), "zonemd-unusable");
    EXPECT_EQ(
        told(zonemd("2018031900 1 1") + "\n" + zonemd("2018031900 1 1", std::string(96, '0'))),
        "zonemd-unusable");
}

// RFC 8976 §3.3.1 digests records as they are. By Knot DNS, which made this digest, too.
TEST(CheckDigest, TakesSignaturesWithTheirOwnTtl) {
    EXPECT_TRUE(compile_zone_text(*dns::parse_name("zmf."), kOddTtl).image);
}

TEST(CheckDigest, WantsOneThatFitsAmongSeveral) {
    const std::string wrong = zonemd("2018031900 1 2", std::string(128, '0'));
    EXPECT_EQ(told(zonemd("2018031900 1 1") + "\n" + wrong), "");
    EXPECT_EQ(told(wrong), "zonemd-mismatch refused");
}

}  // namespace
}  // namespace nearcast::zone
