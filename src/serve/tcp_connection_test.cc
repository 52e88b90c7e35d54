// SPDX-License-Identifier: Apache-2.0

#include "serve/tcp_connection.h"

#include <array>
#include <csignal>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "tls/test_keys.h"
#include "tls/tls_context.h"

namespace nearcast::serve {
namespace {

// Echoes the query, `repeat` times over; "silence....." gets no answer.
class EchoAnswerer final : public Answerer {
 public:
    void respond(std::span<answer::Exchange> batch) noexcept override {
        for (answer::Exchange& exchange : batch) {
            ++asked;
            const std::string_view text(reinterpret_cast<const char*>(exchange.query.data()),
                                        exchange.query.size());
            if (text.starts_with("silence")) continue;
            exchange.takes_connection = text.starts_with("transfer");
            if (exchange.takes_connection) continue;
            for (size_t i = 0; i < repeat; ++i) {
                std::copy(text.begin(), text.end(),
                          exchange.room.begin() + static_cast<ptrdiff_t>(exchange.response_size));
                exchange.response_size += text.size();
            }
            exchange.is_probe = text.starts_with("probe");
        }
    }
    void offline() noexcept override {}
    void take_connection(tls::Stream stream, const PeerAddress& /*peer*/,
                         std::span<const uint8_t> unanswered) noexcept override {
        taken = std::move(stream);
        taken_input.assign(unanswered.begin(), unanswered.end());
    }

    tls::Stream taken;
    std::string taken_input;
    size_t repeat = 1;
    size_t asked = 0;
};

constexpr std::chrono::seconds kIdleLimit{10};

std::string frame(const std::string& message) {
    return {std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} +
            message};
}

class TcpConnectionTest : public testing::Test {
 protected:
    using Progress = TcpConnection::Progress;

    TcpConnectionTest() : input_(kTcpInputSize), output_(kTcpOutputSize) {
        int ends[2] = {};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        client_ = base::Fd(ends[0]);
        connection_.emplace(tls::Stream(base::Fd(ends[1])), TcpEnds{.is_local = true}, input_,
                            output_);
    }

