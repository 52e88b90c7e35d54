// SPDX-License-Identifier: Apache-2.0

#include <set>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "anycast/tcp_prober.h"
#include "anycast/udp_prober.h"
#include "base/bytes.h"

namespace nearcast::anycast {
namespace {

using namespace std::chrono_literals;
using base::Instant;
using base::SocketAddress;
using Bytes = std::vector<uint8_t>;

constexpr ProbeToken kToken = {1, 2, 3, 4};

// The answer of `worker` to a probe, with the question's id: no question, an OPT, our option.
Bytes answer_to(std::span<const uint8_t> query, uint16_t worker) {
    Bytes answer = {query[0], query[1], 0x84, 0, 0, 0, 0, 0, 0,    0,    0, 1, 0, 0, 41,
                    4,        208,      0,    0, 0, 0, 0, 6, 0xFE, 0x1D, 0, 2, 0, 0};
    base::store_u16(answer.data() + answer.size() - 2, worker);
    return answer;
}

// Workers with a socket each on one port of the loopback address, served by the test's own thread.
class FakeServer {
 public:
    FakeServer(int type, uint16_t worker_count) : type_(type) {
        for (uint16_t i = 0; i < worker_count; ++i) sockets_.push_back(open());
    }

    [[nodiscard]] SocketAddress address() const {
        return {*base::parse_ip_address("127.0.0.1"), port_};
    }

    // Answers all that waits, but for the worker that hangs.
    void serve() {
        for (uint16_t i = 0; i < sockets_.size(); ++i) {
            if (i == hung_) continue;
            type_ == SOCK_DGRAM ? serve_datagrams(i) : serve_connections(i);
        }
    }

    void hang(uint16_t worker) { hung_ = worker; }

