// SPDX-License-Identifier: Apache-2.0

#include "transfer/request_desk.h"

#include <string>

#include <gtest/gtest.h>

#include "dns/response.h"
#include "zone/compile.h"
#include "zone/image_builder.h"

namespace nearcast::transfer {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kNow = 1764000000;
constexpr std::string_view kConfig = R"([[key]]
name = "transfer.example"
secret = "c2VjcmV0"
[[key]]
name = "other.example"
secret = "b3RoZXI="
[transfer]
allow = ["192.0.2.1", "key:transfer.example"]
)";

// What is asked for, and how.
struct Ask {
    std::string_view name = "example.org.";
    dns::RRType type = dns::RRType::AXFR;
    std::string_view key = {};
    bool is_stream = true;
    std::string_view peer = "192.0.2.1";
    std::optional<uint32_t> serial = {};  // Of an IXFR's client.
    uint64_t signed_at = kNow;
};

class Desk : public testing::Test {
 protected:
    Desk() {
        config_ = *parse_transfer_config(kConfig, "node.toml");
        auto zone = zone::compile_zone_text(
            *dns::parse_name("example.org."),
            "@ 300 IN SOA ns1 admin 7 3600 900 604800 60\n@ 300 NS ns1\nns1 300 A 192.0.2.1\n");
        zones_.publish(std::move(zone.image));
        zones_.publish(zone::build_unavailable_image(*dns::parse_name("expired.example.")));
    }

    static Bytes message_for(const Ask& ask) {
        dns::QueryDraft draft;
        draft.id = 99;
        draft.qname = *dns::parse_name(ask.name);
        draft.qtype = ask.type;
        draft.has_edns = false;
        Bytes message = dns::build_query(draft);
        if (ask.serial) {
            Bytes soa{0xC0, 12, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0};
            soa.resize(soa.size() + 20);
            base::store_u32(&soa[14], *ask.serial);
            message.insert(message.end(), soa.begin(), soa.end());
            base::store_u16(&message[8], 1);
        }
        return message;
    }

    Bytes signed_message_for(const Ask& ask) {
        Bytes message = message_for(ask);
        if (!ask.key.empty()) {
            const TsigKey* known = config_.keys.find(*dns::parse_name(ask.key));
            const TsigKey stranger{*dns::parse_name(ask.key), Hash::Sha256, {1, 2, 3}};
            mac_ = sign_request(hmac_, known ? *known : stranger, message, ask.signed_at);
        }
        return message;
    }

    RequestDesk::Outcome answer(const Ask& ask) {
        request_message_ = signed_message_for(ask);
        request_ = {.message = request_message_,
                    .room = room_,
                    .peer = *base::parse_ip_address(ask.peer),
                    .is_stream = ask.is_stream,
                    .now = kNow};
        return desk_.answer(request_);
    }

    // "granted", or the rcode of the response with the error of its TSIG behind it.
    std::string outcome_of(const Ask& ask) {
        const auto outcome = answer(ask);
        if (outcome.is_granted) return "granted";
        const auto message = std::span(room_).first(outcome.size);
        const auto response = dns::read_response(message);
        EXPECT_TRUE(response.has_value());
        std::string text = dns::to_text(response->rcode);
        TsigRecord record;
        if (*locate_tsig(message) != 0 && read_tsig(message, *locate_tsig(message), record)) {
            text += std::string(" ") + to_text(static_cast<TsigError>(record.error));
        }
        return text;
    }

    // Answers as a responder would: the header and the question back.
    static size_t echo(const PlainQuestion& question) {
        std::ranges::copy(question.message, question.room.begin());
        base::store_u16(&question.room[2], dns::kFlagQr);
        return question.message.size();
    }

    TransferConfig config_;
    zone::ZoneTable zones_;
    RequestDesk desk_{config_, zones_, echo,
                      [](const dns::Name&, const base::IpAddress&, const TsigKey*) {
                          return dns::Rcode::NotAuth;
                      }};
    Hmac hmac_;
    Mac mac_;
    Bytes room_ = Bytes(dns::kMessageSizeMax);
    Bytes request_message_;
    Request request_;
};

