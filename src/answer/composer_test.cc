// SPDX-License-Identifier: Apache-2.0

// What is answered from zones: questions beside the responses they must get.

#include "answer/composer.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "answer/served_zones.h"

namespace nearcast::answer {
namespace {

constexpr const char* kExample = R"(
$TTL 3600
@            IN SOA ns1 hostmaster 7 7200 900 1209600 300
@            IN NS  ns1
@            IN NS  ns2.example.net.
@            IN MX  10 mail
ns1          IN A   192.0.2.1
ns1          IN AAAA 2001:db8::1
mail         IN A   192.0.2.25
www     300  IN A   192.0.2.80
www     300  IN A   192.0.2.81
WwW.Case     IN A   192.0.2.82
alias        IN CNAME www
alias2       IN CNAME alias
away         IN CNAME host.example.net.
gone         IN CNAME missing
loop1        IN CNAME loop2
loop2        IN CNAME loop1
self         IN CNAME self
a.b.deep     IN TXT "below two empty non-terminals"
_sip._tcp    IN SRV 1 2 5060 mail
svc          IN HTTPS 1 . alpn=h2
svc          IN A   192.0.2.90
svcalias     IN HTTPS 0 svc
*.wild       IN A   192.0.2.99
*.wild       IN MX  5 mail
host.wild    IN TXT "exists"
a.ent.wild   IN A   192.0.2.98
*.cwild      IN CNAME www
sub          IN NS  ns.sub
sub          IN NS  ns.other
sub          IN DS  12345 13 2 49FD46E6C4B45C55D4AC69CBD3CD34AC1AFE51DE66E8A4D9B0EEA4C1BEE3E3D3
ns.sub       IN A   192.0.2.53
www.sub      IN A   192.0.2.54
ns.other     IN A   192.0.2.55
other        IN NS  ns.other
moved        IN DNAME example.net.
moved        IN A   192.0.2.70
below.moved  IN A   192.0.2.71
toalias      IN CNAME x.sub
tomoved      IN CNAME x.moved
)";

constexpr const char* kSoa =
    "authority: example.org. 300 IN SOA ns1.example.org. hostmaster.example.org. "
    "7 7200 900 1209600 300\n";

class ComposerTest : public testing::Test {
 protected:
    ComposerTest() { expect_no_error(zones_.serve("example.org", kExample)); }

    static void expect_no_error(const std::string& told) {
        EXPECT_EQ(told.find("error"), std::string::npos) << told;
    }

