// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_sender.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "dns/response.h"
#include "tls/test_keys.h"
#include "transfer/fake_primary.h"
#include "transfer/link.h"
#include "transfer/members.h"
#include "transfer/zone_updates.h"
#include "zone/compile.h"

namespace nearcast::transfer {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr std::string_view kConfig = "[transfer]\nallow = [\"192.0.2.1\"]\n";

Bytes request_for(const char* zone, uint16_t id, dns::RRType type = dns::RRType::AXFR) {
    dns::QueryDraft draft;
    draft.id = id;
    draft.qname = *dns::parse_name(zone);
    draft.qtype = type;
    return dns::build_query(draft);
}

Bytes update_of(const char* zone, uint16_t id) {
    Bytes message = request_for(zone, id, dns::RRType::SOA);
    message[2] = static_cast<uint8_t>(static_cast<unsigned>(dns::Opcode::Update) << 3);
    return message;
}

// The other end of a connection that was handed to the sender.
class Peer {
 public:
    explicit Peer(ZoneSender& sender, const std::vector<Bytes>& requests) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        socket_ = base::Fd(ends[0]);
        ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
        Bytes unread;
        for (const Bytes& request : requests) append(request, unread);
        sender.take(tls::Stream(base::Fd(ends[1])), {*base::parse_ip_address("192.0.2.1"), 4242},
                    unread);
    }

    void send(const Bytes& request) const {
        Bytes frame;
        append(request, frame);
        EXPECT_EQ(::send(socket_.get(), frame.data(), frame.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(frame.size()));
    }

    // The next message; empty when the connection has been closed.
    [[nodiscard]] Bytes read() const {
        std::array<uint8_t, 2> length{};
        if (!read_all(length)) return {};
        Bytes message(base::load_u16(length.data()));
        return read_all(message) ? message : Bytes();
    }

 private:
    static void append(const Bytes& request, Bytes& frames) {
        frames.push_back(static_cast<uint8_t>(request.size() >> 8));
        frames.push_back(static_cast<uint8_t>(request.size()));
        frames.insert(frames.end(), request.begin(), request.end());
    }
    [[nodiscard]] bool read_all(std::span<uint8_t> room) const {
        return ::recv(socket_.get(), room.data(), room.size(), MSG_WAITALL) ==
               static_cast<ssize_t>(room.size());
    }

    base::Fd socket_;
};

// Whoever speaks TLS.
class AllOfTls final : public Members {
 public:
    [[nodiscard]] bool has(const tls::Peer& /*peer*/) const override { return true; }
    [[nodiscard]] std::vector<base::SocketAddress> targets() const override { return {}; }
    [[nodiscard]] dns::Rcode hear(const tls::Peer& /*peer*/,
                                  const ServedReport& /*report*/) override {
        return dns::Rcode::NoError;
    }
};

class Sending : public testing::Test {
 protected:
    Sending() {
        for (const char* name : {"one.example.", "two.example."}) {
            std::string text =
                "@ 300 IN SOA ns1 admin 7 3600 900 604800 60\n@ 300 NS ns1\n"
                "ns1 300 A 192.0.2.1\n";
            // More than sockets hold, and many messages.
            for (int i = 0; i < 10'000; ++i) {
                text += "host" + std::to_string(i) + " 300 TXT \"" + std::string(200, 'x') + "\"\n";
            }
            auto zone = zone::compile_zone_text(*dns::parse_name(name), text);
            EXPECT_TRUE(ledger_->replace(zone.apex, std::move(zone.image), {}).has_value());
        }
    }

    // Answers as a responder would: the header and the question back.
    static size_t echo(const PlainQuestion& question) {
        dns::Query query;
        EXPECT_EQ(dns::parse_query(question.message, query), dns::ParseError::None);
        const size_t size = dns::kHeaderSize + query.question_size;
        std::ranges::copy(question.message.first(size), question.room.begin());
        const auto rcode = question.verdict ? question.verdict->rcode : dns::Rcode::NoError;
        dns::store_header(
            {.id = query.header.id,
             .flags = static_cast<uint16_t>(dns::kFlagQr | static_cast<uint16_t>(rcode)),
             .question_count = 1},
            question.room);
        return size;
    }

    std::unique_ptr<RequestDesk> make_desk() {
        return std::make_unique<RequestDesk>(
            config_,
            RequestDesk::Partners{.zones = zones_,
                                  .ledger = *ledger_,
                                  .updates = updates_,
                                  .ask = echo,
                                  .hear = {},
                                  .expires_in = [](const dns::Name&) { return std::nullopt; },
                                  .secondary_of = [](const dns::Name&) { return nullptr; },
                                  .members = &members_,
                                  .waiting = RequestDesk::Waiting{zones_, is_stopping_}});
    }
    ZoneSender::MakeDesk desks() {
        return [this] { return make_desk(); };
    }

