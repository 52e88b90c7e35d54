// SPDX-License-Identifier: Apache-2.0
//
// The way that messages take from a worker to the thread that writes them out.
//
//     worker: put() ─► │ record │ record │ ... │ ─► writer: front(), pop()
//
// One thread puts, one takes, neither waits: what finds no room is dropped, and counted. A record
// lies in one piece; the piece at the end that is too small for it is skipped.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>

#include <netinet/in.h>

#include "observe/counters.h"

namespace nearcast::observe {

// What is noted of one exchange, in front of the messages themselves.
struct TapHead {
    std::chrono::nanoseconds query_time{};  // Since 1970.
    std::chrono::nanoseconds response_time{};
    sockaddr_in6 peer{};  // Or a sockaddr_in; AF_UNSPEC: unknown.
    in6_addr asked{};     // Or an in_addr, as the peer's.
    uint16_t asked_port = 0;
    bool has_asked = false;
    Channel channel = Channel::Udp;
    uint32_t query_size = 0;     // Zero: the query is not wanted.
    uint32_t response_size = 0;  // Zero: there is none, or it is not wanted.
    dns::Opcode opcode = dns::Opcode::Query;
};

struct TapRecord {
    const TapHead* head = nullptr;
    std::span<const uint8_t> query;
    std::span<const uint8_t> response;
};

class TapRing {
 public:
    // What comes in 20 ms at 100,000 questions a second with a response of 300 bytes, and room for
    // eight of the largest exchanges. Pages that were never used cost nothing.
    static constexpr size_t kSize = size_t{1} << 20;

    TapRing();

    // The producer only. The messages are copied.
    void put(TapHead head, std::span<const uint8_t> query,
             std::span<const uint8_t> response) noexcept;

    // The consumer only: the oldest record, which stays until pop().
    [[nodiscard]] std::optional<TapRecord> front() noexcept;
    void pop() noexcept;

    // Any thread.
    [[nodiscard]] uint64_t dropped() const { return dropped_.get(); }

 private:
    struct Free {
        void operator()(void* memory) const { std::free(memory); }
    };

    std::unique_ptr<uint8_t[], Free> bytes_;
    size_t front_size_ = 0;  // Of the record that front() gave.
    Tally dropped_;
    alignas(64) std::atomic<uint64_t> put_ = 0;  // Bytes ever put; the place is modulo kSize.
    alignas(64) std::atomic<uint64_t> taken_ = 0;
};

}  // namespace nearcast::observe
