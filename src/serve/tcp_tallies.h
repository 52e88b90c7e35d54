// SPDX-License-Identifier: Apache-2.0
//
// What became of connections: how many came, and why each of them is no more.
//
// Counted by one worker, read by any thread.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/tally.h"

namespace nearcast::serve {

// Why a connection ended here.
enum class Ending : uint8_t {
    Client,           // The client ended it, or broke the framing.
    Idle,             // Nothing was asked for as long as a connection may be idle.
    Slow,             // For as long, no query came as a whole, or no answer was taken.
    HandshakeFailed,  // The client left it, or has no TLS that we have.
    HandshakeSlow,    // It took too long.
    PrefixLimit,      // Gave way to another of its network, which has all it may have.
    ConnectionLimit,  // Gave way to another: all slots, or all descriptors, are taken.
    HandshakeLimit,   // Gave way to another handshake.
    HandedOver,       // A transfer or an update: goes on elsewhere.
    Shortage,         // The system had no memory for it.
};
constexpr size_t kEndingCount = 10;

struct TcpTallies {
    struct Row {
        base::Tally accepted;
        std::array<base::Tally, kEndingCount> ended;

        void end(Ending why) noexcept { ended[static_cast<size_t>(why)].add(); }
    };

    std::array<Row, 2> rows;  // TCP, TLS.
    base::Tally pauses;       // In accepting: no descriptor was left, and nobody could give way.

    [[nodiscard]] Row& of(bool is_tls) { return rows[is_tls ? 1 : 0]; }
    [[nodiscard]] const Row& of(bool is_tls) const { return rows[is_tls ? 1 : 0]; }
};

}  // namespace nearcast::serve
