// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_receiver.h"

#include <algorithm>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "transfer/zone_stream.h"
#include "zone/zone_fixture.h"

namespace nearcast::transfer {
namespace {

using testing::HasSubstr;
using Bytes = std::vector<uint8_t>;

constexpr std::string_view kHead =
    "$TTL 300\n@ IN SOA ns1 admin 7 3600 900 604800 60\n@ NS ns1\nns1 A 192.0.2.1\n";

class Receiving : public testing::Test {
 protected:
    // What a primary with this zone sends.
    std::vector<Bytes> sent(std::string_view text) {
        zone_ = zone::compile_zone_text(apex_, text);
        dns::QueryDraft draft;
        draft.id = 99;
        draft.qname = apex_;
        draft.qtype = dns::RRType::AXFR;
        draft.has_edns = false;
        const Bytes request = dns::build_query(draft);
        dns::Query query;
        EXPECT_EQ(dns::parse_query(request, query), dns::ParseError::None);
        ZoneStream stream(zone::Version(zone_.image.image()), query, request);
        MessageWriter writer;
        std::vector<Bytes> messages;
        while (stream.next(writer, 0)) {
            messages.emplace_back(writer.message().begin(), writer.message().end());
        }
        return messages;
    }

    std::string problem_with(const Bytes& message, ReceiveLimits limits = {}) {
        ZoneReceiver receiver({.zone = apex_, .id = 99}, limits);
        const auto taken = receiver.take(message);
        return taken ? "" : taken.error().message;
    }

    const dns::Name apex_ = *dns::parse_name("example.org.");
    zone::CompiledZone zone_;
};

TEST_F(Receiving, WhatWasSentComesOutTheSame) {
    std::string text(kHead);
    for (int i = 0; i < 2000; ++i) text += "host" + std::to_string(i) + " MX 10 ns1\n";
    const auto messages = sent(text);
    ASSERT_GT(messages.size(), 1U);
    ZoneReceiver receiver({.zone = apex_, .id = 99});
    for (size_t i = 0; i < messages.size(); ++i) {
        const auto is_last = receiver.take(messages[i]);
        ASSERT_TRUE(is_last.has_value()) << is_last.error().message;
        EXPECT_EQ(*is_last, i + 1 == messages.size());
    }
    const auto image = receiver.build();
    ASSERT_TRUE(image.has_value());
    EXPECT_EQ(image->image().header().serial, 7U);
    zone::ImageRecords theirs{zone::Version(zone_.image.image())};
    zone::ImageRecords ours{zone::Version(image->image())};
    zone::RecordView a;
    zone::RecordView b;
    while (theirs.next(a)) {
        ASSERT_TRUE(ours.next(b));
        EXPECT_TRUE(std::ranges::equal(a.owner, b.owner) && std::ranges::equal(a.rdata, b.rdata));
    }
    EXPECT_FALSE(ours.next(b));
}

TEST_F(Receiving, AnotherIdOrRcodeOrAHalfMessageIsRefused) {
    const Bytes good = sent(kHead).at(0);
    EXPECT_EQ(problem_with(good), "");
    Bytes bad = good;
    bad[0] ^= 1;
    EXPECT_NE(problem_with(bad).find("something else"), std::string::npos);
    bad = good;
    bad[3] |= 5;
    EXPECT_NE(problem_with(bad).find("REFUSED"), std::string::npos);
    for (size_t size = 0; size < good.size(); ++size) {
        EXPECT_NE(problem_with(Bytes(good.begin(), good.begin() + long(size))), "") << size;
    }
}

// RFC 5936 §2.2.1
TEST_F(Receiving, WhatIsTruncatedIsRefused) {
    Bytes message = sent(kHead).front();
    EXPECT_EQ(problem_with(message), "");
    message[2] ^= dns::kFlagTc >> 8;
    EXPECT_THAT(problem_with(message), HasSubstr("truncated"));
}

TEST_F(Receiving, OfABrokenRecordIsToldWhatCouldBeRead) {
    const auto sent_with = [&](std::initializer_list<uint8_t> record) {
        Bytes message = sent(kHead).front();
        ++message[7];
        message.insert(message.end(), record);
        return message;
    };
    EXPECT_EQ(problem_with(sent_with({1, 'a', 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 3, 1, 2, 3})),
              "the primary sent a broken A of a.");
    EXPECT_EQ(problem_with(sent_with({1, 'a', 0xFF, 0, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 1, 2, 3, 4})),
              "the primary sent a record of type A whose name cannot be read");
}

TEST_F(Receiving, AZoneThatIsNotWhatItsDigestSaysIsRefused) {
    const std::string text =
        "@ 60 SOA ns1 admin 7 3600 900 604800 60\n@ 60 NS ns1\nns1 60 A 192.0.2.1\n";
    Bytes message = sent(text + zone::zonemd_for(text, 7)).at(0);
    ZoneReceiver receiver({.zone = apex_, .id = 99});
    ASSERT_TRUE(receiver.take(message).has_value());
    EXPECT_TRUE(receiver.build().has_value());
    const Bytes address{192, 0, 2, 1};
    const auto at = std::ranges::search(message, address).begin();
    ASSERT_NE(at, message.end());
    *at = 193;
    ZoneReceiver other({.zone = apex_, .id = 99});
    ASSERT_TRUE(other.take(message).has_value());
    const auto built = other.build();
    ASSERT_FALSE(built.has_value());
    EXPECT_THAT(built.error().message, HasSubstr("ZONEMD"));
}

TEST_F(Receiving, ALargerZoneThanTheLimitsIsRefused) {
    const Bytes message = sent(kHead).at(0);
    EXPECT_NE(problem_with(message, {.records_max = 2}).find("more than"), std::string::npos);
    EXPECT_NE(problem_with(message, {.bytes_max = 50}).find("more than"), std::string::npos);
}

TEST_F(Receiving, RecordsBehindTheEndAreRefused) {
    const Bytes message = sent(kHead).at(0);
    ZoneReceiver receiver({.zone = apex_, .id = 99});
    ASSERT_TRUE(receiver.take(message).value());
    EXPECT_FALSE(receiver.take(message).has_value());
}

// An IXFR as a primary sends it: records as text, "SOA n" standing for the SOA with this serial.
class ReceivingChanges : public testing::Test {
 protected:
    using Content = ZoneReceiver::Content;

