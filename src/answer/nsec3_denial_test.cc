// SPDX-License-Identifier: Apache-2.0

// What a zone signed with NSEC3 adds to answers for those who want proofs.

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "answer/denial.h"
#include "answer/served_zones.h"
#include "dns/encoding.h"
#include "dnssec/nsec3.h"

namespace nearcast::answer {
namespace {

const std::vector<uint8_t> kSalt = {0xAA, 0xBB, 0xCC, 0xDD};
constexpr uint16_t kIterations = 12;

std::string hash_of(const std::string& name, std::span<const uint8_t> salt) {
    std::string text;
    const dnssec::Nsec3Parameters parameters{dnssec::kNsec3Sha1, 0, kIterations, salt};
    dns::append_base32hex(dnssec::nsec3_hash(parameters, dns::parse_name(name)->wire()), text);
    return text;
}

// An NSEC3 chain over `names`, each with the types it has.
class Chain {
 public:
    Chain(const std::string& apex, const std::map<std::string, std::string>& names,
          std::vector<uint8_t> salt = kSalt)
        : apex_(apex), salt_(std::move(salt)) {
        std::map<std::string, std::string> by_hash;
        for (const auto& [name, types] : names) by_hash[hash_of(name, salt_)] = types;
        for (auto at = by_hash.begin(); at != by_hash.end(); ++at) {
            const auto next = std::next(at) == by_hash.end() ? by_hash.begin() : std::next(at);
            records_[at->first] = owner(at->first) + " 60 IN NSEC3 1 1 12 " + salt_text() + " " +
                                  next->first + (at->second.empty() ? "" : " ") + at->second;
        }
    }

    // The zone's records of the chain. Its NSEC3PARAM stands at the apex.
    [[nodiscard]] std::string text(bool with_parameters = true) const {
        std::string text;
        if (with_parameters) text = apex_ + " 60 IN NSEC3PARAM 1 0 12 " + salt_text() + "\n";
        for (const auto& [hash, record] : records_) text += record + "\n";
        return text;
    }

    // The line of an answer with the record that matches or covers `name`.
    [[nodiscard]] std::string proof(const std::string& name) const {
        auto at = records_.upper_bound(hash_of(name, salt_));
        if (at == records_.begin()) at = records_.end();
        return "authority: " + std::prev(at)->second + "\n";
    }
    [[nodiscard]] std::string owner(const std::string& hash) const {
        return hash + "." + (apex_ == "." ? "" : apex_);
    }

 private:
    [[nodiscard]] std::string salt_text() const {
        std::string text;
        dns::append_hex(salt_, text);
        return text;
    }

    std::string apex_;
    std::vector<uint8_t> salt_;
    std::map<std::string, std::string> records_;
};

// RFC 5155, appendix A, without its signatures and key.
constexpr const char* kExample = R"(
$TTL 3600
@        SOA   ns1 bugs.x.w 1 3600 300 3600000 3600
@        NS    ns1
@        NS    ns2
@        MX    1 xx
2t7b4g4vsa5smi47k61mv5bv1a22bojr A 192.0.2.127
a        NS    ns1.a
a        NS    ns2.a
a        DS    58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
ns1.a    A     192.0.2.5
ns2.a    A     192.0.2.6
ai       A     192.0.2.9
ai       HINFO "KLH-10" "ITS"
ai       AAAA  2001:db8::f00:baa9
c        NS    ns1.c
c        NS    ns2.c
ns1.c    A     192.0.2.7
ns2.c    A     192.0.2.8
ns1      A     192.0.2.1
ns2      A     192.0.2.2
*.w      MX    1 ai
x.w      MX    1 xx
x.y.w    MX    1 xx
xx       A     192.0.2.10
xx       HINFO "KLH-10" "TOPS-20"
xx       AAAA  2001:db8::f00:baaa
)";

const Chain kExampleChain("example.", {{"example.", "NS SOA MX RRSIG DNSKEY NSEC3PARAM"},
                                       {"ns1.example.", "A RRSIG"},
                                       {"x.y.w.example.", "MX RRSIG"},
                                       {"a.example.", "NS DS RRSIG"},
                                       {"x.w.example.", "MX RRSIG"},
                                       {"ai.example.", "A HINFO AAAA RRSIG"},
                                       {"y.w.example.", ""},
                                       {"w.example.", ""},
                                       {"2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.", "A RRSIG"},
                                       {"ns2.example.", "A RRSIG"},
                                       {"*.w.example.", "MX RRSIG"},
                                       {"xx.example.", "A HINFO AAAA RRSIG"}});

constexpr const char* kSoa =
    "authority: example. 3600 IN SOA ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600\n";

class Nsec3DenialTest : public testing::Test {
 protected:
    void serve(const std::string& apex, const std::string& text) {
        EXPECT_EQ(zones_.serve(apex, text).find("error"), std::string::npos);
    }
    void serve_example() { serve("example", kExample + kExampleChain.text()); }