    ServedZones zones_;
};

TEST_F(ComposerTest, GivesTheRecordsOfAName) {
    EXPECT_EQ(zones_.ask("www.example.org A"),
              "NOERROR aa\n"
              "answer: www.example.org. 300 IN A 192.0.2.80\n"
              "answer: www.example.org. 300 IN A 192.0.2.81\n");
}

TEST_F(ComposerTest, KeepsTheLettersOfTheQuestion) {
    EXPECT_EQ(zones_.ask("wWw.eXample.ORG A"),
              "NOERROR aa\n"
              "answer: wWw.eXample.ORG. 300 IN A 192.0.2.80\n"
              "answer: wWw.eXample.ORG. 300 IN A 192.0.2.81\n");
    EXPECT_EQ(zones_.ask("www.case.example.org A"),
              "NOERROR aa\nanswer: www.case.example.org. 3600 IN A 192.0.2.82\n");
}

TEST_F(ComposerTest, TellsANameThatDoesNotExistFromATypeThatDoesNot) {
    EXPECT_EQ(zones_.ask("nothing.example.org A"), std::string("NXDOMAIN aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("a.nothing.example.org A"), std::string("NXDOMAIN aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("www.example.org TXT"), std::string("NOERROR aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("deep.example.org A"), std::string("NOERROR aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("b.deep.example.org A"), std::string("NOERROR aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("c.b.deep.example.org A"), std::string("NXDOMAIN aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("x.www.example.org A"), std::string("NXDOMAIN aa\n") + kSoa);
}

TEST_F(ComposerTest, AnswersTheApex) {
    EXPECT_EQ(zones_.ask("example.org SOA"),
              "NOERROR aa\nanswer: example.org. 3600 IN SOA ns1.example.org. "
              "hostmaster.example.org. 7 7200 900 1209600 300\n");
    EXPECT_EQ(zones_.ask("example.org NS"),
              "NOERROR aa\n"
              "answer: example.org. 3600 IN NS ns1.example.org.\n"
              "answer: example.org. 3600 IN NS ns2.example.net.\n"
              "additional: ns1.example.org. 3600 IN A 192.0.2.1\n"
              "additional: ns1.example.org. 3600 IN AAAA 2001:db8::1\n");
    EXPECT_EQ(zones_.ask("example.org DS"), std::string("NOERROR aa\n") + kSoa);
}

TEST_F(ComposerTest, AddsTheAddressesOfTargets) {
    EXPECT_EQ(zones_.ask("example.org MX"),
              "NOERROR aa\n"
              "answer: example.org. 3600 IN MX 10 mail.example.org.\n"
              "additional: mail.example.org. 3600 IN A 192.0.2.25\n");
    EXPECT_EQ(zones_.ask("_sip._tcp.example.org SRV"),
              "NOERROR aa\n"
              "answer: _sip._tcp.example.org. 3600 IN SRV 1 2 5060 mail.example.org.\n"
              "additional: mail.example.org. 3600 IN A 192.0.2.25\n");
    EXPECT_EQ(zones_.ask("svc.example.org HTTPS"),
              "NOERROR aa\n"
              "answer: svc.example.org. 3600 IN HTTPS 1 . alpn=\"h2\"\n"
              "additional: svc.example.org. 3600 IN A 192.0.2.90\n");
    EXPECT_EQ(zones_.ask("svcalias.example.org HTTPS"),
              "NOERROR aa\n"
              "answer: svcalias.example.org. 3600 IN HTTPS 0 svc.example.org.\n"
              "additional: svc.example.org. 3600 IN HTTPS 1 . alpn=\"h2\"\n"
              "additional: svc.example.org. 3600 IN A 192.0.2.90\n");
}

TEST_F(ComposerTest, FollowsAliases) {
    EXPECT_EQ(zones_.ask("alias2.example.org A"),
              "NOERROR aa\n"
              "answer: alias2.example.org. 3600 IN CNAME alias.example.org.\n"
              "answer: alias.example.org. 3600 IN CNAME www.example.org.\n"
              "answer: www.example.org. 300 IN A 192.0.2.80\n"
              "answer: www.example.org. 300 IN A 192.0.2.81\n");
    EXPECT_EQ(zones_.ask("alias.example.org CNAME"),
              "NOERROR aa\nanswer: alias.example.org. 3600 IN CNAME www.example.org.\n");
    EXPECT_EQ(zones_.ask("alias.example.org TXT"),
              std::string("NOERROR aa\n"
                          "answer: alias.example.org. 3600 IN CNAME www.example.org.\n") +
                  kSoa);
    EXPECT_EQ(zones_.ask("gone.example.org A"),
              std::string("NXDOMAIN aa\n"
                          "answer: gone.example.org. 3600 IN CNAME missing.example.org.\n") +
                  kSoa);
    EXPECT_EQ(zones_.ask("away.example.org A"),
              "NOERROR aa\nanswer: away.example.org. 3600 IN CNAME host.example.net.\n");
}

TEST_F(ComposerTest, LeavesALoopOfAliases) {
    EXPECT_EQ(zones_.ask("loop1.example.org A"),
              "NOERROR aa\n"
              "answer: loop1.example.org. 3600 IN CNAME loop2.example.org.\n"
              "answer: loop2.example.org. 3600 IN CNAME loop1.example.org.\n");
    EXPECT_EQ(zones_.ask("self.example.org A"),
              "NOERROR aa\nanswer: self.example.org. 3600 IN CNAME self.example.org.\n");
}

TEST_F(ComposerTest, FollowsAliasesIntoOtherZones) {
    zones_.serve("example.net", R"(
$TTL 60
@    IN SOA ns hostmaster 1 2 3 4 5
@    IN NS ns.example.org.
host IN CNAME www.example.org.
)");
    EXPECT_EQ(zones_.ask("away.example.org A"),
              "NOERROR aa\n"
              "answer: away.example.org. 3600 IN CNAME host.example.net.\n"
              "answer: host.example.net. 60 IN CNAME www.example.org.\n"
              "answer: www.example.org. 300 IN A 192.0.2.80\n"
              "answer: www.example.org. 300 IN A 192.0.2.81\n");
    EXPECT_EQ(zones_.ask("nothing.moved.example.org A"),
              "NXDOMAIN aa\n"
              "answer: moved.example.org. 3600 IN DNAME example.net.\n"
              "answer: nothing.moved.example.org. 3600 IN CNAME nothing.example.net.\n"
              "authority: example.net. 5 IN SOA ns.example.net. hostmaster.example.net. "
              "1 2 3 4 5\n");
}

TEST_F(ComposerTest, ExpandsWildcards) {
    EXPECT_EQ(zones_.ask("any.wild.example.org A"),
              "NOERROR aa\nanswer: any.wild.example.org. 3600 IN A 192.0.2.99\n");
    EXPECT_EQ(zones_.ask("a.b.wild.example.org MX"),
              "NOERROR aa\n"
              "answer: a.b.wild.example.org. 3600 IN MX 5 mail.example.org.\n"
              "additional: mail.example.org. 3600 IN A 192.0.2.25\n");
    EXPECT_EQ(zones_.ask("*.wild.example.org A"),
              "NOERROR aa\nanswer: *.wild.example.org. 3600 IN A 192.0.2.99\n");
    EXPECT_EQ(zones_.ask("x.cwild.example.org A"),
              "NOERROR aa\n"
              "answer: x.cwild.example.org. 3600 IN CNAME www.example.org.\n"
              "answer: www.example.org. 300 IN A 192.0.2.80\n"
              "answer: www.example.org. 300 IN A 192.0.2.81\n");
}

TEST_F(ComposerTest, ExpandsNoWildcardWhereANameIsInTheWay) {
    EXPECT_EQ(zones_.ask("any.wild.example.org TXT"), std::string("NOERROR aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("host.wild.example.org A"), std::string("NOERROR aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("x.host.wild.example.org A"), std::string("NXDOMAIN aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("ent.wild.example.org A"), std::string("NOERROR aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("x.ent.wild.example.org A"), std::string("NXDOMAIN aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("x.*.wild.example.org A"), std::string("NXDOMAIN aa\n") + kSoa);
}

constexpr const char* kReferral =
    "NOERROR\n"
    "authority: sub.example.org. 3600 IN NS ns.sub.example.org.\n"
    "authority: sub.example.org. 3600 IN NS ns.other.example.org.\n"
    "additional: ns.sub.example.org. 3600 IN A 192.0.2.53\n"
    "additional: ns.other.example.org. 3600 IN A 192.0.2.55\n";

TEST_F(ComposerTest, RefersToTheServersOfAChild) {
    EXPECT_EQ(zones_.ask("sub.example.org A"), kReferral);
    EXPECT_EQ(zones_.ask("sub.example.org NS"), kReferral);
    EXPECT_EQ(zones_.ask("www.sub.example.org A"), kReferral);
    EXPECT_EQ(zones_.ask("ns.sub.example.org A"), kReferral);
    EXPECT_EQ(zones_.ask("a.b.c.sub.example.org A"), kReferral);
    EXPECT_EQ(zones_.ask("toalias.example.org A"),
              "NOERROR aa\nanswer: toalias.example.org. 3600 IN CNAME x.sub.example.org.\n" +
                  std::string(kReferral).substr(8));
}

// RFC 9471 §3.1: all of it, or TC.
TEST_F(ComposerTest, LeavesOutNoGlueOfServersInsideTheChild) {
    std::string zone = "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns.example.net.\n";
    for (int i = 0; i < 50; ++i) {
        const std::string number = std::to_string(i);
        zone += "d 60 IN NS a" + number + ".other\na" + number + ".other 60 IN A 192.0.2.1\n";
        zone += "d 60 IN NS z" + number + ".d\nz" + number + ".d 60 IN A 192.0.2.2\n";
    }
    expect_no_error(zones_.serve("example.com", zone));
    const auto inside = [](const dns::Response& response) {
        return std::ranges::count_if(response.additional, [](const dns::Record& record) {
            return record.owner.label_count() == 4 && record.rdata[3] == 2;
        });
    };
    const auto whole = dns::read_response(zones_.ask_for_bytes("q.d.example.com A +tcp"));
    EXPECT_EQ(inside(*whole), 50);
    EXPECT_FALSE(whole->header.flags & dns::kFlagTc);
    const auto cut = dns::read_response(zones_.ask_for_bytes("q.d.example.com A +size=1232"));
    EXPECT_TRUE(cut->header.flags & dns::kFlagTc);
}

TEST_F(ComposerTest, AnswersTheDsOfAChild) {
    EXPECT_EQ(zones_.ask("sub.example.org DS").substr(0, 50),
              "NOERROR aa\nanswer: sub.example.org. 3600 IN DS 123");
    EXPECT_EQ(zones_.ask("other.example.org DS"), std::string("NOERROR aa\n") + kSoa);
    zones_.serve("sub.example.org",
                 "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns\nns 60 A 192.0.2.53");
    EXPECT_EQ(zones_.ask("sub.example.org DS").substr(0, 50),
              "NOERROR aa\nanswer: sub.example.org. 3600 IN DS 123");
    EXPECT_EQ(zones_.ask("ns.sub.example.org A"),
              "NOERROR aa\nanswer: ns.sub.example.org. 60 IN A 192.0.2.53\n");
}

TEST_F(ComposerTest, RedirectsBelowADname) {
    EXPECT_EQ(zones_.ask("x.moved.example.org A"),
              "NOERROR aa\n"
              "answer: moved.example.org. 3600 IN DNAME example.net.\n"
              "answer: x.moved.example.org. 3600 IN CNAME x.example.net.\n");
    EXPECT_EQ(zones_.ask("below.moved.example.org A"),
              "NOERROR aa\n"
              "answer: moved.example.org. 3600 IN DNAME example.net.\n"
              "answer: below.moved.example.org. 3600 IN CNAME below.example.net.\n");
    EXPECT_EQ(zones_.ask("moved.example.org A"),
              "NOERROR aa\nanswer: moved.example.org. 3600 IN A 192.0.2.70\n");
    EXPECT_EQ(zones_.ask("tomoved.example.org A"),
              "NOERROR aa\n"
              "answer: tomoved.example.org. 3600 IN CNAME x.moved.example.org.\n"
              "answer: moved.example.org. 3600 IN DNAME example.net.\n"
              "answer: x.moved.example.org. 3600 IN CNAME x.example.net.\n");
}

TEST_F(ComposerTest, SaysThatARedirectedNameWouldBeTooLong) {
    const std::string label(63, 'x');
    const std::string target = label + "." + label + "." + label;
    zones_.serve("example.com",
                 "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns.example.net.\n"
                 "d 60 IN DNAME " +
                     target + ".\n");
    EXPECT_EQ(zones_.ask(label + ".d.example.com A"),
              "YXDOMAIN aa\nanswer: d.example.com. 60 IN DNAME " + target + ".\n");
}

TEST_F(ComposerTest, EndsAChainThatGrowsForEver) {
    zones_.serve("example.com",
                 "@ 60 IN SOA ns h 1 2 3 4 5\n@ 60 IN NS ns.example.net.\n"
                 "d 60 IN DNAME d.d.example.com.\n");
    const auto response = dns::read_response(zones_.ask_for_bytes("x.d.example.com A +tcp"));
    ASSERT_TRUE(response);
    EXPECT_EQ(response->answer.size(), 1 + (kChainLinksMax + 1));  // The DNAME once.
}

TEST_F(ComposerTest, GivesOneRRsetToWhoAsksForAny) {
    EXPECT_EQ(zones_.ask("ns1.example.org ANY"),
              "NOERROR aa\nanswer: ns1.example.org. 3600 IN A 192.0.2.1\n");
    EXPECT_EQ(zones_.ask("alias.example.org ANY"),
              "NOERROR aa\nanswer: alias.example.org. 3600 IN CNAME www.example.org.\n");
    EXPECT_EQ(zones_.ask("deep.example.org ANY"), std::string("NOERROR aa\n") + kSoa);
    EXPECT_EQ(zones_.ask("nothing.example.org ANY"), std::string("NXDOMAIN aa\n") + kSoa);
}

TEST_F(ComposerTest, RefusesNamesOfNoZoneHere) {
    EXPECT_EQ(zones_.ask("example.net A"), "REFUSED\n");
    EXPECT_EQ(zones_.ask("org A"), "REFUSED\n");
    EXPECT_EQ(zones_.ask(". NS"), "REFUSED\n");
}

TEST_F(ComposerTest, ServesTheRoot) {
    zones_.serve(".", R"(
.   60 IN SOA ns.example. h.example. 1 2 3 4 5
.   60 IN NS a.root.example.
org 60 IN NS ns.org.
ns.org 60 IN A 192.0.2.7
example 60 IN NS ns.org.
a.root.example 60 IN A 192.0.2.8
)");
    EXPECT_EQ(zones_.ask(". NS"),
              "NOERROR aa\nanswer: . 60 IN NS a.root.example.\n"
              "additional: a.root.example. 60 IN A 192.0.2.8\n");
    EXPECT_EQ(zones_.ask("net A"),
              "NXDOMAIN aa\nauthority: . 5 IN SOA ns.example. h.example. 1 2 3 4 5\n");
    EXPECT_EQ(zones_.ask("www.example2.org A"),
              "NOERROR\nauthority: org. 60 IN NS ns.org.\n"
              "additional: ns.org. 60 IN A 192.0.2.7\n");
    EXPECT_EQ(zones_.ask("ns1.example.org A"),
              "NOERROR aa\nanswer: ns1.example.org. 3600 IN A 192.0.2.1\n");
    EXPECT_EQ(zones_.ask("example.org DS"),
              "NOERROR\nauthority: org. 60 IN NS ns.org.\n"
              "additional: ns.org. 60 IN A 192.0.2.7\n");
}

}  // namespace
}  // namespace nearcast::answer
