// SPDX-License-Identifier: Apache-2.0

#include "xdp/packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "xdp/internet_sum.h"
#include "xdp/sample_frames.h"

namespace nearcast::xdp {
namespace {

using namespace sample;

Reading reading_of(const Bytes& frame) {
    QueryPacket packet;
    return read_query(frame, packet);
}

Bytes part(const Bytes& frame, size_t at, size_t size) {
    return {frame.begin() + static_cast<ptrdiff_t>(at),
            frame.begin() + static_cast<ptrdiff_t>(at + size)};
}

// A response of `message` to the query of `parts`.
Bytes respond(const Bytes& query, const Bytes& message) {
    QueryPacket packet;
    EXPECT_EQ(read_query(query, packet), Reading::Query);
    Bytes frame(packet.header_size(), 0xaa);  // Whatever was there before.
    append(frame, message);
    EXPECT_EQ(write_headers(packet, frame, message.size(), 0x1122), frame.size());
    return frame;
}

TEST(InternetSum, IsThatOfTheRfc) {
    Bytes bytes;
    for (size_t i = 0; i < 1500; ++i) {
        EXPECT_EQ(fold(add_bytes(0, bytes)), [&] {
            Bytes other = bytes;
            const uint16_t sum = slow_sum(other);
            return static_cast<uint16_t>(sum << 8 | sum >> 8);  // In memory's order here.
        }()) << i;
        bytes.push_back(static_cast<uint8_t>(i * 151 + 255));
    }
}

TEST(ReadQuery, TakesEveryPlainQuery) {
    for (const Case& each : plain_queries()) {
        EXPECT_EQ(reading_of(each.frame), Reading::Query) << each.what;
    }
}

TEST(ReadQuery, FindsTheMessageAndBothEnds) {
    for (const Parts& parts : {Parts{}, v6_parts()}) {
        const Bytes frame = changed(parts, [](Parts& p) { p.tags = {0x81, 0, 0, 100}; });
        QueryPacket packet;
        ASSERT_EQ(read_query(frame, packet), Reading::Query);
        EXPECT_EQ(Bytes(packet.message.begin(), packet.message.end()), kMessage);
        const size_t size = parts.source.size();
        EXPECT_EQ(Bytes(packet.source(), packet.source() + size), parts.source);
        EXPECT_EQ(Bytes(packet.destination(), packet.destination() + size), parts.destination);
        EXPECT_EQ(packet.source_port()[0] << 8 | packet.source_port()[1], parts.source_port);
        EXPECT_EQ(packet.header_size(), 18 + packet.ip_size() + 8);
    }
}

TEST(ReadQuery, LeavesEverythingElse) {
    for (const Case& each : other_frames()) {
        EXPECT_EQ(reading_of(each.frame), Reading::NotPlain) << each.what;
    }
}

TEST(ReadQuery, LeavesAFrameThatWasCutAnywhere) {
    for (const Case& each : plain_queries()) {
        QueryPacket packet;
        ASSERT_EQ(read_query(each.frame, packet), Reading::Query);
        const size_t whole = packet.header_size() + packet.message.size();
        for (size_t size = 0; size < whole; ++size) {
            EXPECT_EQ(reading_of(part(each.frame, 0, size)), Reading::NotPlain)
                << each.what << ", " << size;
        }
    }
}

TEST(ReadQuery, SeesOneChangedBitAnywhereUnderASum) {
    for (const Parts& parts : {Parts{}, v6_parts()}) {
        const Bytes frame = frame_of(parts);
        for (size_t bit = 14 * 8; bit < frame.size() * 8; ++bit) {
            Bytes damaged = frame;
            damaged[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
            // IPv6 has no sum of its own: class, flow label and hop limit may be anything.
            const size_t at = bit / 8 - 14;
            const bool is_version = at == 0 && bit % 8 >= 4;
            const bool is_covered = !parts.is_v6 || is_version || (at >= 4 && at != 7);
            EXPECT_NE(reading_of(damaged) == Reading::Query, is_covered) << bit;
        }
    }
}

TEST(ReadQuery, NeedsASumInIpv6) {
    EXPECT_EQ(reading_of(changed(v6_parts(), [](Parts& p) { p.has_udp_sum = false; })),
              Reading::BadSum);
}

TEST(WriteHeaders, TurnsBothEndsRound) {
    for (const Parts& parts : {Parts{}, v6_parts()}) {
        const Bytes tags = {0x88, 0xa8, 0x20, 7, 0x81, 0, 0x60, 100};
        const Bytes query = changed(parts, [&](Parts& p) { p.tags = tags; });
        const Bytes response = respond(query, {1, 2, 3});
        EXPECT_EQ(part(response, 0, 6), kPeerMac);
        EXPECT_EQ(part(response, 6, 6), kOwnMac);
        EXPECT_EQ(part(response, 12, 8), tags);
        const size_t ip = 22;
        const size_t size = parts.source.size();
        const size_t addresses = ip + (parts.is_v6 ? 8 : 12);
        EXPECT_EQ(part(response, addresses, size), parts.destination);
        EXPECT_EQ(part(response, addresses + size, size), parts.source);
        const size_t udp = addresses + 2 * size;
        EXPECT_EQ(part(response, udp, 4), (Bytes{0, 53, 5353 >> 8, 5353 & 0xff}));
        EXPECT_EQ(part(response, udp + 8, 3), (Bytes{1, 2, 3}));
        EXPECT_EQ(response[parts.is_v6 ? ip + 7 : ip + 8], kHopLimit);
    }
}

TEST(WriteHeaders, MakesTheSumsOfTheRfc) {
    for (size_t size = 12; size < 1452; size += 97) {
        Bytes message(size);
        for (size_t i = 0; i < size; ++i) message[i] = static_cast<uint8_t>(i * 7 + size);
        const Bytes v4 = respond(frame_of({}), message);
        EXPECT_EQ(slow_sum(part(v4, 14, 20)), 0xffff);
        Bytes covered = pseudo_header({}, size + 8);
        append(covered, part(v4, 34, size + 8));
        EXPECT_EQ(slow_sum(covered), 0xffff);

        const Bytes v6 = respond(frame_of(v6_parts()), message);
        covered = pseudo_header(v6_parts(), size + 8);
        append(covered, part(v6, 54, size + 8));
        EXPECT_EQ(slow_sum(covered), 0xffff);
    }
}

// A sum of zero would say that there is none.
TEST(WriteHeaders, NeverSaysThatThereIsNoSum) {
    for (const Parts& parts : {Parts{}, v6_parts()}) {
        const Bytes query = frame_of(parts);
        Bytes message(12);
        const size_t sum_at = 14 + (parts.is_v6 ? 40 : 20) + 6;
        const Bytes first = respond(query, message);
        put(message, 0, static_cast<size_t>(first[sum_at] << 8 | first[sum_at + 1]));
        EXPECT_EQ(part(respond(query, message), sum_at, 2), (Bytes{0xff, 0xff}));
    }
}

TEST(WriteHeaders, WritesWhatReadQueryTakesForAQuery) {
    for (const Case& each : plain_queries()) {
        Bytes response = respond(each.frame, kMessage);
        // Asked from port 53, the response is a query again.
        EXPECT_EQ(reading_of(response), Reading::NotPlain) << each.what;
    }
    const Bytes query = changed({}, [](Parts& p) { p.source_port = 53; });
    EXPECT_EQ(reading_of(respond(query, kMessage)), Reading::Query);
}

}  // namespace
}  // namespace nearcast::xdp