 private:
    base::Fd open() {
        base::Fd fd(socket(AF_INET, type_ | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        const int on = 1;
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
        const base::NativeAddress native(address());
        EXPECT_EQ(bind(fd.get(), native.data(), native.size()), 0);
        EXPECT_EQ(type_ == SOCK_STREAM ? listen(fd.get(), 64) : 0, 0);
        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size);
        port_ = base::from_native(bound).port;
        return fd;
    }

    void serve_datagrams(uint16_t worker) {
        std::array<uint8_t, 512> room{};
        sockaddr_storage from{};
        for (;;) {
            socklen_t size = sizeof from;
            const ssize_t count = recvfrom(sockets_[worker].get(), room.data(), room.size(), 0,
                                           reinterpret_cast<sockaddr*>(&from), &size);
            if (count < 0) return;
            const Bytes answer = answer_to(room, worker);
            sendto(sockets_[worker].get(), answer.data(), answer.size(), 0,
                   reinterpret_cast<sockaddr*>(&from), size);
        }
    }

    void serve_connections(uint16_t worker) {
        for (;;) {
            const base::Fd client(accept4(sockets_[worker].get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;
            std::array<uint8_t, 512> room{};
            pollfd waiting{.fd = client.get(), .events = POLLIN, .revents = 0};
            // The question follows once the prober has seen that it is connected.
            if (poll(&waiting, 1, 0) != 1) {
                clients_.emplace_back(worker, base::Fd(dup(client.get())));
                continue;
            }
            if (recv(client.get(), room.data(), room.size(), 0) > 2) reply(client, worker, room);
        }
    }

    static void reply(const base::Fd& client, uint16_t worker, std::span<const uint8_t> room) {
        Bytes answer = answer_to(room.subspan(2), worker);
        answer.insert(answer.begin(), {0, static_cast<uint8_t>(answer.size())});
        send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }

 public:
    // Those that were accepted before their question came.
    void serve_clients() {
        for (const auto& [worker, client] : clients_) {
            std::array<uint8_t, 512> room{};
            if (recv(client.get(), room.data(), room.size(), MSG_DONTWAIT) > 2) {
                reply(client, worker, room);
            }
        }
    }

 private:
    int type_;
    uint16_t port_ = 0;
    std::vector<base::Fd> sockets_;
    std::vector<std::pair<uint16_t, base::Fd>> clients_;
    uint32_t hung_ = UINT32_MAX;
};

ProbeQuestion question() { return *ProbeQuestion::for_zone(""); }

std::set<uint32_t> workers_of(const ProbeEvents& events, ProbeEvent::Kind kind) {
    std::set<uint32_t> found;
    for (const ProbeEvent& event : events) {
        if (event.kind == kind) found.insert(event.lane.worker);
    }
    return found;
}

class UdpProberTest : public testing::Test {
 protected:
    ProbeEvents round() {
        ProbeEvents events;
        now_ += 50ms;
        prober_.ask(now_, events);
        server_.serve();
        prober_.receive(events);
        return events;
    }

    FakeServer server_{SOCK_DGRAM, 4};
    UdpProber prober_{{server_.address()}, question(), kToken, 400ms};
    Instant now_{1h};
};

TEST_F(UdpProberTest, ReachesEveryWorkerAndThenAsksEachByItsOwnSocket) {
    prober_.reset(4);
    for (int i = 0; i < 5; ++i) round();
    const ProbeEvents events = round();
    EXPECT_EQ(workers_of(events, ProbeEvent::Kind::Asked).size(), 4U);
    EXPECT_EQ(workers_of(events, ProbeEvent::Kind::Answered).size(), 4U);
    EXPECT_EQ(events.size(), 8U) << "the search goes on although all were found";
}

TEST_F(UdpProberTest, AHungWorkerIsAskedAndDoesNotAnswer) {
    prober_.reset(4);
    for (int i = 0; i < 5; ++i) round();
    server_.hang(2);
    const ProbeEvents events = round();
    EXPECT_TRUE(workers_of(events, ProbeEvent::Kind::Asked).contains(2));
    EXPECT_FALSE(workers_of(events, ProbeEvent::Kind::Answered).contains(2));
}

TEST_F(UdpProberTest, AWorkerHungFromTheStartLosesQuestionsOfTheSearch) {
    server_.hang(1);
    prober_.reset(4);
    bool is_lost = false;
    for (int i = 0; i < 20; ++i) {
        is_lost |= !workers_of(round(), ProbeEvent::Kind::LostInSearch).empty();
    }
    EXPECT_TRUE(is_lost);
}

TEST_F(UdpProberTest, IsQuietWithoutAServer) {
    prober_.reset(4);
    round();
    prober_.reset(0);
    EXPECT_TRUE(round().empty());
}

TEST(TcpProber, ReachesEveryWorkerAndBooksFailures) {
    FakeServer server(SOCK_STREAM, 3);
    TcpProber prober({server.address()}, question(), kToken);
    Instant now{1h};
    const auto round = [&] {
        ProbeEvents events;
        now += 1s;
        prober.ask(now, events);
        for (int i = 0; i < 5; ++i) {
            prober.receive(events);
            server.serve();
            server.serve_clients();
        }
        prober.receive(events);
        return events;
    };
    prober.reset(3);
    for (int i = 0; i < 50; ++i) round();
    EXPECT_EQ(workers_of(round(), ProbeEvent::Kind::Answered).size(), 3U);
    server.hang(0);
    round();  // What was asked in this round is given up in the next.
    const ProbeEvents events = round();
    EXPECT_TRUE(workers_of(events, ProbeEvent::Kind::Asked).contains(0));
    EXPECT_FALSE(workers_of(events, ProbeEvent::Kind::Answered).contains(0));
}

TEST(ProbeMessage, ReadsOnlyAWholeAnswerThatNamesItsWorker) {
    const Bytes query = build_probe(question(), 0x1234, kToken);
    const Bytes answer = answer_to(query, 7);
    ASSERT_TRUE(read_probe_answer(question(), answer));
    EXPECT_EQ(read_probe_answer(question(), answer)->id, 0x1234);
    EXPECT_EQ(read_probe_answer(question(), answer)->worker, 7);
    EXPECT_FALSE(read_probe_answer(question(), query)) << "a question is no answer";
    for (size_t size = 0; size < answer.size(); ++size) {
        EXPECT_FALSE(read_probe_answer(question(), std::span(answer).first(size))) << size;
    }
}

TEST(ProbeMessage, AnAnswerWithoutRecordsIsAnAnswerButNotTheRightOne) {
    EXPECT_FALSE(
        read_probe_answer(question(), answer_to(build_probe(question(), 1, kToken), 0))->is_right);
}

}  // namespace
}  // namespace nearcast::anycast