    TransferConfig config_ = *parse_transfer_config(kConfig, "node.toml");
    zone::ZoneTable zones_;
    std::unique_ptr<zone::ZoneLedger> ledger_ =
        *zone::ZoneLedger::open(zone::make_memory_disk(), zones_, {});
    ZoneUpdates updates_{config_, zones_, *ledger_};
    std::atomic<bool> is_stopping_ = false;
    SentTallies tallies_;
    AllOfTls members_;
};

uint16_t id_of(const Bytes& message) { return base::load_u16(message.data()); }

// The SOA ends a zone: whether the message has it as its last record.
size_t soa_count(const Bytes& message) {
    const auto response = dns::read_response(message);
    return static_cast<size_t>(
        std::ranges::count(response->answer, dns::RRType::SOA, &dns::Record::type));
}

TEST_F(Sending, ZonesOnOneConnectionGoOutSideBySide) {
    ZoneSender sender(desks(), tallies_);
    const Peer peer(sender, {request_for("one.example.", 1), request_for("two.example.", 2)});
    std::array<size_t, 3> soas{};
    std::string order;
    while (soas[1] + soas[2] < 4) {
        const Bytes message = peer.read();
        ASSERT_FALSE(message.empty());
        soas.at(id_of(message)) += soa_count(message);
        order += std::to_string(id_of(message));
    }
    EXPECT_EQ(soas[1], 2U);
    EXPECT_NE(order.find("1212121212"), std::string::npos) << order;
}

TEST_F(Sending, AQuestionIsAnsweredWhileAZoneIsUnderWay) {
    ZoneSender sender(desks(), tallies_);
    const Peer peer(sender, {request_for("one.example.", 1)});
    EXPECT_EQ(id_of(peer.read()), 1U);
    peer.send(request_for("one.example.", 9, dns::RRType::SOA));
    size_t soas = 1;
    bool is_answered = false;
    while (soas < 2 && !is_answered) {
        const Bytes message = peer.read();
        ASSERT_FALSE(message.empty());
        is_answered = id_of(message) == 9;
        if (!is_answered) soas += soa_count(message);
    }
    EXPECT_TRUE(is_answered);
}

TEST_F(Sending, TheSameIdWaitsForItsTurn) {
    ZoneSender sender(desks(), tallies_);
    const Peer peer(sender, {request_for("one.example.", 1), request_for("two.example.", 1)});
    std::vector<std::string> owners;
    for (size_t soas = 0; soas < 4;) {
        const Bytes message = peer.read();
        ASSERT_FALSE(message.empty());
        const auto response = dns::read_response(message);
        soas += soa_count(message);
        owners.push_back(dns::to_text(response->answer.back().owner));
    }
    const auto is_of_one = [](const std::string& owner) { return owner.ends_with("one.example."); };
    EXPECT_TRUE(std::ranges::is_partitioned(owners, is_of_one));
}

TEST_F(Sending, SlowTransfersLeaveRoomForUpdates) {
    ZoneSender sender(desks(), tallies_, {.transfers_max = 1, .updates_max = 1});
    const Peer slow(sender, {request_for("one.example.", 1)});
    EXPECT_EQ(id_of(slow.read()), 1U);  // And it reads no more.

    const base::SocketAddress another{*base::parse_ip_address("192.0.2.1"), 4243};
    EXPECT_FALSE(sender.has_room(ZoneSender::Purpose::Transfers, another));
    EXPECT_TRUE(sender.has_room(ZoneSender::Purpose::Updates, another));
    EXPECT_EQ(Peer(sender, {request_for("two.example.", 2)}).read(), Bytes());
    const Peer updating(sender, {update_of("one.example.", 3)});
    EXPECT_EQ(id_of(updating.read()), 3U);
    // It does not get round the bound, and is told so.
    updating.send(request_for("two.example.", 4));
    const auto declined = dns::read_response(updating.read());
    ASSERT_TRUE(declined.has_value());
    EXPECT_EQ(declined->rcode, dns::Rcode::ServFail);
    updating.send(update_of("one.example.", 5));
    EXPECT_EQ(id_of(updating.read()), 5U);
}

// A connection that has been answered is idle soon after: until then it need not give way.
Bytes answer_in_the_end(ZoneSender& sender, const Bytes& request) {
    const base::Instant deadline = base::now() + std::chrono::seconds(10);
    Bytes answer;
    while (answer.empty() && base::now() < deadline) answer = Peer(sender, {request}).read();
    return answer;
}

bool has_room_in_the_end(ZoneSender& sender, ZoneSender::Purpose purpose) {
    const base::SocketAddress another{*base::parse_ip_address("192.0.2.1"), 4243};
    const base::Instant deadline = base::now() + std::chrono::seconds(10);
    bool has_room = sender.has_room(purpose, another);
    while (!has_room && base::now() < deadline) {
        std::this_thread::yield();
        has_room = sender.has_room(purpose, another);
    }
    return has_room;
}

TEST_F(Sending, IdleConnectionsGiveWay) {
    ZoneSender sender(desks(), tallies_,
                      {.updates_max = 1, .idle_limit = std::chrono::seconds(15)});
    const Peer idle(sender, {update_of("one.example.", 1)});
    EXPECT_EQ(id_of(idle.read()), 1U);
    EXPECT_TRUE(has_room_in_the_end(sender, ZoneSender::Purpose::Updates));
    EXPECT_EQ(id_of(answer_in_the_end(sender, update_of("one.example.", 2))), 2U);
    EXPECT_EQ(idle.read(), Bytes());
}

TEST_F(Sending, WhatAConnectionCountsAsIsWhatItBeginsWith) {
    using Purpose = ZoneSender::Purpose;
    const ZoneSender sender(desks(), tallies_, {}, &members_);
    const tls::Peer node{.is_fit_for_transfers = true, .has_certificate = true, .names = {}};
    const Bytes update = update_of("one.example.", 1);
    const Bytes transfer = request_for("one.example.", 2);
    EXPECT_EQ(sender.purpose_of(update, nullptr), Purpose::Updates);
    EXPECT_EQ(sender.purpose_of(update, &node), Purpose::Updates);
    EXPECT_EQ(sender.purpose_of(transfer, nullptr), Purpose::Transfers);
    EXPECT_EQ(sender.purpose_of(transfer, &node), Purpose::Members);
}

// Connections of nodes, over TLS.
class ToMembers : public Sending {
 protected:
    ToMembers() { std::signal(SIGPIPE, SIG_IGN); }

