// SPDX-License-Identifier: Apache-2.0
//
// The queries of one batch of Ethernet frames: what UdpBatch is for a socket.
//
//     receive() ─► exchanges() ─► Answerer ─► hand_over() ─► send()
//
// One for each worker, used for all its queues in turn. A response is written where it is sent
// from; nothing is copied.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/random.h"
#include "serve/answerer.h"
#include "serve/udp_batch.h"
#include "xdp/packet.h"
#include "xdp/queue.h"

namespace nearcast::serve {

class FrameBatch {
 public:
    using Received = UdpBatch::Received;
    using Sent = UdpBatch::Sent;

    // A Queue is xdp::Queue, or what a test has in its place.

    // Takes at most kBatchMax frames, without waiting.
    template <typename Queue>
    Received receive(Queue& queue) noexcept {
        count_ = handed_over_ = 0;
        const auto frames = queue.receive();
        for (size_t i = 0; i < frames.size(); ++i) {
            place_[count_] = static_cast<uint8_t>(i);
            add(frames[i], queue.room(i), queue.mtu());
        }
        return {.messages = frames.size(), .dropped = frames.size() - count_};
    }

    // What receive() left to answer, in order.
    [[nodiscard]] std::span<answer::Exchange> exchanges() noexcept {
        return {exchanges_.data(), count_};
    }

    // Hands over what respond() has marked with takes_datagram, each with that one of `sockets`
    // that would have received it. What none would is dropped.
    void hand_over(std::span<const UdpSocket> sockets, Answerer& answerer) noexcept;

    // Sends every response to whom it belongs, and gives the frames back. Needed after every
    // receive() that took a frame.
    template <typename Queue>
    Sent send(Queue& queue) noexcept {
        Sent sent;
        size_t unanswered = 0;
        for (size_t i = 0; i < count_; ++i) {
            const size_t size = complete(i, queue.room(place_[i]));
            if (size == 0) {
                ++unanswered;
                continue;
            }
            queue.send(place_[i], size);
            sent.answered += !exchanges_[i].is_probe;
        }
        queue.finish();
        sent.dropped = unanswered - handed_over_;
        count_ = handed_over_ = 0;
        return sent;
    }

 private:
    void add(std::span<const uint8_t> frame, std::span<uint8_t> room, uint32_t mtu) noexcept;
    // Puts the headers in front of the response in `frame`; returns the size of all, 0 without one.
    size_t complete(size_t i, std::span<uint8_t> frame) noexcept;
    uint16_t next_id() noexcept;

    // By the order of what is to be answered.
    std::array<answer::Exchange, kBatchMax> exchanges_{};
    std::array<xdp::QueryPacket, kBatchMax> packets_{};
    std::array<PeerAddress, kBatchMax> peers_{};
    std::array<uint8_t, kBatchMax> place_{};  // Among the frames.
    size_t count_ = 0;
    size_t handed_over_ = 0;  // Of these.
    uint64_t ids_ = base::random_u64() | 1;
};

}  // namespace nearcast::serve
