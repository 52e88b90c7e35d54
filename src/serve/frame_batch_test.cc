// SPDX-License-Identifier: Apache-2.0

#include "serve/frame_batch.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "serve/listen_address.h"
#include "xdp/sample_frames.h"

namespace nearcast::serve {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::SizeIs;
using xdp::sample::Bytes;
using xdp::sample::changed;
using xdp::sample::frame_of;
using xdp::sample::Parts;
using xdp::sample::v6_parts;

// What xdp::Queue promises, without a kernel behind it.
class FakeQueue {
 public:
    explicit FakeQueue(std::vector<Bytes> frames, size_t room_count = SIZE_MAX)
        : frames_(std::move(frames)),
          rooms_(frames_.size(), Bytes(1600)),
          room_count_(std::min(room_count, frames_.size())) {
        for (const Bytes& frame : frames_) views_.emplace_back(frame);
    }

    [[nodiscard]] std::span<const xdp::Queue::Frame> receive() const { return views_; }
    [[nodiscard]] std::span<uint8_t> room(size_t i) {
        return i < room_count_ ? std::span(rooms_[i]) : std::span<uint8_t>();
    }
    [[nodiscard]] uint32_t mtu() const { return mtu_; }
    void send(size_t i, size_t size) {
        EXPECT_LE(size, rooms_[i].size());
        rooms_[i].resize(size);
        sent_.push_back(i);
    }
    void finish() { ++finished_; }

    void set_mtu(uint32_t mtu) { mtu_ = mtu; }
    [[nodiscard]] const std::vector<size_t>& sent() const { return sent_; }
    [[nodiscard]] const Bytes& response(size_t i) const { return rooms_[i]; }
    [[nodiscard]] int finished() const { return finished_; }

