// SPDX-License-Identifier: Apache-2.0
//
// What a worker asks for responses: the seam between sockets and answers.

#pragma once

#include <span>

#include "answer/responder.h"
#include "serve/datagram_reply.h"
#include "serve/locality.h"
#include "tls/stream.h"

namespace nearcast::serve {

// Used by one worker thread alone. The product's is answer::Responder; tests bring their own.
class Answerer {
 public:
    Answerer() = default;
    Answerer(const Answerer&) = delete;
    Answerer& operator=(const Answerer&) = delete;
    virtual ~Answerer() = default;

    // Fills in the results of each exchange. Called with 1 to kBatchMax of them.
    virtual void respond(std::span<answer::Exchange> batch) noexcept = 0;

    // The worker is about to block: what was read for earlier batches may be freed.
    virtual void offline() noexcept = 0;

    // Takes over a connection over TCP or TLS, non-blocking, on which respond() has set
    // takes_connection. `unanswered` is what came in from that query on, its length first; the rest
    // is in the stream. One who never sets that need not take any.
    virtual void take_connection([[maybe_unused]] tls::Stream stream,
                                 [[maybe_unused]] const PeerAddress& peer,
                                 [[maybe_unused]] std::span<const uint8_t> unanswered) noexcept {}

    // Takes over a datagram for which respond() has set takes_datagram: whatever is answered to it
    // leaves by `reply`, then or later, on any thread.
    virtual void take_datagram([[maybe_unused]] DatagramReply reply,
                               [[maybe_unused]] std::span<const uint8_t> message) noexcept {}
};

// Queries handled together. More would overlap no more cache misses (a core has 10 to 20 in
// flight), only make the first of them wait for the last; fewer would pay a system call for less.
constexpr size_t kBatchMax = 64;

}  // namespace nearcast::serve
