// SPDX-License-Identifier: Apache-2.0
//
// A primary for tests that speaks TLS, on a free port of the loopback: it does with each connection
// what it is told.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "tls/stream.h"
#include "tls/tls_context.h"
#include "transfer/fake_primary.h"

namespace nearcast::transfer {

class FakeTlsPrimary {
 public:
    using Bytes = std::vector<uint8_t>;

    // One connection.
    class Client {
     public:
        explicit Client(tls::Stream stream) : stream_(std::move(stream)) {}

        // The next question. False once the other side has gone.
        bool read() {
            std::array<uint8_t, 2> length{};
            if (!read_all(length)) return false;
            question_.resize(base::load_u16(length.data()));
            return read_all(question_);
        }
        [[nodiscard]] const Bytes& question() const { return question_; }

        void send(const Bytes& message) {
            Bytes frame(2);
            base::store_u16(frame.data(), static_cast<uint16_t>(message.size()));
            frame.insert(frame.end(), message.begin(), message.end());
            std::span<const uint8_t> left(frame);
            while (!left.empty()) {
                const tls::Io io = stream_.write(left);
                left = left.subspan(io.size);
                if (io.state != tls::Io::State::Moved && !wait(io)) return;
            }
        }

     private:
        bool read_all(std::span<uint8_t> room) {
            while (!room.empty()) {
                const tls::Io io = stream_.read(room);
                room = room.subspan(io.size);
                if (io.state != tls::Io::State::Moved && !wait(io)) return false;
            }
            return true;
        }
        // For what it needs. False when nothing helps.
        [[nodiscard]] bool wait(tls::Io io) const {
            const bool needs_input = io.state == tls::Io::State::NeedsInput;
            if (!needs_input && io.state != tls::Io::State::NeedsOutput) return false;
            pollfd item{stream_.fd(), static_cast<short>(needs_input ? POLLIN : POLLOUT), 0};
            ::poll(&item, 1, -1);
            return true;
        }

        tls::Stream stream_;
        Bytes question_;
    };

    // Called with each connection, on the primary's thread; it is closed afterwards.
    using Serve = std::function<void(Client& client)>;

    FakeTlsPrimary(tls::TlsContext context, Serve serve)
        : context_(std::move(context)),
          serve_(std::move(serve)),
          listener_(listen_on_loopback(address_)) {
        thread_ = std::thread([this] { run(); });
    }
    FakeTlsPrimary(const FakeTlsPrimary&) = delete;
    FakeTlsPrimary& operator=(const FakeTlsPrimary&) = delete;
    ~FakeTlsPrimary() {
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

}  // namespace nearcast::transfer