TEST_F(Desk, GrantsByAddressOrByKey) {
    EXPECT_EQ(outcome_of({}), "granted");
    EXPECT_EQ(outcome_of({.peer = "198.51.100.1"}), "REFUSED");
    EXPECT_EQ(outcome_of({.key = "transfer.example.", .peer = "198.51.100.1"}), "granted");
    EXPECT_EQ(outcome_of({.key = "other.example.", .peer = "198.51.100.1"}), "REFUSED NOERROR");
}

TEST_F(Desk, ABadSignatureIsNotAuthEvenFromAnAllowedAddress) {
    EXPECT_EQ(outcome_of({.key = "nobody.example."}), "NOTAUTH BADKEY");
    EXPECT_EQ(outcome_of({.key = "transfer.example.", .signed_at = kNow - 301}), "NOTAUTH BADTIME");
}

TEST_F(Desk, ZonesThatAreNotHereOrHaveNoDataAreNotSent) {
    EXPECT_EQ(outcome_of({.name = "www.example.org."}), "NOTAUTH");
    EXPECT_EQ(outcome_of({.name = "expired.example."}), "SERVFAIL");
}

TEST_F(Desk, AWholeZoneIsNotSentOverUdp) { EXPECT_EQ(outcome_of({.is_stream = false}), "FORMERR"); }

TEST_F(Desk, AnIncrementalTransferIsGrantedToThoseWhoAreBehind) {
    constexpr auto kType = dns::RRType::IXFR;
    EXPECT_EQ(outcome_of({.type = kType, .serial = 6}), "granted");
    EXPECT_EQ(outcome_of({.type = kType, .serial = 7}), "NOERROR");
    EXPECT_EQ(outcome_of({.type = kType, .serial = 8}), "NOERROR");
    EXPECT_EQ(outcome_of({.type = kType, .is_stream = false, .serial = 6}), "NOERROR");
    EXPECT_EQ(outcome_of({.type = kType}), "FORMERR");
}

TEST_F(Desk, TheAnswerToAnIncrementalRequestRepeatsItsQuestion) {
    const auto outcome = answer({.type = dns::RRType::IXFR, .serial = 7});
    const auto response = dns::read_response(std::span(room_).first(outcome.size));
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->questions.at(0).type, dns::RRType::IXFR);
}

TEST_F(Desk, ASignedQuestionGetsASignedAnswer) {
    const auto outcome = answer({.type = dns::RRType::SOA, .key = "other.example."});
    TsigStream stream(*config_.keys.find(*dns::parse_name("other.example.")), mac_);
    EXPECT_EQ(stream.check(std::span(room_).first(outcome.size), kNow), TsigError::None);
    EXPECT_TRUE(stream.is_proven());
}

TEST_F(Desk, AGrantedTransferIsSignedAndKeepsItsVersionOfTheZone) {
    ASSERT_TRUE(answer({.key = "transfer.example."}).is_granted);
    const auto transfer = desk_.take_transfer(request_);
    ASSERT_NE(transfer, nullptr);
    EXPECT_TRUE(zones_.withdraw(*dns::parse_name("example.org.")));
    EXPECT_EQ(zones_.collect(), 0U);

    MessageWriter writer;
    ASSERT_TRUE(transfer->stream.next(writer, transfer->tsig_size));
    const size_t size = transfer->signer->sign(writer.room(), writer.size(), kNow);
    TsigStream stream(*config_.keys.find(*dns::parse_name("transfer.example.")), mac_);
    EXPECT_EQ(stream.check(writer.room().first(size), kNow), TsigError::None);
    EXPECT_EQ(writer.record_count(), 4U);
}

TEST(Serials, GoRoundAsRfc1982Says) {
    EXPECT_TRUE(is_later_serial(2, 1));
    EXPECT_FALSE(is_later_serial(1, 2));
    EXPECT_FALSE(is_later_serial(1, 1));
    EXPECT_TRUE(is_later_serial(0, 0xFFFFFFFF));
    EXPECT_TRUE(is_later_serial(0x80000000, 1));
    EXPECT_FALSE(is_later_serial(0x80000001, 1));
    EXPECT_FALSE(is_later_serial(1, 0x80000001));
}

}  // namespace
}  // namespace nearcast::transfer
