// SPDX-License-Identifier: Apache-2.0

// What a zone signed with NSEC adds to answers for those who want proofs.

#include "answer/denial.h"

#include <gtest/gtest.h>

#include "answer/served_zones.h"

namespace nearcast::answer {
namespace {

// Only what is asked for below bears signatures, to keep the expectations short.
constexpr const char* kSigned = R"(
$TTL 60
@       SOA   ns h 1 2 3 4 5
@       RRSIG SOA 13 2 60 20300101000000 20250101000000 1 example.org. q80=
@       NS    ns
@       NSEC  x.ent NS SOA RRSIG NSEC
x.ent   TXT   x
x.ent   NSEC  ns TXT RRSIG NSEC
ns      A     192.0.2.1
ns      RRSIG A 13 3 60 20300101000000 20250101000000 1 example.org. q80=
ns      NSEC  safe A RRSIG NSEC
safe    NS    ns.safe
safe    DS    1 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE66E8A4D9B0EEA4C1BEE3E3D3
safe    NSEC  unsafe NS DS RRSIG NSEC
ns.safe A     192.0.2.2
unsafe  NS    ns.unsafe
unsafe  NSEC  *.w NS RRSIG NSEC
ns.unsafe A   192.0.2.3
*.w     CNAME ns
*.w     RRSIG CNAME 13 3 60 20300101000000 20250101000000 1 example.org. q80=
*.w     NSEC  @ CNAME RRSIG NSEC
)";

constexpr const char* kSoa =
    "authority: example.org. 5 IN SOA ns.example.org. h.example.org. 1 2 3 4 5\n"
    "authority: example.org. 5 IN RRSIG SOA 13 2 60 20300101000000 20250101000000 1 example.org. "
    "q80=\n";
constexpr const char* kApexNsec =
    "authority: example.org. 60 IN NSEC x.ent.example.org. NS SOA RRSIG NSEC\n";
constexpr const char* kNsNsec =
    "authority: ns.example.org. 60 IN NSEC safe.example.org. A RRSIG NSEC\n";
constexpr const char* kWildcardNsec =
    "authority: *.w.example.org. 60 IN NSEC example.org. CNAME RRSIG NSEC\n";
constexpr const char* kUnsafeNsec =
    "authority: unsafe.example.org. 60 IN NSEC *.w.example.org. NS RRSIG NSEC\n";

class DenialTest : public testing::Test {
 protected:
    DenialTest() { zones_.serve("example.org", kSigned); }

    std::string ask(const std::string& question) { return zones_.ask(question + " +do"); }
    // The authority section alone.
    std::string proof(const std::string& question) {
        const std::string text = ask(question);
        const size_t start = text.find("authority");
        if (start == std::string::npos) return "";
        return text.substr(start, text.find("additional") - start);
    }

