// SPDX-License-Identifier: Apache-2.0
//
// One queue of an interface as an AF_XDP socket: frames in and out by rings shared with the kernel.
//
//     receive() ─► read each, fill room(i), send(i) ─► finish()
//
// Both ends of a batch: what receive() returned, and the rooms, are good until finish(), which
// every receive() that returned something needs. Nothing here allocates, waits or locks; a batch
// costs one system call, and none where the driver is awake. One thread at a time.

#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "base/result.h"
#include "xdp/filter.h"
#include "xdp/interface.h"

namespace nearcast::xdp {

// Frames of one batch. More would overlap no more cache misses; see serve/answerer.h.
constexpr size_t kFramesMax = 64;

struct QueueOptions {
    Mode mode = Mode::Native;
    // The kernel takes frames from the driver when this queue's owner asks for them, rather than
    // in interrupts: less latency and switching under load, at the cost of a core that never rests.
    bool is_busy_polling = false;
};

// What the kernel counts of a queue.
struct QueueLosses {
    uint64_t ring_full = 0;  // Frames that came while all room was taken.
    uint64_t invalid = 0;    // Descriptors that it refused: none, unless there is a bug.
};

class Queue {
 public:
    using Frame = std::span<const uint8_t>;

    // Needs CAP_NET_RAW, and locked memory for its frames (RLIMIT_MEMLOCK).
    [[nodiscard]] static base::Result<Queue> open(const Interface& interface, uint32_t number,
                                                  const QueueOptions& options);
    Queue(Queue&&) noexcept;
    Queue& operator=(Queue&&) noexcept;
    ~Queue();

    // Readable when there are frames.
    [[nodiscard]] int fd() const;
    // What fits through the interface behind the Ethernet header: IP and what it carries.
    [[nodiscard]] uint32_t mtu() const;
    // Without copying between the driver's memory and ours.
    [[nodiscard]] bool is_zero_copy() const;
    [[nodiscard]] bool is_busy_polling() const;
    [[nodiscard]] QueueLosses losses() const;

    // Frames that came in, at most kFramesMax. When no response could leave, because none of those
    // before has left yet, they are taken all the same, and room(i) is empty.
    [[nodiscard]] std::span<const Frame> receive() noexcept;

    // Where the response to frame `i` may be written.
    [[nodiscard]] std::span<uint8_t> room(size_t i) noexcept;

    // The first `size` bytes of room(i) are sent at finish(). In the order of i, each once.
    void send(size_t i, size_t size) noexcept;

    void finish() noexcept;

 private:
    struct State;

    explicit Queue(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace nearcast::xdp