    static Bytes message(const std::vector<std::string>& records) {
        MessageWriter writer;
        writer.begin(dns::kMessageSizeMax);
        for (const std::string& record : records) writer_add(writer, record);
        writer.finish(99, dns::kFlagQr | dns::kFlagAa);
        return {writer.message().begin(), writer.message().end()};
    }

    static void writer_add(MessageWriter& writer, const std::string& record) {
        const dns::Name apex = *dns::parse_name("example.org.");
        if (const auto soa = record.find("SOA "); soa != std::string::npos) {
            const dns::Name owner =
                soa == 0 ? apex : *dns::parse_name(record.substr(0, soa - 1), &apex);
            Bytes rdata(22);
            base::store_u32(&rdata[2], static_cast<uint32_t>(std::stoul(record.substr(soa + 4))));
            ASSERT_TRUE(writer.add_answer({owner.wire(), dns::RRType::SOA, 300, rdata}));
            return;
        }
        // "host 5": an address.
        const auto space = record.find(' ');
        const dns::Name owner = *dns::parse_name(record.substr(0, space), &apex);
        const Bytes rdata{192, 0, 2, static_cast<uint8_t>(std::stoi(record.substr(space + 1)))};
        ASSERT_TRUE(writer.add_answer({owner.wire(), dns::RRType::A, 300, rdata}));
    }

    // Takes one message after the other; the error, or "more", or what has come.
    std::string outcome_of(const std::vector<std::vector<std::string>>& messages,
                           ReceiveLimits limits = {}) {
        receiver_ = std::make_unique<ZoneReceiver>(
            TransferQuestion{.zone = *dns::parse_name("example.org."), .id = 99, .serial = 3},
            limits);
        bool is_last = false;
        for (const auto& records : messages) {
            const auto taken = receiver_->take(message(records));
            if (!taken) return taken.error().message;
            is_last = *taken;
        }
        if (!is_last) return "more";
        switch (receiver_->content()) {
            case Content::Current:
                return "current";
            case Content::Whole:
                return "whole";
            case Content::Differences:
                return "differences";
            case Content::Unknown:
                break;
        }
        return "unknown";
    }

