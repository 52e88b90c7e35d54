// SPDX-License-Identifier: Apache-2.0

#include "dnssec/nsec3.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dns/encoding.h"
#include "dns/name.h"

namespace nearcast::dnssec {
namespace {

const std::vector<uint8_t> kSalt = {0xAA, 0xBB, 0xCC, 0xDD};
const Nsec3Parameters kOfTheRfc = {kNsec3Sha1, 0, 12, kSalt};

std::string hash_text(const Nsec3Parameters& parameters, const char* name) {
    std::string text;
    dns::append_base32hex(nsec3_hash(parameters, dns::parse_name(name)->wire()), text);
    return text;
}

TEST(Nsec3Hash, HashesAsAppendixAOfTheRfc) {
    EXPECT_EQ(hash_text(kOfTheRfc, "example."), "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom");
    EXPECT_EQ(hash_text(kOfTheRfc, "a.example."), "35mthgpgcu1qg68fab165klnsnk3dpvl");
    EXPECT_EQ(hash_text(kOfTheRfc, "*.w.example."), "r53bq7cc2uvmubfu5ocmm6pers9tk9en");
    EXPECT_EQ(hash_text(kOfTheRfc, "x.w.example."), "b4um86eghhds6nea196smvmlo4ors995");
}

// Reference: ldns-nsec3-hash -t 0 com.
TEST(Nsec3Hash, HashesWithoutSaltAndIterations) {
    EXPECT_EQ(hash_text({kNsec3Sha1, 0, 0, {}}, "com."), "ck0pojmg874ljref7efn8430qvit8bsm");
}

TEST(ReadNsec3, TakesParametersAndTheNextHash) {
    std::vector<uint8_t> rdata = {1, 1, 0, 12, 4, 0xAA, 0xBB, 0xCC, 0xDD, 20};
    for (uint8_t i = 0; i < 20; ++i) rdata.push_back(i);
    const auto parameters = read_nsec3_parameters(rdata);
    ASSERT_TRUE(parameters);
    EXPECT_TRUE(is_same_chain(*parameters, kOfTheRfc));
    EXPECT_EQ(parameters->flags, kNsec3OptOut);
    const auto next = read_next_hash(rdata);
    ASSERT_TRUE(next);
    EXPECT_EQ((*next)[19], 19);
    rdata.pop_back();
    EXPECT_FALSE(read_next_hash(rdata));
    rdata[9] = 19;  // A hash of another size.
    EXPECT_FALSE(read_next_hash(rdata));
    EXPECT_FALSE(read_nsec3_parameters(std::span(rdata).first(8)));
}

TEST(ReadNsec3, TellsChainsApart) {
    const std::vector<uint8_t> other_salt = {0xAA};
    EXPECT_FALSE(is_same_chain(kOfTheRfc, {kNsec3Sha1, 0, 12, other_salt}));
    EXPECT_FALSE(is_same_chain(kOfTheRfc, {kNsec3Sha1, 0, 11, kSalt}));
    EXPECT_FALSE(is_same_chain(kOfTheRfc, {2, 0, 12, kSalt}));
}

TEST(ReadNsec3, TakesTheHashOutOfAnOwner) {
    const auto owner = *dns::parse_name("2T7B4G4VSA5SMI47K61MV5BV1A22BOJR.example.");
    const auto hash = read_owner_hash(owner.wire());
    ASSERT_TRUE(hash);
    std::string text;
    dns::append_base32hex(*hash, text);
    EXPECT_EQ(text, "2t7b4g4vsa5smi47k61mv5bv1a22bojr");
    EXPECT_FALSE(read_owner_hash(dns::parse_name("www.example.")->wire()));
    EXPECT_FALSE(
        read_owner_hash(dns::parse_name("2t7b4g4vsa5smi47k61mv5bv1a22bozz.example.")->wire()));
    EXPECT_FALSE(read_owner_hash(dns::Name().wire()));
}

}  // namespace
}  // namespace nearcast::dnssec
