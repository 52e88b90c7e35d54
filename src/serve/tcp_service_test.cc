// SPDX-License-Identifier: Apache-2.0

#include "serve/tcp_service.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/address.h"
#include "tls/test_keys.h"

namespace nearcast::serve {
namespace {

using namespace std::chrono_literals;

// Echoes the query `repeat` times over.
class EchoAnswerer final : public Answerer {
 public:
    void respond(std::span<answer::Exchange> batch) noexcept override {
        for (answer::Exchange& exchange : batch) {
            last = exchange;
            for (size_t i = 0; i < repeat; ++i) {
                std::ranges::copy(exchange.query, exchange.room.begin() +
                                                      static_cast<long>(exchange.response_size));
                exchange.response_size += exchange.query.size();
            }
        }
    }
    void offline() noexcept override {}

    size_t repeat = 1;
    answer::Exchange last;
};

const std::string kQuestion = "a question of some length";
const std::string kFramed = std::string("\0\x19", 2) + kQuestion;

// The certificates of tests are valid then.
constexpr std::chrono::seconds kCertificatesGood =
    std::chrono::sys_days(std::chrono::January / 1 / 2026).time_since_epoch();

// The service alone, with a clock that the test sets.
class TcpServiceTest : public testing::Test {
 protected:
    TcpServiceTest() : epoll_(epoll_create1(EPOLL_CLOEXEC)) { std::signal(SIGPIPE, SIG_IGN); }

    void serve(const TcpLimits& limits, bool is_tls = false, const char* at = "127.0.0.1") {
        base::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        const base::NativeAddress any({*base::parse_ip_address(at), 0});
        const int at_once = 1;  // As the product's listeners have it.
        setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        ASSERT_EQ(::bind(listener.get(), any.data(), any.size()), 0);
        ASSERT_EQ(::listen(listener.get(), 64), 0);
        size_ = sizeof address_;
        getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address_), &size_);
        ASSERT_TRUE(!is_tls || tls_.refresh(kCertificatesGood));
        std::vector<TcpListener> listeners;
        listeners.push_back({std::move(listener), is_tls});
        auto service = TcpService::open(epoll_.get(), std::move(listeners), limits, &tls_);
        ASSERT_TRUE(service) << service.error().message;
        service_ = *std::move(service);
    }

