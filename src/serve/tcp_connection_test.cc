// SPDX-License-Identifier: Apache-2.0

#include "serve/tcp_connection.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

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

}  // namespace
}  // namespace nearcast::serve