    // Rcode and authority section.
    std::string proof(const std::string& question) {
        const std::string text = zones_.ask(question + " +do");
        const size_t start = text.find("authority");
        const std::string rcode = text.substr(0, text.find('\n') + 1);
        if (start == std::string::npos) return rcode;
        return rcode + text.substr(start, text.find("additional") - start);
    }

    ServedZones zones_;
};

// The hashes of the RFC's own text: nothing of this is computed here.
TEST_F(Nsec3DenialTest, DeniesANameAsAppendixB1OfTheRfc) {
    serve_example();
    EXPECT_EQ(proof("a.c.x.w.example A"),
              std::string("NXDOMAIN aa\n") + kSoa +
                  "authority: b4um86eghhds6nea196smvmlo4ors995.example. 60 IN NSEC3 1 1 12 "
                  "aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG\n"
                  "authority: 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 60 IN NSEC3 1 1 12 "
                  "aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS SOA MX RRSIG DNSKEY NSEC3PARAM\n"
                  "authority: 35mthgpgcu1qg68fab165klnsnk3dpvl.example. 60 IN NSEC3 1 1 12 "
                  "aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG\n");
}

TEST_F(Nsec3DenialTest, DeniesTypesAsAppendixB2OfTheRfc) {
    serve_example();
    EXPECT_EQ(proof("ns1.example MX"),
              std::string("NOERROR aa\n") + kSoa + kExampleChain.proof("ns1.example."));
    EXPECT_EQ(proof("y.w.example A"),
              std::string("NOERROR aa\n") + kSoa + kExampleChain.proof("y.w.example."));
}

TEST_F(Nsec3DenialTest, RefersToAnUnsignedChildAsAppendixB3OfTheRfc) {
    serve_example();
    const std::string ns =
        "authority: c.example. 3600 IN NS ns1.c.example.\n"
        "authority: c.example. 3600 IN NS ns2.c.example.\n";
    EXPECT_EQ(proof("mc.c.example MX"), "NOERROR\n" + ns + kExampleChain.proof("example.") +
                                            kExampleChain.proof("c.example."));
    EXPECT_EQ(proof("c.example DS"), std::string("NOERROR aa\n") + kSoa +
                                         kExampleChain.proof("example.") +
                                         kExampleChain.proof("c.example."));
}

TEST_F(Nsec3DenialTest, RefersToASignedChildWithItsDs) {
    serve_example();
    const std::string text = proof("mc.a.example MX");
    EXPECT_NE(text.find("a.example. 3600 IN DS 58470 5 1"), std::string::npos);
    EXPECT_EQ(text.find("NSEC3"), std::string::npos);
}

TEST_F(Nsec3DenialTest, ProvesAWildcardAsAppendixB4OfTheRfc) {
    serve_example();
    EXPECT_EQ(proof("a.z.w.example MX"), "NOERROR aa\n" + kExampleChain.proof("z.w.example."));
    EXPECT_NE(zones_.ask("a.z.w.example MX +do").find("answer: a.z.w.example. 3600 IN MX 1 ai"),
              std::string::npos);
}

TEST_F(Nsec3DenialTest, DeniesTypesOfAWildcardAsAppendixB5OfTheRfc) {
    serve_example();
    EXPECT_EQ(proof("a.z.w.example AAAA"),
              std::string("NOERROR aa\n") + kSoa + kExampleChain.proof("z.w.example.") +
                  kExampleChain.proof("w.example.") + kExampleChain.proof("*.w.example."));
    EXPECT_EQ(proof("*.w.example AAAA"),
              std::string("NOERROR aa\n") + kSoa + kExampleChain.proof("*.w.example."));
}

TEST_F(Nsec3DenialTest, DeniesTheDsOfItsOwnApexAsAppendixB6OfTheRfc) {
    serve_example();
    EXPECT_EQ(proof("example DS"),
              std::string("NOERROR aa\n") + kSoa + kExampleChain.proof("example."));
}

// RFC 5155 §7.2.8: these names have no place in the chain themselves.
TEST_F(Nsec3DenialTest, DeniesTheOwnersOfItsChain) {
    serve_example();
    const std::string name = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.";
    for (const char* const type : {"NSEC3", "RRSIG", "A"}) {
        EXPECT_EQ(proof(name + " " + type),
                  std::string("NXDOMAIN aa\n") + kSoa + kExampleChain.proof("example.") +
                      kExampleChain.proof(name) + kExampleChain.proof("*.example."))
            << type;
    }
}

TEST_F(Nsec3DenialTest, AnswersForANameThatIsALinkAsWell) {
    serve_example();
    const std::string name = "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.";
    EXPECT_EQ(zones_.ask(name + " A"), "NOERROR aa\nanswer: " + name + " 3600 IN A 192.0.2.127\n");
    const std::string denial = std::string("NOERROR aa\n") + kSoa + kExampleChain.proof(name);
    EXPECT_EQ(proof(name + " MX"), denial);
    EXPECT_EQ(proof(name + " NSEC3"), denial);
}

// Nobody could prove that it has no NSEC: its NSEC3 says that it is an alias.
TEST_F(Nsec3DenialTest, FollowsAnAliasWhenAskedForNsec) {
    const Chain chain("z.", {{"z.", "NS SOA"}, {"a.z.", "CNAME"}, {"t.z.", "A"}});
    serve("z",
          "@ 60 IN SOA ns.x. h 1 2 3 4 60\n@ 60 IN NS ns.x.\na 60 IN CNAME t\n"
          "t 60 IN A 192.0.2.1\n" +
              chain.text());
    EXPECT_EQ(zones_.ask("a.z NSEC +do").find("NOERROR aa\nanswer: a.z. 60 IN CNAME t.z.\n"), 0U);
    EXPECT_EQ(proof("a.z NSEC"),
              "NOERROR aa\nauthority: z. 60 IN SOA ns.x. h.z. 1 2 3 4 60\n" + chain.proof("t.z."));
}

TEST_F(Nsec3DenialTest, SaysEachRecordOnce) {
    serve_example();
    const std::string text = proof("b.a.ns1.example A");
    const std::string match = kExampleChain.proof("ns1.example.");
    EXPECT_EQ(text.find(match), text.rfind(match));
}

TEST_F(Nsec3DenialTest, SaysNothingMoreToOthers) {
    serve_example();
    EXPECT_EQ(zones_.ask("a.c.x.w.example A"), std::string("NXDOMAIN aa\n") + kSoa);
}

// An empty non-terminal above unsigned children alone has no NSEC3 when they opted out.
TEST_F(Nsec3DenialTest, ProvesFromAboveWhatOptedOut) {
    const Chain chain("z.", {{"z.", "NS SOA"}, {"ns.z.", "A"}});
    serve("z",
          "@ 60 IN SOA ns h 1 2 3 4 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
          "child.deep.ent 60 IN NS ns.elsewhere.\n" +
              chain.text());
    const std::string soa = "authority: z. 60 IN SOA ns.z. h.z. 1 2 3 4 60\n";
    const std::string opted_out = chain.proof("z.") + chain.proof("ent.z.");
    std::string ent_proof = "NOERROR aa\n" + soa + chain.proof("z.");
    if (chain.proof("ent.z.") != chain.proof("z.")) ent_proof += chain.proof("ent.z.");
    EXPECT_EQ(proof("ent.z TXT"), ent_proof);
    EXPECT_EQ(proof("deep.ent.z TXT"), ent_proof);
    EXPECT_EQ(proof("child.deep.ent.z DS"), ent_proof);
    EXPECT_NE(proof("x.child.deep.ent.z A").find(chain.proof("ent.z.")), std::string::npos);
    const std::string nothing = proof("none.deep.ent.z A");
    EXPECT_TRUE(nothing.starts_with("NXDOMAIN aa\n" + soa));
    EXPECT_NE(nothing.find(chain.proof("z.")), std::string::npos);
    EXPECT_NE(nothing.find(chain.proof("ent.z.")), std::string::npos);
    EXPECT_NE(nothing.find(chain.proof("*.z.")), std::string::npos);
}

TEST_F(Nsec3DenialTest, ProvesEachLinkOfAChain) {
    const Chain chain(
        "z.", {{"z.", "NS SOA"}, {"w.z.", ""}, {"*.w.z.", "CNAME"}, {"v.z.", ""}, {"*.v.z.", "A"}});
    serve("z",
          "@ 60 IN SOA ns h 1 2 3 4 60\n@ 60 IN NS ns.elsewhere.\n"
          "*.w 60 IN CNAME x.v\n*.v 60 IN A 192.0.2.1\n" +
              chain.text());
    const std::string first = chain.proof("a.w.z.");
    const std::string second = chain.proof("x.v.z.");
    EXPECT_EQ(proof("a.w.z A"), "NOERROR aa\n" + first + (first == second ? "" : second));
}

TEST_F(Nsec3DenialTest, ServesTheRoot) {
    const Chain chain(".", {{".", "NS SOA"}, {"ns.", "A"}});
    serve(".",
          ". 60 IN SOA ns. h. 1 2 3 4 60\n. 60 IN NS ns.\nns. 60 IN A 192.0.2.1\n" + chain.text());
    const std::string text = proof("a.b. A");
    EXPECT_TRUE(text.starts_with("NXDOMAIN aa\n"));
    EXPECT_NE(text.find(chain.proof(".")), std::string::npos);
    EXPECT_NE(text.find(chain.proof("b.")), std::string::npos);
    EXPECT_NE(text.find(chain.proof("*.")), std::string::npos);
}

// While the salt is changed there are two chains; the new one counts when its NSEC3PARAM is there.
TEST_F(Nsec3DenialTest, UsesTheChainThatIsComplete) {
    const std::string zone = "@ 60 IN SOA ns h 1 2 3 4 60\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n";
    const std::map<std::string, std::string> names = {{"z.", "NS SOA"}, {"ns.z.", "A"}};
    const Chain old_chain("z.", names);
    const Chain new_chain("z.", names, {0x01});
    const std::string answer = "NOERROR aa\nauthority: z. 60 IN SOA ns.z. h.z. 1 2 3 4 60\n";

    serve("z", zone + old_chain.text() + new_chain.text(false));
    EXPECT_EQ(proof("z TXT"), answer + old_chain.proof("z."));
    serve("z", zone + old_chain.text(false) + new_chain.text());
    EXPECT_EQ(proof("z TXT"), answer + new_chain.proof("z."));
    // Both may be used, but of the old one a record is gone already.
    const std::string old_text = old_chain.text();
    serve("z", zone + old_text.substr(0, old_text.rfind('\n', old_text.size() - 2) + 1) +
                   new_chain.text());
    EXPECT_EQ(proof("z TXT"), answer + new_chain.proof("z."));
    // One that is being made or unmade has flags in its NSEC3PARAM (in private use by signers).
    serve("z", zone + old_chain.text() + new_chain.text(false) + "@ 60 IN NSEC3PARAM 1 1 12 01\n");
    EXPECT_EQ(proof("z TXT"), answer + old_chain.proof("z."));
}

// The longest apex that leaves room for a hash in front of it, and names of 255 octets below it.
TEST_F(Nsec3DenialTest, ProvesWhereNamesAreAsLongAsCanBe) {
    const std::string label(63, 'x');
    const std::string apex =
        label + "." + label + "." + label + "." + std::string(28, 'y') + ".";  // 222 octets.
    const std::string host = "h." + apex;
    const std::string longest = std::string(32, 'l') + "." + apex;
    const std::string deep = "e." + std::string(28, 'd') + ".w." + apex;
    const Chain chain(apex, {{apex, "NS SOA NSEC3PARAM"},
                             {host, "A"},
                             {longest, "A"},
                             {"w." + apex, ""},
                             {"*.w." + apex, "A"}});
    ASSERT_EQ(dns::parse_name(longest)->wire().size(), dns::kNameSizeMax);
    ASSERT_EQ(dns::parse_name(deep)->wire().size(), dns::kNameSizeMax);
    serve(apex, "$TTL 60\n@ SOA h h 1 2 3 4 60\n@ NS h\nh A 192.0.2.1\n*.w A 192.0.2.2\n" +
                    std::string(32, 'l') + " A 192.0.2.3\n" + chain.text());
    const std::string soa =
        "authority: " + apex + " 60 IN SOA " + host + " " + host + " 1 2 3 4 60\n";
    EXPECT_EQ(proof(longest + " MX"), "NOERROR aa\n" + soa + chain.proof(longest));
    EXPECT_EQ(proof(deep + " A"), "NOERROR aa\n" + chain.proof(deep.substr(2)));
    const std::string missing = std::string(32, 'm') + "." + apex;
    const auto answer = dns::read_response(zones_.ask_for_bytes(missing + " A +do"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->rcode, dns::Rcode::NXDomain);
    for (const std::string& name : {apex, missing, "*." + apex}) {
        const auto shows = [&](const dns::Record& record) {
            return "authority: " + dns::to_text(record) + "\n" == chain.proof(name);
        };
        EXPECT_TRUE(std::ranges::any_of(answer->authority, shows)) << name;
    }
}

TEST_F(Nsec3DenialTest, FallsBackOnNsecWhenNoChainMayBeUsed) {
    const Chain chain("z.", {{"z.", "NS SOA NSEC"}});
    const std::string zone =
        "@ 60 IN SOA ns.a. h 1 2 3 4 60\n@ 60 IN NS ns.a.\n@ 60 IN NSEC @ NS SOA NSEC\n";
    const std::string soa = "NOERROR aa\nauthority: z. 60 IN SOA ns.a. h.z. 1 2 3 4 60\n";
    serve("z", zone + chain.text(false));
    EXPECT_EQ(proof("z TXT"), soa + "authority: z. 60 IN NSEC z. NS SOA NSEC\n");
    serve("z", zone + chain.text());
    EXPECT_EQ(proof("z TXT"), soa + chain.proof("z."));
}

}  // namespace
}  // namespace nearcast::answer
