// SPDX-License-Identifier: Apache-2.0

#include "transfer/request_desk.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dns/response.h"
#include "transfer/zone_updates.h"
#include "zone/compile.h"
#include "zone/image_records.h"

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
    uint8_t soa_owner = 12;               // Where in the message: the zone's own name.
    uint64_t signed_at = kNow;
    std::optional<uint8_t> edns_version = {};
    dns::Opcode opcode = dns::Opcode::Query;
};

class Desk : public testing::Test {
 protected:
    Desk() {
        config_ = *parse_transfer_config(kConfig, "node.toml");
        auto zone = zone::compile_zone_text(
            *dns::parse_name("example.org."),
            "@ 300 IN SOA ns1 admin 7 3600 900 604800 60\n@ 300 NS ns1\nns1 300 A 192.0.2.1\n");
        EXPECT_TRUE(ledger_->replace(zone.apex, std::move(zone.image), {}).has_value());
        ledger_->make_unavailable(*dns::parse_name("expired.example."));
    }

    static Bytes message_for(const Ask& ask) {
        dns::QueryDraft draft;
        draft.id = 99;
        draft.qname = *dns::parse_name(ask.name);
        draft.qtype = ask.type;
        draft.flags = static_cast<uint16_t>(static_cast<unsigned>(ask.opcode) << 11);
        draft.has_edns = ask.edns_version.has_value();
        Bytes message = dns::build_query(draft);
        // OPT ends the message: its version stands before the flags and the size of the data.
        if (ask.edns_version) message[message.size() - 5] = *ask.edns_version;
        if (ask.serial) {
            Bytes soa{0xC0, ask.soa_owner, 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, 0, 0};
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

    RequestDesk::Outcome answer(const Ask& ask, RequestDesk& desk) {
        request_message_ = signed_message_for(ask);
        request_ = {.message = request_message_,
                    .room = room_,
                    .peer = *base::parse_ip_address(ask.peer),
                    .is_stream = ask.is_stream,
                    .now = kNow};
        return desk.answer(request_);
    }
    RequestDesk::Outcome answer(const Ask& ask) { return answer(ask, desk_); }

    // "granted", or the rcode of the response with the error of its TSIG behind it.
    std::string outcome_of(const Ask& ask) {
        const auto outcome = answer(ask);
        if (outcome.is_granted) return "granted";
        if (outcome.is_for_waiter) return "for a waiter";
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

    // Answers as a responder would: the header and the question back, with a verdict's rcode.
    static size_t echo(const PlainQuestion& question) {
        dns::Query query;
        EXPECT_TRUE(dns::rcode_of(dns::parse_query(question.message, query)));
        const auto rcode = question.verdict ? question.verdict->rcode : dns::Rcode::NoError;
        const size_t size = dns::kHeaderSize + query.question_size;
        std::ranges::copy(question.message.first(size), question.room.begin());
        dns::store_header(
            {.id = query.header.id,
             .flags = static_cast<uint16_t>(dns::kFlagQr | (query.header.flags & dns::kOpcodeMask) |
                                            static_cast<uint16_t>(rcode)),
             .question_count = 1},
            question.room);
        return size;
    }

    RequestDesk::Partners partners(std::optional<RequestDesk::Waiting> waiting) {
        return {.zones = zones_,
                .ledger = *ledger_,
                .updates = updates_,
                .ask = echo,
                .hear =
                    [this](const Notice& notice) {
                        heard_ = notice;
                        return dns::Rcode::NotAuth;
                    },
                .expires_in = [](const dns::Name&) { return std::nullopt; },
                .secondary_of = [](const dns::Name&) { return nullptr; },
                .tallies = &tallies_,
                .waiting = waiting};
    }

    TransferConfig config_;
    zone::ZoneTable zones_;
    std::unique_ptr<zone::ZoneLedger> ledger_ =
        *zone::ZoneLedger::open(zone::make_memory_disk(), zones_, {});
    ZoneUpdates updates_{config_, zones_, *ledger_};
    std::atomic<bool> is_stopping_ = false;
    std::optional<Notice> heard_;
    DeskTallies tallies_;
    RequestDesk desk_{config_, partners(std::nullopt)};  // On a worker's thread.
    // On one that may wait.
    RequestDesk waiter_{config_, partners(RequestDesk::Waiting{zones_, is_stopping_})};
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

// Gives its holder one zone, and says so only where there is time to ask.
class OneGrant final : public Grants {
 public:
    [[nodiscard]] bool might_have(const dns::Name& zone,
                                  const Requestor& requestor) const override {
        return requestor.key != nullptr && zone == *dns::parse_name("example.org.");
    }
    [[nodiscard]] bool may_have(const dns::Name&, const Requestor& requestor) override {
        return requestor.key->name == *dns::parse_name("late.example.");
    }
};

TEST_F(Desk, TakesKeysThatCameWhileItRuns) {
    constexpr std::string_view kElsewhere = "198.51.100.1";
    LiveKeyring live;
    OneGrant grants;
    auto on_worker = partners(std::nullopt);
    auto on_waiter = partners(RequestDesk::Waiting{zones_, is_stopping_});
    for (auto* each : {&on_worker, &on_waiter}) {
        each->keys = &live;
        each->grants = &grants;
    }
    RequestDesk worker(config_, std::move(on_worker));
    RequestDesk waiter(config_, std::move(on_waiter));
    const Ask ask{.key = "late.example.", .peer = kElsewhere};
    EXPECT_GT(answer(ask, worker).size, 0U);  // BADKEY.
    TsigKeyring keys = config_.keys;
    keys.add_all({{*dns::parse_name("late.example."), Hash::Sha256, {1, 2, 3}},
                  {*dns::parse_name("early.example."), Hash::Sha256, {1, 2, 3}}});
    live.replace(std::move(keys));
    EXPECT_TRUE(answer(ask, worker).is_for_waiter);
    EXPECT_GT(answer({.key = "early.example.", .peer = kElsewhere}, waiter).size, 0U);
    EXPECT_GT(answer({.peer = kElsewhere}, worker).size, 0U);
    EXPECT_TRUE(answer({.key = "transfer.example.", .peer = kElsewhere}, worker).is_granted);
    ASSERT_TRUE(answer(ask, waiter).is_granted);
    const auto transfer = waiter.take_transfer(request_);
    ASSERT_TRUE(transfer != nullptr);
    // The key is gone, and what was begun with it goes on.
    live.replace({});
    EXPECT_GT(answer(ask, waiter).size, 0U);
    EXPECT_GT(transfer->signer->sign(room_, dns::kHeaderSize, kNow), dns::kHeaderSize);
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
    EXPECT_EQ(outcome_of({.type = kType, .is_stream = false, .serial = 6}), "for a waiter");
    EXPECT_EQ(outcome_of({.type = kType}), "FORMERR");
}

TEST_F(Desk, AnIncrementalTransferStartsFromTheZonesOwnSoa) {
    constexpr uint8_t kParent = 20;  // Behind the first label.
    constexpr auto kType = dns::RRType::IXFR;
    EXPECT_EQ(outcome_of({.type = kType, .serial = 6, .soa_owner = kParent}), "FORMERR");
    EXPECT_EQ(outcome_of({.type = kType, .is_stream = false, .serial = 7, .soa_owner = kParent}),
              "FORMERR");
}

// What is granted, or for another thread, is counted by who ends it.
TEST_F(Desk, CountsTransfersThatItEndsItself) {
    constexpr auto kType = dns::RRType::IXFR;
    EXPECT_EQ(outcome_of({}), "granted");
    EXPECT_EQ(outcome_of({.peer = "198.51.100.1"}), "REFUSED");
    EXPECT_EQ(outcome_of({.type = kType, .serial = 7}), "NOERROR");
    EXPECT_EQ(outcome_of({.type = kType, .is_stream = false, .serial = 6}), "for a waiter");
    EXPECT_EQ(outcome_of({.type = kType}), "FORMERR");
    EXPECT_EQ(outcome_of({.edns_version = 1}), "NOERROR");  // BADVERS, but for the echo.
    const SentTallies& told = tallies_.transfers;
    EXPECT_EQ(told.rows[0].refused.get(), 1U);
    EXPECT_EQ(told.rows[1].refused.get(), 1U);
    EXPECT_EQ(told.current.get(), 1U);
    EXPECT_EQ(told.rows[0].sent.get() + told.rows[1].sent.get(), 0U);
}

TEST_F(Desk, TheAnswerToAnIncrementalRequestRepeatsItsQuestion) {
    const auto outcome = answer({.type = dns::RRType::IXFR, .serial = 7});
    const auto response = dns::read_response(std::span(room_).first(outcome.size));
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->questions.at(0).type, dns::RRType::IXFR);
}

// The echo reads what it is asked, and so does this what it gives back.
TEST_F(Desk, AsksForTheSoaWhereTheOwnerOfOptIsCompressed) {
    request_message_ = message_for({.type = dns::RRType::IXFR, .serial = 7});
    const Bytes opt{0xC0, 24, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};  // Where the question's name ends.
    request_message_.insert(request_message_.end(), opt.begin(), opt.end());
    base::store_u16(&request_message_[10], 1);
    request_ = {.message = request_message_,
                .room = room_,
                .peer = *base::parse_ip_address("192.0.2.1"),
                .now = kNow};
    const auto outcome = desk_.answer(request_);
    const auto response = dns::read_response(std::span(room_).first(outcome.size));
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->rcode, dns::Rcode::NoError);
    EXPECT_EQ(response->questions.at(0).type, dns::RRType::IXFR);
}

TEST_F(Desk, AnotherVersionOfEdnsIsForTheOrdinaryResponder) {
    EXPECT_EQ(outcome_of({.edns_version = 1}), "NOERROR");  // The echo's.
    EXPECT_EQ(outcome_of({.key = "transfer.example.", .edns_version = 1}), "NOERROR NOERROR");
    EXPECT_EQ(outcome_of({.edns_version = 0}), "granted");
}

TEST_F(Desk, ASignedQuestionGetsASignedAnswer) {
    const auto outcome = answer({.type = dns::RRType::SOA, .key = "other.example."});
    TsigStream stream(*config_.keys.find(*dns::parse_name("other.example.")), mac_);
    EXPECT_EQ(stream.check(std::span(room_).first(outcome.size), kNow), TsigError::None);
    EXPECT_TRUE(stream.is_proven());
}

// RFC 8945 §5.3: whatever is answered to a good signature is signed.
TEST_F(Desk, AnUnknownOpcodeIsRefusedWithASignature) {
    const Ask ask{.key = "transfer.example.", .opcode = dns::Opcode::Status};
    EXPECT_EQ(outcome_of(ask), "NOTIMP NOERROR");
    const auto outcome = answer(ask);
    TsigStream stream(*config_.keys.find(*dns::parse_name("transfer.example.")), mac_);
    EXPECT_EQ(stream.check(std::span(room_).first(outcome.size), kNow), TsigError::None);
    EXPECT_TRUE(stream.is_proven());
    EXPECT_EQ(outcome_of({.key = "stranger.example.", .opcode = dns::Opcode::Status}),
              "NOTAUTH BADKEY");
}

TEST_F(Desk, AGrantedTransferIsSignedAndKeepsItsVersionOfTheZone) {
    ASSERT_TRUE(answer({.key = "transfer.example."}, waiter_).is_granted);
    const auto transfer = waiter_.take_transfer(request_);
    ASSERT_NE(transfer, nullptr);
    EXPECT_TRUE(ledger_->withdraw(*dns::parse_name("example.org.")).has_value());
    EXPECT_EQ(zones_.collect(), 0U);

    MessageWriter writer;
    ASSERT_TRUE(transfer->stream.next(writer, transfer->tsig_size));
    const size_t size = transfer->signer->sign(writer.room(), writer.size(), kNow);
    TsigStream stream(*config_.keys.find(*dns::parse_name("transfer.example.")), mac_);
    EXPECT_EQ(stream.check(writer.room().first(size), kNow), TsigError::None);
    EXPECT_EQ(writer.record_count(), 4U);
}

// From one version to the next: what the history of a ledger is made of.
class DeskWithHistory : public Desk {
 protected:
    DeskWithHistory() {
        std::string hosts;
        for (int i = 0; i < 20; ++i) hosts += "host" + std::to_string(i) + " 300 A 192.0.2.1\n";
        for (const char* serial : {"8", "9"}) {
            auto zone = zone::compile_zone_text(
                *dns::parse_name("example.org."),
                "@ 300 IN SOA ns1 admin " + std::string(serial) + " 3600 900 604800 60\n" +
                    "@ 300 NS ns1\nns1 300 A 192.0.2.1\nhost 300 A 192.0.2." + serial + "\n" +
                    hosts);
            EXPECT_TRUE(ledger_->replace(zone.apex, std::move(zone.image), {}).has_value());
        }
    }

    // The serials of the SOA records that are sent, in order, over UDP.
    std::vector<uint32_t> serials_over_udp(uint32_t serial, size_t room) {
        request_message_ = message_for({.type = dns::RRType::IXFR, .serial = serial});
        request_ = {.message = request_message_,
                    .room = std::span(room_).first(room),
                    .peer = *base::parse_ip_address("192.0.2.1"),
                    .now = kNow};
        const auto outcome = waiter_.answer(request_);
        const auto response = dns::read_response(std::span(room_).first(outcome.size));
        EXPECT_TRUE(response.has_value());
        std::vector<uint32_t> serials;
        for (const dns::Record& record : response->answer) {
            if (record.type == dns::RRType::SOA) serials.push_back(zone::soa_serial(record.rdata));
        }
        return serials;
    }

    // The same over TCP.
    std::vector<uint32_t> serials_over_tcp(uint32_t serial) {
        EXPECT_TRUE(answer({.type = dns::RRType::IXFR, .serial = serial}, waiter_).is_granted);
        const auto transfer = waiter_.take_transfer(request_);
        std::vector<uint32_t> serials;
        MessageWriter writer;
        while (transfer->stream.next(writer, 0)) {
            const auto response = dns::read_response(writer.message());
            for (const dns::Record& record : response->answer) {
                if (record.type != dns::RRType::SOA) continue;
                serials.push_back(zone::soa_serial(record.rdata));
            }
        }
        return serials;
    }
};

TEST_F(DeskWithHistory, ChangesAreSentAsARowOfDifferences) {
    EXPECT_EQ(serials_over_tcp(8), (std::vector<uint32_t>{9, 8, 9, 9}));
    EXPECT_EQ(serials_over_udp(8, 1232), (std::vector<uint32_t>{9, 8, 9, 9}));
}

TEST_F(DeskWithHistory, TheZoneIsSentWhereTheHistoryDoesNotReachBackOrIsMore) {
    EXPECT_EQ(serials_over_tcp(3), (std::vector<uint32_t>{9, 9}));
    EXPECT_EQ(serials_over_tcp(7), (std::vector<uint32_t>{9, 9}));  // All 20 hosts came with 8.
}

TEST_F(DeskWithHistory, OverUdpTheSoaAloneSaysThatMoreComesOverTcp) {
    EXPECT_EQ(serials_over_udp(3, 1232), std::vector<uint32_t>{});  // The echo has no records.
    EXPECT_EQ(serials_over_udp(8, 100), std::vector<uint32_t>{});
}

TEST_F(Desk, ANotifyIsPassedOnWithItsHint) {
    Bytes message = message_for({.type = dns::RRType::SOA, .serial = 12});
    base::store_u16(&message[2], static_cast<uint16_t>(dns::Opcode::Notify) << 11);
    base::store_u16(&message[6], 1);  // The SOA stands among the answers.
    base::store_u16(&message[8], 0);
    request_ = {.message = message,
                .room = room_,
                .peer = *base::parse_ip_address("192.0.2.9"),
                .now = kNow};
    (void)desk_.answer(request_);
    ASSERT_TRUE(heard_);
    EXPECT_EQ(heard_->serial, 12U);
    EXPECT_EQ(dns::to_text(heard_->zone), "example.org.");
    EXPECT_EQ(tallies_.notices[static_cast<size_t>(dns::Rcode::NotAuth)].get(), 1U);
}

TEST_F(Desk, ANotifyWithTheSoaOfAnotherZoneHasNoHint) {
    Bytes message = message_for({.type = dns::RRType::SOA, .serial = 12, .soa_owner = 20});
    base::store_u16(&message[2], static_cast<uint16_t>(dns::Opcode::Notify) << 11);
    base::store_u16(&message[6], 1);
    base::store_u16(&message[8], 0);
    request_ = {.message = message,
                .room = room_,
                .peer = *base::parse_ip_address("192.0.2.9"),
                .now = kNow};
    (void)desk_.answer(request_);
    ASSERT_TRUE(heard_);
    EXPECT_EQ(heard_->serial, std::nullopt);
}

TEST(Serials, GoRoundAsRfc1982Says) {
    EXPECT_TRUE(dns::is_later_serial(2, 1));
    EXPECT_FALSE(dns::is_later_serial(1, 2));
    EXPECT_FALSE(dns::is_later_serial(1, 1));
    EXPECT_TRUE(dns::is_later_serial(0, 0xFFFFFFFF));
    EXPECT_TRUE(dns::is_later_serial(0x80000000, 1));
    EXPECT_FALSE(dns::is_later_serial(0x80000001, 1));
    EXPECT_FALSE(dns::is_later_serial(1, 0x80000001));
}

}  // namespace
}  // namespace nearcast::transfer
