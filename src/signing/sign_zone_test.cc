// SPDX-License-Identifier: Apache-2.0

#include "signing/sign_zone.h"

#include <gtest/gtest.h>

#include "signing/signing_fixture.h"

namespace nearcast::signing {
namespace {

using zone::Version;

constexpr std::string_view kZone =
    "@ 3600 SOA ns1 h 7 7200 900 1209600 300\n"
    "@ 3600 NS ns1\n"
    "@ 3600 NS ns.sub\n"
    "ns1 60 A 192.0.2.1\n"
    "ns1 60 A 192.0.2.2\n"
    "Www 60 CNAME ns1\n"
    "*.wild 60 MX 10 ns1\n"
    "deep.er.name 60 TXT \"x\"\n"
    "sub 60 NS ns.sub\n"
    "sub 60 DS 1 13 2 3A6EB2D3C6E5F5A5C4E5C43A1B0E9D6A4D0F2C4B6A8097867564534231201F0E\n"
    "ns.sub 60 A 192.0.2.3\n"
    "plain 60 NS ns.plain\n"
    "ns.plain 60 A 192.0.2.3\n"
    "d.ent 60 NS ns.elsewhere.test.\n"
    "tree 60 DNAME example.net.\n"
    "lost.tree 60 A 192.0.2.9\n";

std::string line_with(const std::string& text, std::string_view begin) {
    for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        const auto line = text.substr(at, text.find('\n', at) - at);
        if (line.starts_with(begin)) return line;
    }
    return "";
}

class SignZone : public ::testing::TestWithParam<Denial> {};

TEST_P(SignZone, ProvesAllThatTheZoneSpeaksFor) {
    SigningPlan plan = plan_with_one_key();
    plan.denial = GetParam();
    const auto image = sign(zone::image_of(kZone), plan);
    ASSERT_TRUE(image);
    const std::string text = outline(Version(image.image()));
    EXPECT_EQ(faults_of(Version(image.image())), "") << text;
    EXPECT_EQ(Version(image.image()).serial(), 1U);
    // Glue, what is below a DNAME, and the delegation itself are not the zone's to sign.
    EXPECT_EQ(line_with(text, "ns.sub.example.org. 60 RRSIG"), "");
    EXPECT_EQ(line_with(text, "lost.tree.example.org. 60 RRSIG"), "");
    EXPECT_EQ(line_with(text, "plain.example.org. 60 RRSIG NS"), "");
    EXPECT_NE(line_with(text, "sub.example.org. 60 RRSIG DS"), "");
    EXPECT_NE(line_with(text, "tree.example.org. 60 RRSIG DNAME"), "");
    EXPECT_NE(line_with(text, "*.wild.example.org. 60 RRSIG MX 13 3 "), "");
}

TEST_P(SignZone, GivesTheSameOnAnyNumberOfThreads) {
    SigningPlan plan = plan_with_one_key();
    plan.denial = GetParam();
    std::string text(kZone);
    for (int i = 0; i < 2500; ++i) text += "n" + std::to_string(i) + " 60 A 192.0.2.1\n";
    const auto unsigned_zone = zone::image_of(text);
    const auto one = sign(unsigned_zone, plan);
    plan.thread_count = 4;
    const auto four = sign(unsigned_zone, plan);
    EXPECT_EQ(outline(Version(one.image())), outline(Version(four.image())));
}

TEST_P(SignZone, DropsWhatAnotherSignerMade) {
    SigningPlan plan = plan_with_one_key();
    plan.denial = GetParam();
    const auto first = sign(zone::image_of(kZone), plan_with_one_key());
    const auto second = sign(first, plan);
    EXPECT_EQ(outline(Version(second.image())),
              outline(Version(sign(zone::image_of(kZone), plan).image())));
    EXPECT_EQ(faults_of(Version(second.image())), "");
}

TEST_P(SignZone, PutsADigestOverAll) {
    SigningPlan plan = plan_with_one_key();
    plan.denial = GetParam();
    for (const auto kind : {dnssec::DigestKind::Sha384, dnssec::DigestKind::Sha512}) {
        plan.zonemd = kind;
        const auto image = sign(zone::image_of(kZone), plan);
        const std::string text = outline(Version(image.image()));
        EXPECT_NE(line_with(text, "example.org. 3600 ZONEMD 1 1 "), "") << text;
        EXPECT_EQ(faults_of(Version(image.image())), "");
    }
}

TEST_P(SignZone, SignsWithEachAlgorithmAndEachKeyForItsPart) {
    SigningPlan plan;
    const auto ksk = make_key(dnssec::kZoneKeyFlag | dnssec::kSepFlag);
    const auto zsk = make_key(dnssec::kZoneKeyFlag);
    const auto both = make_key(dnssec::kZoneKeyFlag | dnssec::kSepFlag, dnssec::Algorithm::Ed25519);
    plan = plan_with(ksk);
    plan.keys[0].signs_zone = false;
    plan.keys.push_back({.key = zsk, .signs_keys = false, .signs_zone = true});
    plan.keys.push_back({.key = both, .signs_keys = true, .signs_zone = true});
    for (const auto* key : {&zsk, &both}) {
        plan.dnskeys.emplace_back(key->dnskey().begin(), key->dnskey().end());
    }
    plan.denial = GetParam();
    const auto image = sign(zone::image_of(kZone), plan);
    EXPECT_EQ(faults_of(Version(image.image())), "");
    const auto signers_of = [&](dns::RRType type) {
        std::vector<uint16_t> tags;
        const OwnedSets sets = read_sets(Version(image.image()).apex());
        for (const auto& rdata : find_set(sets, type)->signatures) {
            tags.push_back(dnssec::read_rrsig(rdata)->key_tag);
        }
        return tags;
    };
    using Tags = std::vector<uint16_t>;
    EXPECT_EQ(signers_of(dns::RRType::DNSKEY), (Tags{ksk.key_tag(), both.key_tag()}));
    EXPECT_EQ(signers_of(dns::RRType::CDS), (Tags{ksk.key_tag(), both.key_tag()}));
    EXPECT_EQ(signers_of(dns::RRType::SOA), (Tags{zsk.key_tag(), both.key_tag()}));
}

INSTANTIATE_TEST_SUITE_P(Denials, SignZone,
                         ::testing::Values(Denial{}, nsec3(), nsec3(true),
                                           Denial{.uses_nsec3 = true,
                                                  .opts_out = false,
                                                  .iterations = 3,
                                                  .salt = {1, 2, 3}}));

TEST(SignZoneNsec, LeadsFromNameToNameWithTheirTypes) {
    const auto image = sign(zone::image_of(kZone), plan_with_one_key());
    const std::string text = outline(Version(image.image()));
    EXPECT_EQ(line_with(text, "example.org. 300 NSEC "),
              "example.org. 300 NSEC d.ent.example.org. NS SOA RRSIG NSEC DNSKEY CDS CDNSKEY");
    EXPECT_EQ(line_with(text, "d.ent.example.org. 300 NSEC "),
              "d.ent.example.org. 300 NSEC deep.er.name.example.org. NS RRSIG NSEC");
    EXPECT_EQ(line_with(text, "sub.example.org. 300 NSEC "),
              "sub.example.org. 300 NSEC tree.example.org. NS DS RRSIG NSEC");
    EXPECT_EQ(line_with(text, "Www.example.org. 300 NSEC "),
              "Www.example.org. 300 NSEC example.org. CNAME RRSIG NSEC");
}

// Hash of plain.example.org. by `ldns-nsec3-hash -t 0`; a delegation without DS has no RRSIG.
TEST(SignZoneNsec3, LeavesOutWhatOptOutMay) {
    SigningPlan plan = plan_with_one_key();
    const auto count = [&](bool opts_out) {
        plan.denial = nsec3(opts_out);
        const auto image = sign(zone::image_of(kZone), plan);
        return Version(image.image()).base().header().nsec3_count;
    };
    // The apex, ns1, www, wild, *.wild, name, er.name, deep.er.name, sub, tree; then plain, ent and
    // d.ent too.
    EXPECT_EQ(count(true), 10U);
    EXPECT_EQ(count(false), 13U);
}

// 222 octets and a hash of 33 are a name; one more is none.
TEST(SignZoneNsec3, IsRefusedToANameTooLongForHashes) {
    const std::string label(62, 'l');
    for (const size_t last : {31U, 32U}) {
        const auto apex = *dns::parse_name(label + '.' + label + '.' + label + '.' +
                                           std::string(last, 'k') + '.');
        const auto compiled =
            zone::compile_zone_text(apex, "@ 300 SOA ns1.x. h.x. 1 1 1 5 1\n@ 300 NS ns1.x.\n");
        auto plan = plan_with_one_key();
        plan.denial = nsec3();
        EXPECT_EQ(signed_image(Version(compiled.image.image()), plan).has_value(), last == 31);
        plan.denial = {};
        EXPECT_TRUE(signed_image(Version(compiled.image.image()), plan));
    }
}

TEST(SignatureTimes, OutliveEveryCopy) {
    const auto image = zone::image_of("@ 3600 SOA ns1 h 7 7200 900 1209600 300\n@ 1 NS ns1.x.\n");
    uint32_t ttl = 0;
    const auto soa = zone::soa_rdata(Version(image.image()), ttl);
    const SignaturePolicy policy;
    const auto times = times_for(policy, soa, 86400, kNow);
    EXPECT_EQ(times.remaining_min, 1209600U + 7200U + 900U + 86400U + policy.slack);
    EXPECT_EQ(times.life - times.jitter, times.remaining_min + policy.renewal_interval);
}

TEST(SignatureTimes, StayWithinTheArithmeticOfSerials) {
    const auto image =
        zone::image_of("@ 3600 SOA ns1 h 7 2147483647 900 2147483647 300\n@ 1 NS ns1.x.\n");
    uint32_t ttl = 0;
    const auto soa = zone::soa_rdata(Version(image.image()), ttl);
    const auto times = times_for({}, soa, dns::kTtlMax, kNow);
    EXPECT_LT(times.life, 0x80000000U);
    EXPECT_GT(times.life - times.jitter, times.remaining_min);
}

}  // namespace
}  // namespace nearcast::signing
