// SPDX-License-Identifier: Apache-2.0

#include "transfer/shared_link.h"

#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "tls/stream.h"
#include "tls/test_keys.h"
#include "transfer/fake_primary.h"

namespace nearcast::transfer {
namespace {

using namespace std::chrono_literals;
using Bytes = std::vector<uint8_t>;

// A header with this id, and a byte to tell messages apart.
Bytes message(uint16_t id, uint8_t number = 0) {
    Bytes bytes(13);
    base::store_u16(bytes.data(), id);
    bytes[12] = number;
    return bytes;
}

// One connection over TLS, on the primary's side.
class Client {
 public:
    explicit Client(tls::Stream stream) : stream_(std::move(stream)) {}

    // False once the other side has gone.
    bool read() {
        std::array<uint8_t, 2> length{};
        if (!read_all(length)) return false;
        Bytes question(base::load_u16(length.data()));
        return read_all(question);
    }
    void send(const Bytes& bytes) {
        Bytes frame{0, static_cast<uint8_t>(bytes.size())};
        frame.insert(frame.end(), bytes.begin(), bytes.end());
        while (stream_.write(frame).state != tls::Io::State::Moved) wait(POLLOUT);
    }

 private:
    bool read_all(std::span<uint8_t> room) {
        while (!room.empty()) {
            const tls::Io io = stream_.read(room);
            room = room.subspan(io.size);
            if (io.state == tls::Io::State::Moved) continue;
            if (io.state == tls::Io::State::NeedsInput) {
                wait(POLLIN);
            } else if (io.state == tls::Io::State::NeedsOutput) {
                wait(POLLOUT);
            } else {
                return false;
            }
        }
        return true;
    }
    void wait(short events) const {
        pollfd item{stream_.fd(), events, 0};
        ::poll(&item, 1, -1);
    }

    tls::Stream stream_;
};

// Does with each connection what it is told, and closes it.
class TlsPrimary {
 public:
    using Serve = std::function<void(Client&)>;

    TlsPrimary(tls::TlsContext context, Serve serve)
        : context_(std::move(context)),
          serve_(std::move(serve)),
          listener_(listen_on_loopback(address_)) {
        thread_ = std::thread([this] { run(); });
    }
    TlsPrimary(const TlsPrimary&) = delete;
    TlsPrimary& operator=(const TlsPrimary&) = delete;
    ~TlsPrimary() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

    [[nodiscard]] const base::SocketAddress& address() const { return address_; }

 private:
    void run() {
        for (;;) {
            base::Fd socket(
                ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (!socket) return;
            auto session = context_.open_session(socket.get());
            Client client(tls::Stream(std::move(socket), *std::move(session)));
            serve_(client);
        }
    }

    tls::TlsContext context_;
    Serve serve_;
    base::SocketAddress address_;
    base::Fd listener_;
    std::thread thread_;
};

class Shared : public testing::Test {
 protected:
    Shared() { std::signal(SIGPIPE, SIG_IGN); }

    tls::TlsContext server_context() {
        return *tls::TlsContext::for_server(
            {.certificate = folder_.write("server.pem", tls::kServer),
             .key = folder_.write("server.key", tls::kServerKey)});
    }
    base::Instant soon() const { return base::now() + 60s; }

    tls::TestFolder folder_;
    tls::ClientSettings settings_{
        .name = "test", .server_name = "server.example", .ca = folder_.write("ca.pem", tls::kCa)};
    std::atomic<bool> is_stopping_ = false;
};

TEST_F(Shared, AnswersThatComeSideBySideFindTheirQuestions) {
    const TlsPrimary primary(server_context(), [](Client& client) {
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.read());  // All, before there is an answer.
        for (uint8_t number = 1; number <= 3; ++number) {
            for (const uint16_t id : std::array<uint16_t, 3>{3, 1, 2})
                client.send(message(id, number));
        }
        EXPECT_FALSE(client.read());
    });
    SharedLinks links(is_stopping_);
    const auto lease = links.get(primary.address(), settings_);
    ASSERT_TRUE(lease.has_value()) << lease.error().message;
    std::vector<std::future<Bytes>> got;
    for (const uint16_t id : std::array<uint16_t, 3>{1, 2, 3}) {
        got.push_back(std::async(std::launch::async, [&, id] {
            const auto answer = lease->link->ask(message(id), soon());
            EXPECT_TRUE(answer.has_value());
            Bytes numbers;
            for (int i = 0; i < 3; ++i) {
                const auto next = (*answer)->read(soon());
                EXPECT_TRUE(next.has_value());
                EXPECT_EQ(base::load_u16(next->data()), id);
                numbers.push_back(next->back());
            }
            return numbers;
        }));
    }
    for (auto& each : got) EXPECT_EQ(each.get(), (Bytes{1, 2, 3}));
}

TEST_F(Shared, OneConnectionServesAllUntilThePrimaryClosesIt) {
    std::atomic<size_t> connections = 0;
    const TlsPrimary primary(server_context(), [&](Client& client) {
        ++connections;
        for (int i = 0; i < 2; ++i) {
            EXPECT_TRUE(client.read());
            client.send(message(7));
        }
    });
    SharedLinks links(is_stopping_);
    for (size_t round = 1; round <= 2; ++round) {
        std::shared_ptr<SharedLink> link;
        for (int i = 0; i < 2; ++i) {
            const auto lease = links.get(primary.address(), settings_);
            ASSERT_TRUE(lease.has_value());
            EXPECT_EQ(lease->is_new, i == 0);
            link = lease->link;
            const auto answer = link->ask(message(7), soon());
            ASSERT_TRUE(answer.has_value()) << answer.error().message;
            EXPECT_TRUE((*answer)->read(soon()).has_value());
        }
        EXPECT_EQ(connections.load(), round);
        for (const base::Instant end = soon(); link->is_usable() && base::now() < end;) {
            std::this_thread::sleep_for(1ms);
        }
        EXPECT_FALSE(link->is_usable());
    }
}

TEST_F(Shared, SilenceIsTheTroubleOfTheOneWhoWaits) {
    std::atomic<bool> may_answer = false;
    const TlsPrimary primary(server_context(), [&](Client& client) {
        EXPECT_TRUE(client.read());
        may_answer.wait(false);
        client.send(message(1));
        EXPECT_FALSE(client.read());
    });
    SharedLinks links(is_stopping_);
    const auto lease = links.get(primary.address(), settings_);
    {
        const auto answer = lease->link->ask(message(1), soon());
        ASSERT_TRUE(answer.has_value());
        EXPECT_EQ((*answer)->read(base::now() + 20ms).error().message, "no answer in time");
        EXPECT_FALSE(lease->link->is_broken());
        may_answer.store(true);
        may_answer.notify_all();
        EXPECT_TRUE((*answer)->read(soon()).has_value());
    }
}

}  // namespace
}  // namespace nearcast::transfer