    // Connected, and handed over to the sender before it says anything.
    std::unique_ptr<Link> connect(ZoneSender& sender) {
        auto link = std::make_unique<Link>(Link::Kind::Stream, address_, is_stopping_, &client_);
        base::Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        auto session = server_.open_session(socket.get());
        sender.take(tls::Stream(std::move(socket), *std::move(session)), address_, {});
        return link;
    }
    // What is answered to this; empty when the connection has been closed.
    static Bytes ask(Link& link, const Bytes& request) {
        const base::Instant end = base::now() + std::chrono::minutes(1);
        if (!link.write_frame(request, end)) return {};
        return link.read_frame(end).value_or(Bytes());
    }

    tls::TestFolder folder_;
    tls::TlsContext server_ =
        *tls::TlsContext::for_server({.certificate = folder_.write("server.pem", tls::kServer),
                                      .key = folder_.write("server.key", tls::kServerKey)});
    tls::TlsContext client_ = *tls::TlsContext::for_client(
        {.name = "test", .server_name = "server.example", .ca = folder_.write("ca.pem", tls::kCa)});
    base::SocketAddress address_;
    base::Fd listener_ = listen_on_loopback(address_);
    const Bytes question_ = request_for("one.example.", 7, dns::RRType::SOA);
};

TEST_F(ToMembers, TheyHaveALimitOfTheirOwn) {
    ZoneSender sender(desks(), tallies_, {.transfers_max = 0, .members_max = 1}, &members_);
    const auto first = connect(sender);
    EXPECT_EQ(id_of(ask(*first, question_)), 7U);
    EXPECT_TRUE(has_room_in_the_end(sender, ZoneSender::Purpose::Members));  // It is idle.
    Bytes answer;
    std::unique_ptr<Link> second;
    for (const auto end = base::now() + std::chrono::minutes(1); base::now() < end;) {
        second = connect(sender);
        answer = ask(*second, question_);
        if (!answer.empty()) break;
    }
    EXPECT_EQ(id_of(answer), 7U);
    EXPECT_EQ(ask(*first, question_), Bytes());  // It has given way.
}

TEST_F(ToMembers, TheyMayBeIdleForLongerThanOthers) {
    ZoneSender sender(desks(), tallies_, {.idle_limit = std::chrono::seconds(0)}, &members_);
    const auto node = connect(sender);
    const Peer other(sender, {question_});
    EXPECT_EQ(id_of(other.read()), 7U);
    EXPECT_EQ(other.read(), Bytes());
    EXPECT_EQ(id_of(ask(*node, question_)), 7U);
    EXPECT_EQ(id_of(ask(*node, question_)), 7U);
}

TEST_F(ToMembers, TheyAreNotIdleForEver) {
    ZoneSender sender(desks(), tallies_, {.member_idle_limit = std::chrono::seconds(0)}, &members_);
    const auto node = connect(sender);
    const base::Instant end = base::now() + std::chrono::minutes(1);
    if (node->write_frame(question_, end)) {
        while (node->read_frame(end)) {
        }
    }
    EXPECT_LT(base::now(), end);  // The sender has closed it.
    const Peer other(sender, {question_});
    EXPECT_EQ(id_of(other.read()), 7U);
}

}  // namespace
}  // namespace nearcast::transfer