    std::unique_ptr<ZoneReceiver> receiver_;
};

TEST_F(ReceivingChanges, AreTakenStepByStep) {
    ASSERT_EQ(outcome_of({{"SOA 5", "SOA 3", "a 1", "SOA 4", "b 1"},
                          {"b 2", "SOA 4", "SOA 5", "c 1"},
                          {"SOA 5"}}),
              "differences");
    const auto& steps = receiver_->differences();
    ASSERT_EQ(steps.size(), 2U);
    EXPECT_EQ(steps[0].from_serial(), 3U);
    EXPECT_EQ(steps[0].to_serial(), 4U);
    EXPECT_EQ(steps[0].removed_count(), 2U);
    EXPECT_EQ(steps[0].added_count(), 3U);
    EXPECT_EQ(steps[1].removed_count(), 1U);
    EXPECT_EQ(steps[1].added_count(), 2U);
    EXPECT_TRUE(steps[0].is_complete() && steps[1].is_complete());
}

TEST_F(ReceivingChanges, TheZoneMayComeInTheirPlace) {
    EXPECT_EQ(outcome_of({{"SOA 5", "a 1", "SOA 5"}}), "whole");
    EXPECT_EQ(outcome_of({{"SOA 5"}, {"a 1"}, {"SOA 5"}}), "whole");
}

TEST_F(ReceivingChanges, ASoaAloneSaysThatThereAreNone) {
    EXPECT_EQ(outcome_of({{"SOA 3"}}), "current");
    EXPECT_EQ(outcome_of({{"SOA 2"}}), "current");
    EXPECT_EQ(outcome_of({{"SOA 4"}}), "more");
}

TEST_F(ReceivingChanges, ThatBreakOffAreNone) {
    EXPECT_EQ(outcome_of({{"SOA 5", "SOA 3", "SOA 5", "a 1"}}), "more");
    EXPECT_EQ(outcome_of({{"SOA 5", "SOA 3", "SOA 4", "SOA 4", "SOA 5"}}), "more");
}

TEST_F(ReceivingChanges, ThatDoNotLinkUpAreRefused) {
    EXPECT_THAT(outcome_of({{"SOA 5", "SOA 2", "SOA 5", "SOA 5"}}), HasSubstr("from serial 2"));
    EXPECT_THAT(outcome_of({{"SOA 5", "SOA 3", "SOA 4", "SOA 3", "SOA 5"}}),
                HasSubstr("where 4 was reached"));
    EXPECT_THAT(outcome_of({{"SOA 5", "SOA 3", "SOA 2"}}), HasSubstr("lead back to serial 2"));
    EXPECT_THAT(outcome_of({{"SOA 5", "SOA 3", "SOA 3"}}), HasSubstr("lead back to serial 3"));
    EXPECT_THAT(outcome_of({{"SOA 5", "SOA 3", "SOA 5", "SOA 5", "a 1"}}),
                HasSubstr("behind the closing SOA"));
}

TEST_F(ReceivingChanges, OfNamesOutsideTheZoneAreRefused) {
    EXPECT_THAT(outcome_of({{"SOA 5", "SOA 3", "www.example.net. 1"}}),
                HasSubstr("not of the zone"));
}

// Between the SOAs that divide them it would be read as one of those.
TEST_F(ReceivingChanges, WithASoaOfAnotherNameAreRefused) {
    EXPECT_THAT(outcome_of({{"SOA 5", "SOA 3", "SOA 5", "x SOA 4", "SOA 5"}}),
                HasSubstr("not of the zone: x.example.org. SOA"));
    EXPECT_THAT(outcome_of({{"SOA 5", "SOA 3", "x SOA 4", "SOA 5", "SOA 5"}}),
                HasSubstr("not of the zone: x.example.org. SOA"));
}

TEST_F(ReceivingChanges, AreBounded) {
    const std::vector<std::string> steps{"SOA 5", "SOA 3", "a 1", "SOA 5", "b 1", "SOA 5"};
    EXPECT_EQ(outcome_of({steps}, {.records_max = 6}), "differences");
    EXPECT_THAT(outcome_of({steps}, {.records_max = 5}), HasSubstr("more than"));
    EXPECT_THAT(outcome_of({steps}, {.difference_bytes_max = 80}), HasSubstr("changes of more"));
}

}  // namespace
}  // namespace nearcast::transfer