    // A connection from this address of ours, accepted.
    [[nodiscard]] base::Fd connect(const char* source = "127.0.0.1") {
        base::Fd socket = begin_connection(source);
        round();
        return socket;
    }
    [[nodiscard]] base::Fd begin_connection(const char* source = "127.0.0.1") {
        base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int at_once = 1;
        setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        const base::NativeAddress from({*base::parse_ip_address(source), 0});
        EXPECT_EQ(::bind(socket.get(), from.data(), from.size()), 0);
        EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address_), size_), 0);
        return socket;
    }
    // Everything that is ready, once.
    void round() {
        service_->expire(now_);
        std::array<epoll_event, 64> events{};
        const int count = epoll_wait(epoll_.get(), events.data(), 64, 0);
        for (int i = 0; i < count; ++i) {
            const auto counts = service_->handle(events[size_t(i)].data.u64, answerer_, now_);
            answered_ += counts.answered;
        }
    }
    static void send(const base::Fd& client, const std::string& bytes) {
        EXPECT_EQ(::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
    static std::string received(const base::Fd& client) {
        std::string bytes(1 << 20, '\0');
        const ssize_t got = ::recv(client.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
        return bytes;
    }
    [[nodiscard]] bool is_open(const base::Fd& client) {
        std::array<char, 65536> room{};
        ssize_t got = 1;
        while (got > 0) got = ::recv(client.get(), room.data(), room.size(), MSG_DONTWAIT);
        return got < 0 && errno == EAGAIN;
    }
    [[nodiscard]] bool is_answered(const base::Fd& client) {
        send(client, kFramed);
        round();
        return received(client) == kFramed;
    }
    [[nodiscard]] uint64_t ended(Ending why, bool is_tls = false) const {
        return service_->tallies().of(is_tls).ended[static_cast<size_t>(why)].get();
    }
    void pass(base::Duration time) {
        now_ += time;
        round();
    }

    tls::TestFolder folder_;
    tls::ReloadableContext tls_{{.certificate = folder_.write("cert.pem", tls::kServer),
                                 .key = folder_.write("key.pem", tls::kServerKey)}};
    base::Fd epoll_;
    base::Instant now_ = base::now();
    sockaddr_in address_{};
    socklen_t size_ = 0;
    EchoAnswerer answerer_;
    size_t answered_ = 0;
    std::unique_ptr<TcpService> service_;
};

TEST_F(TcpServiceTest, ANetworkWithItsShareLosesWhatItLeftIdleLongest) {
    serve({.prefix_connections_max = 2, .prefix = {.v4 = 31, .v6 = 48}});
    const base::Fd other = connect("127.0.0.9");
    const base::Fd first = connect("127.0.0.2");
    const base::Fd second = connect("127.0.0.3");
    EXPECT_TRUE(is_answered(first));
    const base::Fd third = connect("127.0.0.2");
    EXPECT_FALSE(is_open(second));
    EXPECT_TRUE(is_answered(first));
    EXPECT_TRUE(is_answered(third));
    EXPECT_TRUE(is_answered(other));
    EXPECT_EQ(service_->connection_count(), 3U);
    EXPECT_EQ(service_->tallies().of(false).accepted.get(), 4U);
    EXPECT_EQ(ended(Ending::PrefixLimit), 1U);
}

TEST_F(TcpServiceTest, AnswersInTheTurnThatAccepts) {
    serve({});
    const base::Fd client = begin_connection();
    send(client, kFramed);
    round();
    EXPECT_EQ(received(client), kFramed);
    EXPECT_EQ(answered_, 1U);
    EXPECT_TRUE(is_answered(client));
}

TEST_F(TcpServiceTest, TellsWhichAddressWasAsked) {
    for (const char* at : {"127.0.0.2", "0.0.0.0"}) {
        serve({}, false, at);
        address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
        const base::Fd client = connect("127.0.0.3");
        EXPECT_TRUE(is_answered(client));
        in_addr asked{};
        ASSERT_NE(answerer_.last.asked, nullptr);
        std::memcpy(&asked, answerer_.last.asked, sizeof asked);
        EXPECT_EQ(asked.s_addr, address_.sin_addr.s_addr) << at;
        EXPECT_EQ(answerer_.last.asked_port, ntohs(address_.sin_port)) << at;
    }
}

TEST_F(TcpServiceTest, AClosedConnectionCountsNoMore) {
    serve({.prefix_connections_max = 1});
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(is_answered(connect()));
    EXPECT_LE(service_->connection_count(), 1U);
    EXPECT_EQ(service_->tallies().of(false).accepted.get(), 100U);
    EXPECT_EQ(ended(Ending::Client) + ended(Ending::PrefixLimit) + service_->connection_count(),
              100U);
}

TEST_F(TcpServiceTest, WhoTakesNoAnswersIsClosedHoweverMuchHeAsks) {
    serve({});
    answerer_.repeat = 2000;  // 50,000 bytes.
    const base::Fd client = connect();
    const int small = 4096;
    setsockopt(client.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    std::string questions;
    for (int i = 0; i < 200; ++i) questions += kFramed;
    send(client, questions);
    for (int i = 0; i < 20; ++i) round();
    const size_t before = answered_;
    EXPECT_LT(before, 200U);
    pass(9s);
    EXPECT_EQ(service_->connection_count(), 1U);
    pass(1s);
    EXPECT_EQ(service_->connection_count(), 0U);
    EXPECT_EQ(ended(Ending::Slow), 1U);
}

TEST_F(TcpServiceTest, DrippingBytesIsNoProgress) {
    serve({});
    const base::Fd client = connect();
    for (int i = 0; i < 9; ++i) {
        send(client, kFramed.substr(static_cast<size_t>(i), 1));
        pass(1s);
    }
    EXPECT_TRUE(is_open(client));
    pass(1s);
    EXPECT_FALSE(is_open(client));
    EXPECT_EQ(ended(Ending::Slow), 1U);
    EXPECT_EQ(ended(Ending::Idle), 0U);
}

TEST_F(TcpServiceTest, IdleLimitIsShorterWhenItIsCrowdedAndClientsAreTold) {
    serve({.connections_max = 8, .prefix_connections_max = 8});
    std::vector<base::Fd> clients;
    for (int i = 0; i < 6; ++i) clients.push_back(connect());
    EXPECT_TRUE(is_answered(clients[0]));
    EXPECT_EQ(answerer_.last.keepalive, 100U);
    clients.push_back(connect());
    EXPECT_TRUE(is_answered(clients[0]));
    EXPECT_EQ(answerer_.last.keepalive, 25U);
    pass(2s);
    EXPECT_EQ(service_->connection_count(), 7U);
    pass(500ms);
    EXPECT_EQ(service_->connection_count(), 0U);
    EXPECT_EQ(ended(Ending::Idle), 7U);
}

TEST_F(TcpServiceTest, WithAllSlotsTakenTheLongestIdleGivesWay) {
    serve({.connections_max = 2});
    const base::Fd first = connect();
    const base::Fd second = connect();
    EXPECT_TRUE(is_answered(first));
    const base::Fd third = connect();
    EXPECT_FALSE(is_open(second));
    EXPECT_TRUE(is_answered(third));
    EXPECT_EQ(ended(Ending::ConnectionLimit), 1U);
}

TEST_F(TcpServiceTest, AQuestionMayComeInAnyPieces) {
    serve({});
    const base::Fd client = connect();
    for (size_t cut = 1; cut < kFramed.size(); ++cut) {
        send(client, kFramed.substr(0, cut));
        round();
        send(client, kFramed.substr(cut) + kFramed);
        round();
        EXPECT_EQ(received(client), kFramed + kFramed) << cut;
    }
}

TEST_F(TcpServiceTest, AResetConnectionLeavesItsSlot) {
    serve({});
    {
        const base::Fd client = connect();
        const linger hard{1, 0};
        setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        send(client, kFramed.substr(0, 5));
    }
    for (int i = 0; i < 3; ++i) round();  // What came before the reset is read first.
    EXPECT_EQ(service_->connection_count(), 0U);
}

// A client over TLS that does not wait.
class TlsClient {
 public:
    explicit TlsClient(base::Fd socket) {
        const auto context = tls::TlsContext::for_client({.name = "test", .pins = {own_pin()}});
        const int fd = socket.get();
        stream_ = tls::Stream(std::move(socket), *context->open_session(fd));
    }
    // The pin of the certificate that the tests' server shows.
    static tls::SpkiPin own_pin() { return *tls::parse_pin(tls::kServerPin); }
    // Takes what is there; the first time it begins the handshake.
    tls::Io step() { return stream_.read(room_); }
    tls::Io write(const std::string& text) {
        return stream_.write({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
    }
    [[nodiscard]] std::string text(size_t size) const {
        return {room_.begin(), room_.begin() + static_cast<long>(size)};
    }
    [[nodiscard]] bool is_established() const { return stream_.is_established(); }
    [[nodiscard]] int fd() const { return stream_.fd(); }

 private:
    std::array<uint8_t, 65536> room_{};
    tls::Stream stream_;
};

class TlsServiceTest : public TcpServiceTest {
 protected:
    [[nodiscard]] TlsClient tls_connect() {
        TlsClient client(connect());
        const int flags = fcntl(client.fd(), F_GETFL);
        fcntl(client.fd(), F_SETFL, flags | O_NONBLOCK);
        (void)client.step();
        return client;
    }
    void shake_hands(TlsClient& client) {
        for (int i = 0; i < 10 && !client.is_established(); ++i) {
            round();
            (void)client.step();
        }
        ASSERT_TRUE(client.is_established());
        round();
    }
    std::string ask(TlsClient& client, const std::string& bytes) {
        EXPECT_EQ(client.write(bytes).state, tls::Io::State::Moved);
        std::string got;
        for (int i = 0; i < 100 && got.size() < bytes.size(); ++i) {
            round();
            const tls::Io io = client.step();
            got += client.text(io.size);
        }
        return got;
    }
};

TEST_F(TlsServiceTest, AnswersOverTlsAndSaysSo) {
    serve({}, true);
    TlsClient client = tls_connect();
    shake_hands(client);
    EXPECT_EQ(ask(client, kFramed + kFramed), kFramed + kFramed);
    EXPECT_TRUE(answerer_.last.is_encrypted);
    EXPECT_NE(answerer_.last.session, nullptr);
}

// One record of TLS holds more than is read from the kernel at one turn.
TEST_F(TlsServiceTest, AnswersAllOfALargeRecordWithoutMoreInput) {
    serve({}, true);
    TlsClient client = tls_connect();
    shake_hands(client);
    std::string questions;
    while (questions.size() + kFramed.size() <= 16'000) questions += kFramed;
    EXPECT_TRUE(ask(client, questions) == questions);
}

TEST_F(TlsServiceTest, AHandshakeThatStallsIsClosedSooner) {
    serve({}, true);
    const base::Fd silent = connect();
    TlsClient ready = tls_connect();
    shake_hands(ready);
    pass(5s);
    EXPECT_FALSE(is_open(silent));
    EXPECT_EQ(ask(ready, kFramed), kFramed);
    pass(10s);
    EXPECT_EQ(service_->connection_count(), 0U);
    EXPECT_EQ(service_->tallies().of(true).accepted.get(), 2U);
    EXPECT_EQ(ended(Ending::HandshakeSlow, true), 1U);
    EXPECT_EQ(ended(Ending::Idle, true), 1U);
}

TEST_F(TlsServiceTest, WithTooManyHandshakesTheOldestGivesWay) {
    serve({.handshakes_max = 2}, true);
    TlsClient ready = tls_connect();
    shake_hands(ready);
    const base::Fd oldest = connect();
    const base::Fd second = connect();
    now_ += 1ms;
    const base::Fd third = connect();
    EXPECT_FALSE(is_open(oldest));
    EXPECT_TRUE(is_open(second));
    EXPECT_TRUE(is_open(third));
    EXPECT_EQ(ask(ready, kFramed), kFramed);
    EXPECT_EQ(ended(Ending::HandshakeLimit, true), 1U);
}

TEST_F(TlsServiceTest, AFloodOfHandshakesIsSpreadOverRounds) {
    serve({}, true);
    std::vector<base::Fd> sockets;
    for (int i = 0; i < 6; ++i) sockets.push_back(connect());
    std::vector<TlsClient> clients;
    for (base::Fd& socket : sockets) {
        fcntl(socket.get(), F_SETFL, O_NONBLOCK);
        clients.emplace_back(std::move(socket));
        (void)clients.back().step();
    }
    round();
    const auto answered = std::ranges::count_if(clients, [](const TlsClient& client) {
        char byte = 0;
        return ::recv(client.fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
    });
    EXPECT_EQ(answered, 2);
    for (TlsClient& client : clients) shake_hands(client);
}

TEST_F(TlsServiceTest, ANewCertificateLeavesConnectionsAlone) {
    serve({}, true);
    TlsClient before = tls_connect();
    shake_hands(before);
    (void)folder_.write("cert.pem", tls::kClient);
    (void)folder_.write("key.pem", tls::kClientKey);
    ASSERT_TRUE(tls_.refresh(kCertificatesGood).value_or(false));
    TlsClient after = tls_connect();
    for (int i = 0; i < 5; ++i) {
        round();
        (void)after.step();
    }
    EXPECT_FALSE(after.is_established());  // Its pin is that of the old one.
    EXPECT_EQ(ask(before, kFramed), kFramed);
}

}  // namespace
}  // namespace nearcast::serve