 private:
    std::vector<Bytes> frames_;
    std::vector<xdp::Queue::Frame> views_;
    std::vector<Bytes> rooms_;
    size_t room_count_;
    uint32_t mtu_ = 1500;
    std::vector<size_t> sent_;
    int finished_ = 0;
};

Bytes query(const std::string& text, Parts parts = {}) {
    parts.message.assign(text.begin(), text.end());
    return frame_of(parts);
}

// The same, as it comes back: who asked is asked, and the other way round.
Bytes response(const std::string& text, Parts parts = {}) {
    std::swap(parts.source, parts.destination);
    std::swap(parts.source_port, parts.port);
    parts.message.assign(text.begin(), text.end());
    parts.spoil_ip = [is_v6 = parts.is_v6](Bytes& ip) {
        ip[is_v6 ? 7 : 8] = xdp::kHopLimit;
        if (!is_v6) ip[4] = ip[5] = 0;
    };
    Bytes frame = frame_of(parts);
    std::swap_ranges(frame.begin(), frame.begin() + 6, frame.begin() + 6);
    return frame;
}

// What names an IPv4 datagram is anybody's guess, and changes the sum of its header.
Bytes without_id(Bytes frame) {
    for (const size_t at : {18U, 19U, 24U, 25U}) frame[at] = 0;
    return frame;
}

std::string text_of(std::span<const uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

void echo(answer::Exchange& exchange) {
    std::ranges::copy(exchange.query, exchange.room.begin());
    exchange.response_size = exchange.query.size();
}

TEST(FrameBatch, AnswersEachToWhomItBelongs) {
    Parts other;
    other.source = {198, 51, 100, 9};
    other.source_port = 1024;
    Parts tagged;
    tagged.tags = {0x81, 0, 0, 100};
    FakeQueue queue({query("first"), query("second one", other), query("third", v6_parts()),
                     query("fourth", tagged)});
    FrameBatch batch;
    EXPECT_EQ(batch.receive(queue).messages, 4U);
    ASSERT_THAT(batch.exchanges(), SizeIs(4));
    EXPECT_EQ(text_of(batch.exchanges()[1].query), "second one");
    std::ranges::for_each(batch.exchanges(), echo);
    const auto sent = batch.send(queue);
    EXPECT_EQ(sent.answered, 4U);
    EXPECT_EQ(sent.dropped, 0U);
    EXPECT_EQ(queue.finished(), 1);
    EXPECT_THAT(queue.sent(), ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(without_id(queue.response(0)), without_id(response("first")));
    EXPECT_EQ(without_id(queue.response(1)), without_id(response("second one", other)));
    EXPECT_EQ(queue.response(2), response("third", v6_parts()));
    EXPECT_THAT(batch.exchanges(), SizeIs(0));
}

TEST(FrameBatch, TellsWhoAsksAndWhatWasAsked) {
    FakeQueue queue({query("a"), query("b", v6_parts())});
    FrameBatch batch;
    (void)batch.receive(queue);
    ASSERT_THAT(batch.exchanges(), SizeIs(2));
    const answer::Exchange& v4 = batch.exchanges()[0];
    sockaddr_storage peer{};
    std::memcpy(&peer, v4.peer, sizeof(sockaddr_in));
    EXPECT_EQ(to_text(base::from_native(peer)), "198.51.100.7:5353");
    EXPECT_EQ(text_of({static_cast<const uint8_t*>(v4.asked), 4}), "\xC0\x00\x02\x35"s);
    const answer::Exchange& v6 = batch.exchanges()[1];
    std::memcpy(&peer, v6.peer, sizeof(sockaddr_in6));
    EXPECT_EQ(to_text(base::from_native(peer)), "[2001:db8:9::7]:5353");
    EXPECT_EQ(static_cast<const uint8_t*>(v6.asked)[15], 53);
    EXPECT_FALSE(v4.is_local || v6.is_local);
    (void)batch.send(queue);
}

// Frames keep their places: the response to the third is written into the third room.
TEST(FrameBatch, DropsWhatItCannotReadAndAnswersTheOthers) {
    const Bytes damaged =
        changed({}, [](Parts& p) { p.spoil_udp = [](Bytes& udp) { udp[6] ^= 1; }; });
    FakeQueue queue({damaged, query("good"), Bytes{1, 2, 3}, query("better")});
    FrameBatch batch;
    const auto received = batch.receive(queue);
    EXPECT_EQ(received.messages, 4U);
    EXPECT_EQ(received.dropped, 2U);
    ASSERT_THAT(batch.exchanges(), SizeIs(2));
    std::ranges::for_each(batch.exchanges(), echo);
    EXPECT_EQ(batch.send(queue).answered, 2U);
    EXPECT_THAT(queue.sent(), ElementsAre(1, 3));
    EXPECT_EQ(without_id(queue.response(3)), without_id(response("better")));
}

TEST(FrameBatch, DropsWhatCouldNotBeAnswered) {
    FakeQueue queue({query("a"), query("b"), query("c")}, /*room_count=*/1);
    FrameBatch batch;
    EXPECT_EQ(batch.receive(queue).dropped, 2U);
    ASSERT_THAT(batch.exchanges(), SizeIs(1));
    echo(batch.exchanges()[0]);
    EXPECT_EQ(batch.send(queue).answered, 1U);
    EXPECT_THAT(queue.sent(), ElementsAre(0));
    EXPECT_EQ(queue.finished(), 1);
}

TEST(FrameBatch, CountsNeitherSilenceNorProbesAsAnswers) {
    FakeQueue queue({query("a"), query("b"), query("c")});
    FrameBatch batch;
    (void)batch.receive(queue);
    std::ranges::for_each(batch.exchanges(), echo);
    batch.exchanges()[0].response_size = 0;
    batch.exchanges()[1].is_probe = true;
    const auto sent = batch.send(queue);
    EXPECT_EQ(sent.answered, 1U);
    EXPECT_EQ(sent.dropped, 1U);
    EXPECT_THAT(queue.sent(), ElementsAre(1, 2));
}

TEST(FrameBatch, LetsNoResponseOutgrowTheInterface) {
    for (const uint32_t mtu : {1280U, 1500U, 9000U}) {
        FakeQueue queue({query("a"), query("b", v6_parts())});
        queue.set_mtu(mtu);
        FrameBatch batch;
        (void)batch.receive(queue);
        ASSERT_THAT(batch.exchanges(), SizeIs(2));
        EXPECT_EQ(batch.exchanges()[0].room.size(), std::min(kUdpResponseSizeMax, mtu - 28UL));
        EXPECT_EQ(batch.exchanges()[1].room.size(), std::min(kUdpResponseSizeMax, mtu - 48UL));
        (void)batch.send(queue);
    }
}

// Keeps what it was handed, to be answered by the test.
class Keeper final : public Answerer {
 public:
    void respond(std::span<answer::Exchange>) noexcept override {}
    void offline() noexcept override {}
    void take_datagram(DatagramReply reply, std::span<const uint8_t> message) noexcept override {
        replies.push_back(std::move(reply));
        messages.push_back(text_of(message));
    }

    std::vector<DatagramReply> replies;
    std::vector<std::string> messages;
};

UdpSocket socket_at(const char* text, uint16_t told_port) {
    auto opened = open_udp_socket({*base::parse_ip_address(text), 0});
    EXPECT_TRUE(opened);
    const base::SocketAddress address{*base::parse_ip_address(text), told_port};
    return {std::move(*opened), address, is_wildcard(address)};
}

TEST(FrameBatch, HandsADatagramOverWithTheSocketOfItsAddress) {
    Parts parts;
    parts.destination = {127, 0, 0, 1};
    FakeQueue queue({query("at once"), query("later", parts)});
    std::vector<UdpSocket> sockets;
    sockets.push_back(socket_at("127.0.0.2", xdp::kDnsPort));
    sockets.push_back(socket_at("0.0.0.0", 5353));
    FrameBatch batch;
    Keeper keeper;
    (void)batch.receive(queue);
    ASSERT_THAT(batch.exchanges(), SizeIs(2));
    std::ranges::for_each(batch.exchanges(), echo);
    batch.exchanges()[1].takes_datagram = true;
    // Nobody has this address at port 53: it is dropped.
    batch.hand_over(sockets, keeper);
    EXPECT_THAT(keeper.messages, SizeIs(0));
    sockets.push_back(socket_at("0.0.0.0", xdp::kDnsPort));
    batch.hand_over(sockets, keeper);
    EXPECT_THAT(keeper.messages, ElementsAre("later"));
    const auto sent = batch.send(queue);
    EXPECT_THAT(queue.sent(), ElementsAre(0));
    EXPECT_EQ(sent.answered, 1U);
    EXPECT_EQ(sent.dropped, 0U);
}

// From the address that was asked, though the socket has them all.
TEST(FrameBatch, WhatIsHandedOverIsAnsweredFromTheAddressThatWasAsked) {
    auto client = open_udp_socket({*base::parse_ip_address("127.0.0.1"), 0});
    ASSERT_TRUE(client);
    sockaddr_in own{};
    socklen_t size = sizeof own;
    ASSERT_EQ(getsockname(client->get(), reinterpret_cast<sockaddr*>(&own), &size), 0);
    Parts parts;
    parts.source = {127, 0, 0, 1};
    parts.source_port = ntohs(own.sin_port);
    parts.destination = {127, 9, 8, 7};
    FakeQueue queue({query("later", parts)});
    std::vector<UdpSocket> sockets;
    sockets.push_back(socket_at("0.0.0.0", xdp::kDnsPort));
    FrameBatch batch;
    Keeper keeper;
    (void)batch.receive(queue);
    ASSERT_THAT(batch.exchanges(), SizeIs(1));
    batch.exchanges()[0].takes_datagram = true;
    batch.hand_over(sockets, keeper);
    (void)batch.send(queue);
    EXPECT_THAT(queue.sent(), SizeIs(0));
    ASSERT_THAT(keeper.replies, SizeIs(1));
    keeper.replies[0].send(Bytes{'o', 'k'});
    pollfd item{client->get(), POLLIN, 0};
    ASSERT_EQ(::poll(&item, 1, 5'000), 1);
    sockaddr_in from{};
    size = sizeof from;
    Bytes room(16);
    ASSERT_EQ(::recvfrom(client->get(), room.data(), room.size(), 0,
                         reinterpret_cast<sockaddr*>(&from), &size),
              2);
    EXPECT_EQ(ntohl(from.sin_addr.s_addr), 0x7F090807U);
}

}  // namespace
}  // namespace nearcast::serve