    ServedZones zones_;
};

TEST_F(DenialTest, SignsAnswersForThoseWhoWantThem) {
    EXPECT_EQ(ask("ns.example.org A"),
              "NOERROR aa\nanswer: ns.example.org. 60 IN A 192.0.2.1\n"
              "answer: ns.example.org. 60 IN RRSIG A 13 3 60 20300101000000 20250101000000 1 "
              "example.org. q80=\n");
    EXPECT_EQ(zones_.ask("ns.example.org A"),
              "NOERROR aa\nanswer: ns.example.org. 60 IN A 192.0.2.1\n");
    EXPECT_EQ(zones_.ask("ns.example.org RRSIG"),
              "NOERROR aa\nanswer: ns.example.org. 60 IN RRSIG A 13 3 60 20300101000000 "
              "20250101000000 1 example.org. q80=\n");
}

TEST(SignaturesOverNothing, AreAnsweredToThoseWhoAskForThem) {
    ServedZones zones;
    const std::string end = " 13 3 60 20300101000000 20250101000000 1 example.org. q80=\n";
    const std::string told =
        zones.serve("example.org",
                    "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\nns 50 RRSIG A" + end +
                        "ns 60 RRSIG MX" + end + "x 40 RRSIG MX" + end + "x 30 RRSIG A" + end);
    ASSERT_EQ(told.find("error"), std::string::npos) << told;
    const std::string both = "NOERROR aa\nanswer: x.example.org. 30 IN RRSIG A" + end +
                             "answer: x.example.org. 40 IN RRSIG MX" + end;
    EXPECT_EQ(zones.ask("x.example.org RRSIG"), both);
    EXPECT_EQ(zones.ask("x.example.org ANY"), both);
    EXPECT_EQ(zones.ask("x.example.org MX +do").substr(0, 21), "NOERROR aa\nauthority:");
    EXPECT_EQ(zones.ask("ns.example.org RRSIG"),
              "NOERROR aa\nanswer: ns.example.org. 50 IN RRSIG A" + end);
    EXPECT_EQ(zones.ask("ns.example.org A +do"),
              "NOERROR aa\nanswer: ns.example.org. 60 IN A 192.0.2.1\n"
              "answer: ns.example.org. 50 IN RRSIG A" +
                  end);
}

TEST_F(DenialTest, ProvesThatATypeIsNotThere) {
    EXPECT_EQ(proof("ns.example.org TXT"), std::string(kSoa) + kNsNsec);
    EXPECT_EQ(proof("ent.example.org TXT"), std::string(kSoa) + kApexNsec);
}

TEST_F(DenialTest, ProvesThatANameIsNotThere) {
    EXPECT_EQ(proof("nt.example.org A"), std::string(kSoa) + kNsNsec + kApexNsec);
    EXPECT_EQ(proof("aaa.example.org A"), std::string(kSoa) + kApexNsec);
    EXPECT_EQ(proof("a.b.c.nt.example.org A"), std::string(kSoa) + kNsNsec + kApexNsec);
    EXPECT_EQ(proof("uz.example.org A"), std::string(kSoa) + kUnsafeNsec + kApexNsec);
}

TEST_F(DenialTest, ProvesThatNoNameIsCloserThanTheWildcard) {
    const std::string text = ask("q.w.example.org A");
    EXPECT_NE(text.find("answer: q.w.example.org. 60 IN CNAME ns.example.org.\n"),
              std::string::npos);
    EXPECT_NE(text.find("answer: q.w.example.org. 60 IN RRSIG CNAME 13 3"), std::string::npos);
    EXPECT_EQ(proof("q.w.example.org A"), kWildcardNsec);
    EXPECT_EQ(proof("q.w.example.org CNAME"), kWildcardNsec);
}

TEST_F(DenialTest, ProvesThatAChildIsNotSigned) {
    EXPECT_EQ(proof("www.unsafe.example.org A"),
              std::string("authority: unsafe.example.org. 60 IN NS ns.unsafe.example.org.\n") +
                  kUnsafeNsec);
    EXPECT_EQ(proof("unsafe.example.org DS"), std::string(kSoa) + kUnsafeNsec);
    EXPECT_NE(proof("www.safe.example.org A").find("IN DS 1 13 2"), std::string::npos);
    EXPECT_EQ(proof("www.safe.example.org A").find("NSEC"), std::string::npos);
}

TEST_F(DenialTest, SaysNothingMoreToOthers) {
    EXPECT_EQ(zones_.ask("nt.example.org A"),
              "NXDOMAIN aa\n"
              "authority: example.org. 5 IN SOA ns.example.org. h.example.org. 1 2 3 4 5\n");
    EXPECT_EQ(zones_.ask("www.unsafe.example.org A"),
              "NOERROR\nauthority: unsafe.example.org. 60 IN NS ns.unsafe.example.org.\n"
              "additional: ns.unsafe.example.org. 60 IN A 192.0.2.3\n");
}

}  // namespace
}  // namespace nearcast::answer
