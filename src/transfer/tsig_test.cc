// SPDX-License-Identifier: Apache-2.0

#include "transfer/tsig.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "dns/encoding.h"
#include "dns/message.h"

namespace nearcast::transfer {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kNow = 1764000000;
constexpr std::string_view kSecret = "0123456789abcdef0123456789abcdef";

// "example.org. SOA", id 0x1234, signed at kNow by dnspython 2.3.0 with the key Transfer.Example.
// and kSecret: first what all have, then each algorithm's own part.
constexpr std::string_view kQuestion =
    "123400000001000000000001076578616d706c65036f72670000060001085472616e73666572074578616d706c6500"
    "00fa00ff0000000000";

struct SignedExample {
    Hash hash;
    std::string_view record_end;
};
constexpr std::array kExamples = {
    SignedExample{Hash::Md5,
                  "3a08686d61632d6d6435077369672d616c670372656703696e7400000069248100012c0010"
                  "3085513018b99bd6b9265408ce975407123400000000"},
    SignedExample{Hash::Sha1,
                  "2f09686d61632d7368613100000069248100012c0014fb7bc37879c46c8960c80e3e595679"
                  "78821dc760123400000000"},
    SignedExample{Hash::Sha224,
                  "390b686d61632d73686132323400000069248100012c001c550516c77ed10898f28716a366"
                  "9438a1f1e0c69c8e77df0c99714be1123400000000"},
    SignedExample{Hash::Sha256,
                  "3d0b686d61632d73686132353600000069248100012c0020361527077a9f35024b66d9e7bc"
                  "6aa394f567c28d1b4e61c22f0c6d4853a338cc123400000000"},
    SignedExample{Hash::Sha384,
                  "4d0b686d61632d73686133383400000069248100012c0030a975d7b2e66c14298aacf7f6f3"
                  "909024139ecafb8d38329eccde41d559c0118998ceb40e79c1bfeb39b5793b9a2a6e4a1234"
                  "00000000"},
    SignedExample{Hash::Sha512,
                  "5d0b686d61632d73686135313200000069248100012c0040e0204ccce5f99db8de91ab0924"
                  "36dd58a6136f2bbd376d2fc0447cdcf1abe2eb6ef2f78e4d3f21bbdfadf965aca0f2fe916f"
                  "950030f81fb80d61fd88f71742f2123400000000"}};

// Three responses to the SHA-256 question, signed by dnspython as one row.
constexpr std::array<std::string_view, 3> kStream = {
    "123484000001000100000001076578616d706c65036f72670000060001c00c001000010000012c0006056669"
    "727374085472616e73666572074578616d706c650000fa00ff00000000003d0b686d61632d73686132353600"
    "000069248100012c002017a113f2fd6458fe16f388997458a50a40de59516c1c4380e414fd698f29a61a1234"
    "00000000",
    "123484000000000100000001076578616d706c65036f726700001000010000012c0007067365636f6e640854"
    "72616e73666572074578616d706c650000fa00ff00000000003d0b686d61632d736861323536000000692481"
    "00012c002007d2e979d70795881a548f43b3fe65c6481405adb58ecd48599b417e2de210b7123400000000",
    "123484000000000100000001076578616d706c65036f726700001000010000012c0006057468697264085472"
    "616e73666572074578616d706c650000fa00ff00000000003d0b686d61632d73686132353600000069248100"
    "012c0020c7b297e3c97eba8bd48dfd71081c126d7d78e37121c7ed9560136dd896ad02f0123400000000"};

Bytes bytes_of(std::string_view hex) {
    Bytes bytes;
    dns::HexDecoder decoder;
    EXPECT_TRUE(decoder.feed(hex, bytes) && decoder.finish());
    return bytes;
}

Bytes plain_question() {
    dns::QueryDraft draft;
    draft.id = 0x1234;
    draft.qname = *dns::parse_name("example.org.");
    draft.has_edns = false;
    return dns::build_query(draft);
}

class Tsig : public testing::Test {
 protected:
    static TsigKey key_of(Hash hash) {
        return {*dns::parse_name("transfer.example."), hash, {kSecret.begin(), kSecret.end()}};
    }

    static Bytes example(Hash hash) {
        const auto& each = kExamples[static_cast<size_t>(hash)];
        return bytes_of(std::string(kQuestion) + std::string(each.record_end));
    }

    // A question that our side signs.
    Bytes signed_question(const TsigKey& key) {
        Bytes message = plain_question();
        mac_ = sign_request(hmac_, key, message, kNow);
        return message;
    }

    TsigCheck check(const Bytes& message, const TsigKey& known, uint64_t now = kNow) {
        keys_ = {};
        EXPECT_TRUE(keys_.add(known));
        const auto offset = locate_tsig(message);
        EXPECT_TRUE(offset.has_value());
        return check_request(hmac_, keys_, message, *offset, now);
    }

