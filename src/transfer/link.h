// SPDX-License-Identifier: Apache-2.0
//
// A connection to another server for one who waits: every wait on it has an end.
//
// A peer that says nothing, or drips, costs a known time. Used by one thread.

#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace nearcast::transfer {

class Link {
 public:
    enum class Kind : uint8_t { Datagrams, Stream };

    // Begins to connect. Once `is_stopping` is set, waits end soon.
    Link(Kind kind, const base::SocketAddress& peer, const std::atomic<bool>& is_stopping);

    [[nodiscard]] base::Result<void> write(std::span<const uint8_t> bytes,
                                           base::Instant deadline) const;
    // At least one byte, or a datagram.
    [[nodiscard]] base::Result<size_t> read_some(std::span<uint8_t> room,
                                                 base::Instant deadline) const;

    // A message with its length in front (RFC 1035 §4.2.2).
    [[nodiscard]] base::Result<void> write_frame(std::span<const uint8_t> message,
                                                 base::Instant deadline) const;
    [[nodiscard]] base::Result<std::vector<uint8_t>> read_frame(base::Instant deadline) const;

 private:
    [[nodiscard]] base::Result<void> wait(short events, base::Instant deadline) const;
    [[nodiscard]] base::Result<void> read_all(std::span<uint8_t> room,
                                              base::Instant deadline) const;

    const std::atomic<bool>& is_stopping_;
    base::Fd socket_;
    int connect_error_ = 0;
};

}  // namespace nearcast::transfer