    void send(const std::string& bytes) const {
        ASSERT_EQ(::send(client_.get(), bytes.data(), bytes.size(), 0),
                  static_cast<ssize_t>(bytes.size()));
    }
    Progress turn() { return connection_->turn(answerer_, kIdleLimit, counts_); }
    [[nodiscard]] std::string received() const {
        std::string bytes(1 << 20, '\0');
        const ssize_t got = ::recv(client_.get(), bytes.data(), bytes.size(), 0);
        bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
        return bytes;
    }
    void end_sending() const { ASSERT_EQ(::shutdown(client_.get(), SHUT_WR), 0); }
    void shrink_socket_buffer() {
        const int size = 1;
        setsockopt(connection_->fd(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    }

    std::vector<uint8_t> input_;
    std::vector<uint8_t> output_;
    base::Fd client_;
    EchoAnswerer answerer_;
    TcpConnection::Counts counts_;
    std::optional<TcpConnection> connection_;
};

const std::string kOne = "question one";
const std::string kTwo = "the second question";

TEST_F(TcpConnectionTest, AnswersInTheOrderAsked) {
    send(frame(kOne) + frame(kTwo));
    EXPECT_EQ(turn(), Progress::Some);
    EXPECT_EQ(received(), frame(kOne) + frame(kTwo));
    EXPECT_EQ(counts_.answered, 2U);
}

TEST_F(TcpConnectionTest, WaitsForAQueryThatComesByteByByte) {
    const std::string bytes = frame(kOne);
    for (size_t i = 0; i + 1 < bytes.size(); ++i) {
        send(bytes.substr(i, 1));
        EXPECT_EQ(turn(), Progress::None);
    }
    send(bytes.substr(bytes.size() - 1));
    EXPECT_EQ(turn(), Progress::Some);
    EXPECT_EQ(received(), frame(kOne));
}

TEST_F(TcpConnectionTest, TakesTheLargestQuery) {
    const std::string largest(65535, 'q');
    const std::string bytes = frame(largest);
    std::string got;
    for (size_t at = 0; at < bytes.size(); at += kTcpReadMax) {
        send(bytes.substr(at, kTcpReadMax));
        turn();
    }
    while (got.size() < bytes.size()) {
        const std::string more = received();
        if (more.empty()) turn();
        got += more;
    }
    EXPECT_TRUE(got == bytes);
}

TEST_F(TcpConnectionTest, AnswersAPeerThatHasEndedItsSide) {
    send(frame(kOne));
    end_sending();
    EXPECT_EQ(turn(), Progress::Some);
    EXPECT_EQ(turn(), Progress::Closed);
    EXPECT_EQ(received(), frame(kOne));
}

TEST_F(TcpConnectionTest, ClosesOnAFrameTooShortForAHeader) {
    send(frame(kOne) + frame("short") + frame(kTwo));
    EXPECT_EQ(turn(), Progress::Closed);
    EXPECT_EQ(received(), frame(kOne));
    EXPECT_EQ(answerer_.asked, 1U);
}

TEST_F(TcpConnectionTest, LeavesWithAllThatWasNotAnswered) {
    send(frame(kOne) + frame("transfer this") + frame(kTwo));
    ASSERT_EQ(turn(), Progress::Leaving);
    EXPECT_EQ(received(), frame(kOne));
    const int fd = connection_->fd();
    connection_->leave(answerer_);
    EXPECT_EQ(answerer_.taken.fd(), fd);
    EXPECT_EQ(answerer_.taken_input, frame("transfer this") + frame(kTwo));
}

TEST_F(TcpConnectionTest, ClosesWhenThePeerHasGone) {
    client_.reset();
    EXPECT_EQ(turn(), Progress::Closed);
}

TEST_F(TcpConnectionTest, CountsAnswersProbesAndSilence) {
    send(frame(kOne) + frame("probe question") + frame("silence......"));
    turn();
    EXPECT_EQ(counts_.answered, 1U);
    EXPECT_EQ(counts_.probes, 1U);
    EXPECT_EQ(counts_.dropped, 1U);
}

TEST_F(TcpConnectionTest, StopsTakingQueriesFromAPeerThatDoesNotRead) {
    shrink_socket_buffer();
    answerer_.repeat = 4000;  // Responses of 48,000 bytes.
    std::string questions;
    for (int i = 0; i < 20; ++i) questions += frame(kOne);
    send(questions);
    turn();
    EXPECT_TRUE(connection_->wants_output());
    EXPECT_FALSE(connection_->wants_input());
    EXPECT_LT(answerer_.asked, 20U);
    EXPECT_EQ(turn(), Progress::None);

    // Once it reads, it gets every response.
    size_t got = 0;
    for (int i = 0; i < 10'000 && got < 20 * (48'000 + 2); ++i) {
        got += received().size();
        ASSERT_NE(turn(), Progress::Closed);
    }
    EXPECT_EQ(got, 20U * (48'000 + 2));
    EXPECT_EQ(counts_.answered, 20U);
    EXPECT_TRUE(connection_->wants_input());
}

class TlsConnectionTest : public TcpConnectionTest {
 protected:
    TlsConnectionTest() {
        std::signal(SIGPIPE, SIG_IGN);  // Of a goodbye to whom has gone.
        const auto server =
            tls::TlsContext::for_server({.certificate = folder_.write("server.pem", tls::kServer),
                                         .key = folder_.write("server.key", tls::kServerKey)});
        const auto client = tls::TlsContext::for_client({.name = "test",
                                                         .server_name = "server.example",
                                                         .ca = folder_.write("ca.pem", tls::kCa)});
        EXPECT_TRUE(server && client);
        int ends[2] = {};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        connection_.emplace(open(*server, ends[0]), TcpEnds{.is_local = true}, input_, output_);
        asker_ = open(*client, ends[1]);
        for (int i = 0; i < kHandshakeTurns && !asker_.is_established(); ++i) {
            std::ignore = asker_.shake_hands();
            std::ignore = turn();
        }
        EXPECT_TRUE(asker_.is_established());
    }

    static tls::Stream open(const tls::TlsContext& context, int socket) {
        auto session = context.open_session(socket);
        EXPECT_TRUE(session);
        return {base::Fd(socket), *std::move(session)};
    }

    // Each in a record of its own.
    void ask(const std::string& query, size_t times) {
        const std::string bytes = frame(query);
        const std::span view(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
        for (size_t i = 0; i < times; ++i) {
            ASSERT_EQ(asker_.write(view).state, tls::Io::State::Moved);
        }
    }

    static constexpr int kHandshakeTurns = 20;

    tls::TestFolder folder_;
    tls::Stream asker_;
};

TEST_F(TlsConnectionTest, ManyRecordsAreAnsweredTogether) {
    ask(kOne, 20);
    EXPECT_EQ(turn(), Progress::Some);
    EXPECT_EQ(counts_.answered, 20U);
    std::array<uint8_t, 4096> room{};
    EXPECT_EQ(asker_.read(room).size, 20 * frame(kOne).size());  // One read takes one record.
    EXPECT_FALSE(connection_->wants_output());
}

TEST_F(TlsConnectionTest, WhatIsTakenAtOneTurnIsBoundedAndTheRestIsNotForgotten) {
    const std::string large(1000, 'q');
    ask(large, 12);
    EXPECT_EQ(turn(), Progress::Some);
    EXPECT_LE(counts_.answered, kTcpReadMax / large.size() + 1);
    EXPECT_TRUE(connection_->wants_output());
    for (int i = 0; i < 12 && connection_->wants_output(); ++i) std::ignore = turn();
    EXPECT_EQ(counts_.answered, 12U);
}

TEST_F(TlsConnectionTest, TheBeginningOfARecordWaitsForTheSocket) {
    ask(kOne, 1);
    int unread = 0;
    ASSERT_EQ(ioctl(connection_->fd(), FIONREAD, &unread), 0);
    ASSERT_GT(unread, 10);
    // All but the last byte of the record comes first.
    std::string record(static_cast<size_t>(unread), '\0');
    ASSERT_EQ(::recv(connection_->fd(), record.data(), record.size(), 0), unread);
    const auto send_raw = [&](std::string_view part) {
        EXPECT_EQ(::send(asker_.fd(), part.data(), part.size(), 0),
                  static_cast<ssize_t>(part.size()));
    };
    send_raw(std::string_view(record).substr(0, record.size() - 1));
    EXPECT_EQ(turn(), Progress::None);
    EXPECT_FALSE(connection_->wants_output());
    EXPECT_TRUE(connection_->wants_input());
    send_raw(std::string_view(record).substr(record.size() - 1));
    EXPECT_EQ(turn(), Progress::Some);
    EXPECT_EQ(counts_.answered, 1U);
}

}  // namespace
}  // namespace nearcast::serve
