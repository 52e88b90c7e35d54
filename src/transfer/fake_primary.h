// SPDX-License-Identifier: Apache-2.0
//
// A primary for tests, on a free port of the loopback: it does with each connection what it is
// told.

#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <span>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/bytes.h"
#include "base/fd.h"

namespace nearcast::transfer {

// A socket that takes TCP connections on a free port of the loopback, which is told.
[[nodiscard]] inline base::Fd listen_on_loopback(base::SocketAddress& address,
                                                 const char* host = "127.0.0.1") {
    base::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const base::NativeAddress any({*base::parse_ip_address(host), 0});
    EXPECT_EQ(::bind(listener.get(), any.data(), any.size()), 0);
    EXPECT_EQ(::listen(listener.get(), 8), 0);
    sockaddr_storage native{};
    socklen_t size = sizeof native;
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&native), &size);
    address = base::from_native(native);
    return listener;
}

class FakePrimary {
 public:
    using Bytes = std::vector<uint8_t>;

    // One connection, after its request was read.
    class Client {
     public:
        explicit Client(int socket) : socket_(socket) {}
        // False once the other side has gone.
        bool send_raw(std::span<const uint8_t> bytes) const {
            return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                   static_cast<ssize_t>(bytes.size());
        }
        bool send(const Bytes& message) const {
            Bytes frame(2);
            base::store_u16(frame.data(), static_cast<uint16_t>(message.size()));
            frame.insert(frame.end(), message.begin(), message.end());
            return send_raw(frame);
        }
        // Until the other side closes.
        void wait() const {
            uint8_t byte = 0;
            while (::recv(socket_, &byte, 1, 0) > 0) {
            }
        }

     private:
        int socket_;
    };

    // Called with each request, on the primary's thread; the connection is closed afterwards.
    using Serve = std::function<void(const Client& client, const Bytes& request)>;

    explicit FakePrimary(Serve serve, const char* host = "127.0.0.1")
        : serve_(std::move(serve)), listener_(listen_on_loopback(address_, host)) {
        thread_ = std::thread([this] { run(); });
    }
    FakePrimary(const FakePrimary&) = delete;
    FakePrimary& operator=(const FakePrimary&) = delete;
    ~FakePrimary() {
        ::shutdown(listener_.get(), SHUT_RDWR);
        thread_.join();
    }

    [[nodiscard]] const base::SocketAddress& address() const { return address_; }
    [[nodiscard]] size_t connection_count() const { return count_.load(); }

 private:
    void run() {
        for (;;) {
            const base::Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!socket) return;
            ++count_;
            std::array<uint8_t, 2> length{};
            Bytes request;
            if (!read_all(socket.get(), length)) continue;
            request.resize(base::load_u16(length.data()));
            if (read_all(socket.get(), request)) serve_(Client(socket.get()), request);
        }
    }

    static bool read_all(int socket, std::span<uint8_t> room) {
        return ::recv(socket, room.data(), room.size(), MSG_WAITALL) ==
               static_cast<ssize_t>(room.size());
    }

    Serve serve_;
    base::SocketAddress address_;
    base::Fd listener_;
    std::atomic<size_t> count_ = 0;
    std::thread thread_;
};

}  // namespace nearcast::transfer