    Hmac hmac_;
    Mac mac_;
    TsigKeyring keys_;  // What the last check() knew.
};

TEST_F(Tsig, AgreesWithAnotherImplementationInEveryAlgorithm) {
    for (const SignedExample& each : kExamples) {
        const TsigKey key = key_of(each.hash);
        EXPECT_EQ(check(example(each.hash), key).error, TsigError::None);
        Bytes ours = signed_question(key);
        // Our key name is in lower case, which the MAC does not see.
        EXPECT_EQ(check(ours, key).error, TsigError::None);
        EXPECT_EQ(ours.size(), example(each.hash).size());
        EXPECT_TRUE(is_same_mac(mac_.view(), check(example(each.hash), key).mac.view()));
    }
}

TEST_F(Tsig, ChecksARowOfMessagesThatAnotherImplementationSigned) {
    const TsigKey key = key_of(Hash::Sha256);
    TsigStream stream(key, check(example(Hash::Sha256), key).mac);
    EXPECT_FALSE(stream.is_proven());
    for (const std::string_view message : kStream) {
        EXPECT_EQ(stream.check(bytes_of(message), kNow), TsigError::None);
        EXPECT_TRUE(stream.is_proven());
    }
}

TEST_F(Tsig, ARowInTheWrongOrderIsBadSig) {
    const TsigKey key = key_of(Hash::Sha256);
    TsigStream stream(key, check(example(Hash::Sha256), key).mac);
    EXPECT_EQ(stream.check(bytes_of(kStream[0]), kNow), TsigError::None);
    EXPECT_EQ(stream.check(bytes_of(kStream[2]), kNow), TsigError::BadSig);
}

TEST_F(Tsig, SignsARowAsItIsChecked) {
    const TsigKey key = key_of(Hash::Sha512);
    const Bytes question = signed_question(key);
    TsigStream ours(key, mac_);
    TsigStream theirs(key, check(question, key).mac);
    for (int i = 0; i < 3; ++i) {
        Bytes room = plain_question();
        const size_t size = room.size();
        room.resize(size + tsig_size(key));
        room.resize(ours.sign(room, size, kNow));
        EXPECT_EQ(theirs.check(room, kNow), TsigError::None);
    }
}

TEST_F(Tsig, UnsignedMessagesBetweenAreProvenByTheNextSignedOne) {
    const TsigKey key = key_of(Hash::Sha256);
    (void)signed_question(key);
    TsigStream stream(key, mac_);
    const Bytes plain = plain_question();
    EXPECT_EQ(stream.check(plain, kNow), TsigError::FormErr);  // The first must be signed.

    TsigStream other(key, check(example(Hash::Sha256), key).mac);
    EXPECT_EQ(other.check(bytes_of(kStream[0]), kNow), TsigError::None);
    for (size_t i = 0; i < kUnsignedMax; ++i) EXPECT_EQ(other.check(plain, kNow), TsigError::None);
    EXPECT_FALSE(other.is_proven());
    EXPECT_EQ(other.check(plain, kNow), TsigError::FormErr);
}

TEST_F(Tsig, AChangedByteIsBadSig) {
    const TsigKey key = key_of(Hash::Sha256);
    const Bytes good = example(Hash::Sha256);
    for (const size_t at : {size_t{2}, size_t{14}, good.size() - 10}) {
        Bytes bad = good;
        bad[at] ^= 1;
        EXPECT_EQ(check(bad, key).error, TsigError::BadSig) << at;
    }
}

TEST_F(Tsig, AForwardedMessageIsCheckedUnderItsOriginalId) {
    Bytes forwarded = example(Hash::Sha256);
    base::store_u16(forwarded.data(), 0x9999);
    EXPECT_EQ(check(forwarded, key_of(Hash::Sha256)).error, TsigError::None);
}

TEST_F(Tsig, AnotherNameOrAlgorithmIsBadKey) {
    TsigKey other = key_of(Hash::Sha256);
    other.name = *dns::parse_name("other.example.");
    EXPECT_EQ(check(example(Hash::Sha256), other).error, TsigError::BadKey);
    EXPECT_EQ(check(example(Hash::Sha1), key_of(Hash::Sha256)).error, TsigError::BadKey);
}

TEST_F(Tsig, ClocksMayBeApartByTheFudgeAndNoMore) {
    const Bytes message = example(Hash::Sha256);
    const TsigKey key = key_of(Hash::Sha256);
    EXPECT_EQ(check(message, key, kNow + kTsigFudge).error, TsigError::None);
    EXPECT_EQ(check(message, key, kNow - kTsigFudge).error, TsigError::None);
    EXPECT_EQ(check(message, key, kNow + kTsigFudge + 1).error, TsigError::BadTime);
    EXPECT_EQ(check(message, key, kNow - kTsigFudge - 1).error, TsigError::BadTime);
}

// Cuts the MAC of the SHA-256 example to `size` bytes, everything else in agreement.
Bytes with_short_mac(const Bytes& message, uint16_t size) {
    constexpr size_t kMacAt = 32 + 6;  // From the end: MAC, then id, error, other size.
    Bytes cut(message.begin(), message.end() - kMacAt + size);
    cut.insert(cut.end(), message.end() - 6, message.end());
    const size_t data_at = cut.size() - 6 - size - 2 - 8 - 13;
    base::store_u16(&cut[data_at - 2], static_cast<uint16_t>(cut.size() - data_at));
    base::store_u16(&cut[cut.size() - 6 - size - 2], size);
    return cut;
}

TEST_F(Tsig, ATruncatedMacIsRefusedAndSaysWhy) {
    const TsigKey key = key_of(Hash::Sha256);
    const Bytes message = example(Hash::Sha256);
    EXPECT_EQ(check(with_short_mac(message, 16), key).error, TsigError::BadTrunc);
    EXPECT_EQ(check(with_short_mac(message, 15), key).error, TsigError::FormErr);
    EXPECT_EQ(check(with_short_mac(message, 0), key).error, TsigError::FormErr);
}

TEST_F(Tsig, ResponsesToFailuresAreSignedOnlyForWhoHasTheKey) {
    const TsigKey key = key_of(Hash::Sha256);
    const auto response_to = [&](const TsigCheck& request) {
        Bytes room = plain_question();
        const size_t size = room.size();
        room.resize(size + tsig_response_size(request));
        room.resize(sign_response(hmac_, request, room, size, kNow));
        return room;
    };
    const auto mac_size_of = [](const Bytes& message) {
        TsigRecord record;
        EXPECT_TRUE(read_tsig(message, *locate_tsig(message), record));
        return record.mac.size();
    };
    Bytes bad = example(Hash::Sha256);
    bad[14] ^= 1;
    EXPECT_EQ(mac_size_of(response_to(check(bad, key))), 0U);

    const Bytes late = example(Hash::Sha256);
    const Bytes response = response_to(check(late, key, kNow + 1000));
    EXPECT_EQ(mac_size_of(response), 32U);
    TsigRecord record;
    ASSERT_TRUE(read_tsig(response, *locate_tsig(response), record));
    EXPECT_EQ(record.error, 18);
    EXPECT_EQ(record.time_signed, kNow);
    EXPECT_EQ(record.other.size(), 6U);
}

TEST_F(Tsig, AResponseIsCheckedWithTheRequestsMac) {
    const TsigKey key = key_of(Hash::Sha256);
    const Bytes question = signed_question(key);
    const TsigCheck request = check(question, key);
    Bytes response = plain_question();
    const size_t size = response.size();
    response.resize(size + tsig_response_size(request));
    response.resize(sign_response(hmac_, request, response, size, kNow));
    EXPECT_EQ(TsigStream(key, mac_).check(response, kNow), TsigError::None);
    Mac other = mac_;
    other.bytes[0] ^= 1;
    EXPECT_EQ(TsigStream(key, other).check(response, kNow), TsigError::BadSig);
}

TEST_F(Tsig, StrippingGivesTheUnsignedQuestion) {
    const Bytes message = example(Hash::Sha256);
    const TsigCheck request = check(message, key_of(Hash::Sha256));
    Bytes plain(message.size());
    plain.resize(strip_tsig(message, request.record, plain));
    EXPECT_EQ(locate_tsig(plain), std::optional<size_t>(0));
    EXPECT_EQ(plain.size(), 29U);
}

TEST(LocateTsig, RefusesOneThatIsNotTheLastRecord) {
    const Bytes first = bytes_of(std::string(kQuestion) + std::string(kExamples[3].record_end));
    Bytes twice = first;
    twice.insert(twice.end(), first.begin() + 29, first.end());
    base::store_u16(&twice[10], 2);
    EXPECT_FALSE(locate_tsig(twice).has_value());
    Bytes trailing = first;
    trailing.push_back(0);
    EXPECT_FALSE(locate_tsig(trailing).has_value());
    EXPECT_FALSE(locate_tsig(std::span(first).first(20)).has_value());
}

TEST(TsigKeyring, KeepsWhatItHasWhenOthersCome) {
    TsigKeyring keys;
    const auto key = [](const char* name, uint8_t secret) {
        return TsigKey{*dns::parse_name(name), Hash::Sha256, {secret}};
    };
    ASSERT_TRUE(keys.add(key("b.example.", 1)));
    keys.add_all({key("c.example.", 2), key("B.example.", 3), key("a.example.", 4)});
    EXPECT_EQ(keys.find(*dns::parse_name("a.example."))->secret.front(), 4);
    EXPECT_EQ(keys.find(*dns::parse_name("b.example."))->secret.front(), 1);
    EXPECT_EQ(keys.find(*dns::parse_name("c.example."))->secret.front(), 2);
}

TEST(TsigKeyring, FindsKeysByNameInAnyCase) {
    TsigKeyring keys;
    for (const char* name : {"b.example.", "a.example.", "c.example."}) {
        EXPECT_TRUE(keys.add({*dns::parse_name(name), Hash::Sha256, {1}}));
    }
    EXPECT_FALSE(keys.add({*dns::parse_name("A.example."), Hash::Sha1, {2}}));
    ASSERT_NE(keys.find(*dns::parse_name("B.EXAMPLE.")), nullptr);
    EXPECT_EQ(keys.find(*dns::parse_name("example.")), nullptr);
}

}  // namespace
}  // namespace nearcast::transfer
