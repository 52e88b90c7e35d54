// SPDX-License-Identifier: Apache-2.0

#include <string>

#include <gtest/gtest.h>

#include "zone/compile.h"
#include "zone/zone_check.h"

namespace nearcast::zone {
namespace {

// The checks that speak of a zone "example.org" with these records and this SOA, and where.
std::string checks_of(std::string_view records,
                      std::string_view soa = "ns1 hostmaster 1 7200 900 1209600 300") {
    const std::string text = "$TTL 60\n@ SOA " + std::string(soa) +
                             "\n@ NS ns1\nns1 A 192.0.2.1\n" + std::string(records);
    std::string told;
    for (const Diagnostic& diagnostic :
         compile_zone_text(*dns::parse_name("example.org."), text).diagnostics) {
        if (!told.empty()) told += ' ';
        told += diagnostic.check + ':' + std::to_string(diagnostic.line);
    }
    return told;
}

TEST(CheckRecords, KnowsAnOddSoa) {
    EXPECT_EQ(checks_of("", "ns1 host\\@example.org. 1 7200 900 1209600 300"), "soa-mailbox:2");
    EXPECT_EQ(checks_of("", "ns1 h 1 900 7200 1209600 300"), "soa-timers:2");
    EXPECT_EQ(checks_of("", "ns1 h 1 7200 900 8000 300"), "soa-timers:2");
    EXPECT_EQ(checks_of("", "ns1 h 1 7200 900 1209600 86401"), "soa-timers:2");
    EXPECT_EQ(checks_of("x CNAME ns1\n", "x h 1 7200 900 1209600 300"), "soa-primary-is-alias:2");
}

TEST(CheckRecords, KnowsNamesThatAreNoHosts) {
    EXPECT_EQ(checks_of("a_b A 192.0.2.2\n"), "host-name:5");
    EXPECT_EQ(checks_of("-a AAAA 2001:db8::1\n"), "host-name:5");
    EXPECT_EQ(checks_of("* A 192.0.2.2\na-b A 192.0.2.2\n_x TXT y\n"), "");
    EXPECT_EQ(checks_of("@ MX 10 a_b.example.net.\n"), "host-name:5");
    EXPECT_EQ(checks_of("@ MX 10 192.0.2.1.\n"), "address-for-name:5");
    EXPECT_EQ(checks_of("@ MX 10 192.0.2.1\n"), "address-for-name:5");
    EXPECT_EQ(checks_of("@ MX 10 2001:db8::1\n"), "address-for-name:5");
    EXPECT_EQ(checks_of("sub NS 192.0.2.1.example.net.\n"), "address-for-name:5");
}

TEST(CheckRecords, TellsHowToGiveAHostTheAddressThatWasWrittenForIt) {
    const auto hint_of = [](const std::string& host) {
        const auto zone =
            compile_zone_text(*dns::parse_name("example.org."),
                              "$TTL 60\n@ SOA ns1 h 1 7200 900 1209600 300\n@ NS ns1\n"
                              "ns1 A 192.0.2.1\n_sip._tcp SRV 0 0 5060 " +
                                  host + "\n");
        return zone.diagnostics.empty() ? "" : zone.diagnostics.front().hint;
    };
    EXPECT_TRUE(hint_of("192.0.2.7").ends_with("mail 3600 IN A 192.0.2.7")) << hint_of("192.0.2.7");
    EXPECT_TRUE(hint_of("2001:db8::7.").ends_with("mail 3600 IN AAAA 2001:db8::7"));
}

TEST(CheckRecords, KnowsNamesInDataThatWantADot) {
    for (const char* record :
         {"CNAME ns1.example.org", "DNAME NS1.Example.ORG", "PTR example.org",
          "SRV 0 5 443 a.example.org", "HTTPS 1 a.example.org", "RP a.example.org b"}) {
        const std::string told = checks_of("x " + std::string(record) + "\n");
        EXPECT_TRUE(told.contains("zone-repeated:5")) << record << " " << told;
    }
    EXPECT_EQ(checks_of("x CNAME ns1.example.org.\ny CNAME org\nz TXT a.example.org\n"), "");
    EXPECT_EQ(checks_of("x CNAME ns1example.org\ny CNAME ns1.example.org.net.\n"), "");
    EXPECT_EQ(checks_of("", "ns1 h.example.org 1 7200 900 1209600 300"), "zone-repeated:2");
    EXPECT_EQ(checks_of("x NSEC x.example.org.example.org. A\n"), "");
}

TEST(CheckRecords, KnowsAliasesThatLeadNowhere) {
    EXPECT_EQ(checks_of("a CNAME b\nb CNAME a\n"), "alias-loop:5 alias-loop:6");
    EXPECT_EQ(checks_of("a CNAME a\n"), "alias-loop:5");
    EXPECT_EQ(checks_of("a CNAME b\nb CNAME ns1\n"), "");
}

TEST(CheckRecords, KnowsPoliciesThatContradictThemselves) {
    EXPECT_EQ(checks_of("@ MX 0 .\n@ MX 10 ns1\n"), "null-mx:5");
    EXPECT_EQ(checks_of("@ MX 0 .\n"), "");
    EXPECT_EQ(checks_of("@ SPF \"v=spf1 -all\"\n"), "spf-type:5");
    EXPECT_EQ(checks_of("@ SPF \"v=spf1 -all\"\n@ TXT \"v=spf1 -all\"\n"), "");
    EXPECT_EQ(checks_of("@ TXT \"v=spf1 -all\"\n@ TXT v=spf1\n@ TXT v=spf10\n"), "spf-several:6");
}

TEST(CheckRecords, KnowsServiceAliasesThatDoNotStandAlone) {
    EXPECT_EQ(checks_of("x HTTPS 0 y.example.net.\n"), "");
    EXPECT_EQ(checks_of("x HTTPS 0 y.example.net. port=1\n"), "service-alias:5");
    EXPECT_EQ(checks_of("x SVCB 0 y.example.net.\nx SVCB 1 .\n"), "service-alias:5");
}

TEST(CheckRecords, KnowsWhatAParentWouldNotUnderstand) {
    EXPECT_EQ(checks_of("@ CDNSKEY 257 3 13 q80=\n"), "child-keys:5");
    EXPECT_EQ(checks_of("@ CDS 0 0 0 00\n"), "");
    EXPECT_EQ(checks_of("x CDS 0 0 0 00\n"), "child-keys:5");
    EXPECT_EQ(checks_of("@ CDS 0 0 0 00\n@ CDS 1 13 200 ab\n"), "child-keys:5");
}

TEST(CheckDnssec, TellsNothingOfAZoneWithoutSignatures) {
    EXPECT_EQ(checks_of("www A 192.0.2.2\nsub NS ns1\n"), "");
}

constexpr const char* kSignatureEnd =
    " 13 2 60 20300101000000 20260101000000 45018 example.org. q80=\n";

// The data of a signature over `type` at a name of `labels` labels, by the key "256 3 13 q80=".
std::string signature(const std::string& owner, const std::string& type, int labels = 2) {
    std::string end = kSignatureEnd;
    end[4] = static_cast<char>('0' + labels);
    return owner + " RRSIG " + type + end;
}

std::string signed_apex() {
    return "@ DNSKEY 256 3 13 q80=\n" + signature("@", "SOA") + signature("@", "NS") +
           signature("@", "DNSKEY") + signature("ns1", "A", 3);
}

TEST(CheckDnssec, WantsASignatureOfTheZonesKeyOverEachSet) {
    EXPECT_EQ(checks_of(signed_apex()), "");
    EXPECT_EQ(checks_of(signed_apex() + "www A 192.0.2.2\n"), "signature-missing:10");
    EXPECT_EQ(checks_of(signed_apex() + "www A 192.0.2.2\n" + signature("www", "A", 2)),
              "signature-odd:11");
    EXPECT_EQ(checks_of(signed_apex() + "*.w A 192.0.2.2\n" + signature("*.w", "A", 3)), "");
    EXPECT_EQ(checks_of(signed_apex() + "www TXT x\nwww RRSIG TXT 13 3 60 20300101000000 "
                                        "20260101000000 1 example.org. q80=\n"),
              "signature-without-key:11");
    EXPECT_EQ(checks_of(signed_apex() + "www RRSIG A 13 3 60 20300101000000 20260101000000 45018 "
                                        "example.org. q80=\n"),
              "signature-over-nothing:10");
    EXPECT_EQ(checks_of(signature("@", "SOA") + signature("@", "NS") + signature("ns1", "A", 3)),
              "keys-missing:2");
}

TEST(CheckDnssec, TellsOfSignaturesOverNothingOncePerType) {
    EXPECT_EQ(checks_of(signature("x", "A", 3) + signature("x", "MX", 3) + signature("x", "A", 2)),
              "signature-over-nothing:5 signature-over-nothing:6");
    EXPECT_EQ(checks_of("sub NS ns1\n" + signature("x.sub", "A", 3)), "signature-over-nothing:6");
}

TEST(CheckDnssec, WantsTheTtlOfTheRecordsOnTheirSignature) {
    const std::string after_owner = signature("", "A", 3);
    EXPECT_EQ(checks_of("ns1 60" + after_owner), "");
    EXPECT_EQ(checks_of("ns1 61" + after_owner), "signature-ttl:5");
}

TEST(CheckDnssec, WantsNoSignatureOverWhatTheChildSays) {
    EXPECT_EQ(checks_of(signed_apex() + "sub NS ns1\n"), "");
    EXPECT_EQ(checks_of(signed_apex() + "sub NS ns1\n" + signature("sub", "NS", 3)),
              "signature-of-child:11");
}

TEST(CheckDnssec, WantsAClosedNsecChain) {
    const std::string start = signed_apex() + signature("@", "NSEC") + signature("ns1", "NSEC", 3);
    EXPECT_EQ(checks_of(start + "@ NSEC ns1 SOA\nns1 NSEC @ A\n"), "");
    EXPECT_EQ(checks_of(start + "@ NSEC ns1 SOA\nns1 NSEC ns1 A\n"), "nsec-chain:13");
    EXPECT_EQ(checks_of(signed_apex() + signature("@", "NSEC") + "@ NSEC ns1 SOA\n"),
              "nsec-chain:4");
}

TEST(CheckDnssec, WantsAClosedNsec3Chain) {
    const std::string a = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom";
    const std::string b = "2t7b4g4vsa5smi47k61mv5bv1a22bojr";
    const auto link = [](const std::string& from, const std::string& to) {
        return from + " NSEC3 1 0 0 - " + to + " A\n" + signature(from, "NSEC3", 3);
    };
    const std::string start =
        signed_apex() + "@ NSEC3PARAM 1 0 0 -\n" + signature("@", "NSEC3PARAM");
    EXPECT_EQ(checks_of(start + link(a, b) + link(b, a)), "");
    EXPECT_EQ(checks_of(start + link(a, b) + link(b, b)), "nsec3-chain:14");
    EXPECT_EQ(checks_of(start + link(a, a)), "nsec3-chain:12");
    EXPECT_EQ(checks_of(start), "nsec3-chain:10");
    EXPECT_EQ(checks_of(signed_apex() + link(a, b) + link(b, a)), "nsec3-chain:10");
}

TEST(CheckDnssec, RefusesIterationsThatCostTooMuch) {
    const std::string start = signed_apex() + signature("@", "NSEC3PARAM");
    EXPECT_EQ(checks_of(start + "@ NSEC3PARAM 1 0 151 -\n").find("nsec3-iterations:11"), 0U);
    EXPECT_EQ(compile_zone_text(*dns::parse_name("example.org."),
                                "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns.x.\n"
                                "@ 60 NSEC3PARAM 1 0 151 -\n")
                  .image.bytes()
                  .size(),
              0U);
    EXPECT_EQ(checks_of(start + "@ NSEC3PARAM 1 0 0 -\n"), "nsec3-chain:11");
}

}  // namespace
}  // namespace nearcast::zone
