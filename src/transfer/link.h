// SPDX-License-Identifier: Apache-2.0
//
// A connection to another server for one who waits: every wait on it has an end.
//
// A peer that says nothing, or drips, costs a known time. One thread may read while another writes.

#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "tls/stream.h"
#include "tls/tls_context.h"

namespace nearcast::transfer {

class Link {
 public:
    enum class Kind : uint8_t { Datagrams, Stream };

    // Begins to connect. Once `is_stopping` is set, waits end soon. With `tls` nothing is sent
    // before the peer has proved who it is and that it speaks "dot" (RFC 9103 §7.1).
    Link(Kind kind, const base::SocketAddress& peer, const std::atomic<bool>& is_stopping,
         const tls::TlsContext* tls = nullptr);
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    // Connected, and over TLS the handshake is done.
    [[nodiscard]] bool is_ready() const { return is_ready_.load(); }
    // What is there, without waiting.
    [[nodiscard]] tls::Io read_at_hand(std::span<uint8_t> room);

    [[nodiscard]] base::Result<void> write(std::span<const uint8_t> bytes, base::Instant deadline);
    // At least one byte, or a datagram.
    [[nodiscard]] base::Result<size_t> read_some(std::span<uint8_t> room, base::Instant deadline);

    // A message with its length in front (RFC 1035 §4.2.2).
    [[nodiscard]] base::Result<void> write_frame(std::span<const uint8_t> message,
                                                 base::Instant deadline);
    [[nodiscard]] base::Result<std::vector<uint8_t>> read_frame(base::Instant deadline);

 private:
    [[nodiscard]] tls::Io write_at_hand(std::span<const uint8_t> bytes);
    [[nodiscard]] base::Result<void> wait(short events, base::Instant deadline) const;
    // Waits for what `io` needs; fails when nothing helps.
    [[nodiscard]] base::Result<void> wait_for(tls::Io io, base::Instant deadline) const;
    [[nodiscard]] base::Result<void> shake_hands(base::Instant deadline);
    [[nodiscard]] base::Result<void> read_all(std::span<uint8_t> room, base::Instant deadline);

    const std::atomic<bool>& is_stopping_;
    mutable std::mutex io_;  // Held for one step of the stream, which never waits.
    tls::Stream stream_;
    std::atomic<bool> is_ready_ = false;
    std::atomic<bool> has_heard_ = false;  // Something of the other side, beyond the handshake.
    int connect_error_ = 0;
};

}  // namespace nearcast::transfer
