// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_receiver.h"

#include <string>

#include <gtest/gtest.h>

#include "transfer/zone_stream.h"
#include "zone/compile.h"

namespace nearcast::transfer {
namespace {

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
        ZoneReceiver receiver(apex_, 99, limits);
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
    ZoneReceiver receiver(apex_, 99);
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

TEST_F(Receiving, ALargerZoneThanTheLimitsIsRefused) {
    const Bytes message = sent(kHead).at(0);
    EXPECT_NE(problem_with(message, {.records_max = 2}).find("more than"), std::string::npos);
    EXPECT_NE(problem_with(message, {.bytes_max = 50}).find("more than"), std::string::npos);
}

TEST_F(Receiving, RecordsBehindTheEndAreRefused) {
    const Bytes message = sent(kHead).at(0);
    ZoneReceiver receiver(apex_, 99);
    ASSERT_TRUE(receiver.take(message).value());
    EXPECT_FALSE(receiver.take(message).has_value());
}

}  // namespace
}  // namespace nearcast::transfer
