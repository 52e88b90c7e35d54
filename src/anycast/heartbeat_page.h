// SPDX-License-Identifier: Apache-2.0
//
// The memory that guard and server share, by which each sees whether the other lives.
//
// It is an anonymous file (memfd) that both inherit, so it outlives either of them: a guard that
// takes over from a dead one finds here which server runs and how the node has been doing. Every
// field is a lock-free atomic with one writer, named beside it; while there is no server, the guard
// clears what that server would write. Times are steady-clock counts.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include <sys/types.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/pulse.h"
#include "base/result.h"

namespace nearcast::anycast {

// Room for the largest machines of today. More would need a larger page, and with it a guard and a
// server of the same build, which they are anyway.
constexpr uint32_t kWorkersMax = 256;

enum class ServerState : uint32_t {
    Absent,    // No server, or one that has not come as far as main().
    Starting,  // Reading zones, binding sockets.
    Ready,     // Every worker is in its loop.
};

// Symptoms that only the server sees, as bits of HeartbeatPage::server_symptoms.
enum ServerSymptom : uint32_t {
    kSymptomZoneStale = 1U << 0,
    kSymptomZoneLoadFailed = 1U << 1,
    kSymptomStoreFailed = 1U << 2,
    kSymptomSignaturesExpiring = 1U << 3,
};

struct HeartbeatPage {
    static constexpr uint64_t kMagic = 0x6e63'7061'6765'0001;

    uint64_t magic = kMagic;
    std::array<uint8_t, 16> probe_token{};  // Written once, before there is a second process.

    // Written by the guard.
    alignas(64) std::atomic<int64_t> guard_beat = 0;
    std::atomic<int32_t> guard_pid = 0;
    std::atomic<uint32_t> guard_starts = 0;
    std::atomic<uint32_t> server_starts = 0;
    std::atomic<uint32_t> is_stopping = 0;  // The node ends: the server restarts no guard.

    // The guard's memory, for the guard after it.
    std::atomic<uint32_t> failures = 0;
    std::atomic<int64_t> failed_at = 0;

    // Written by the server.
    alignas(64) std::atomic<int64_t> server_beat = 0;
    std::atomic<int32_t> server_pid = 0;
    std::atomic<ServerState> server_state = ServerState::Absent;
    std::atomic<uint32_t> server_symptoms = 0;
    std::atomic<uint32_t> worker_count = 0;

    // Each written by one worker of the server.
    std::array<base::Pulse, kWorkersMax> pulses;
};
static_assert(std::atomic<ServerState>::is_always_lock_free);

[[nodiscard]] inline int64_t to_count(base::Instant time) {
    return time.time_since_epoch().count();
}
[[nodiscard]] inline base::Instant from_count(int64_t count) {
    return base::Instant(base::Duration(count));
}

// A mapping of the page, with its descriptor. The mapping stays until the last owner goes.
class SharedPage {
 public:
    // A new page, with a random token.
    [[nodiscard]] static base::Result<SharedPage> create();
    // The page behind an inherited descriptor, which it takes over.
    [[nodiscard]] static base::Result<SharedPage> adopt(base::Fd fd);

    [[nodiscard]] HeartbeatPage& operator*() const { return *page_; }
    [[nodiscard]] HeartbeatPage* operator->() const { return page_.get(); }
    [[nodiscard]] int fd() const { return fd_.get(); }

 private:
    SharedPage(base::Fd fd, HeartbeatPage* page);

    base::Fd fd_;
    std::shared_ptr<HeartbeatPage> page_;
};

}  // namespace nearcast::anycast
