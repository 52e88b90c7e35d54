// SPDX-License-Identifier: Apache-2.0
//
// The datagrams of one batch: received together, answered together, sent together.
//
//     receive() ─► exchanges() ─► Answerer ─► send()
//
// One for each worker, used for all its sockets in turn. Its memory is reserved once; a response
// leaves from the address that was asked, also on a wildcard socket.

#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "serve/answerer.h"
#include "serve/lazy_memory.h"

namespace nearcast::serve {

// Larger queries are dropped. One that came in a single Ethernet frame always fits, whatever it
// carries (padding, signatures); doubled, it would let fragments in.
constexpr size_t kUdpQuerySizeMax = 2048;

// Room for a response: what one Ethernet frame of 1500 bytes carries over IPv6. How much of it is
// used, the answerer decides: usually 1232 bytes, which no path has to fragment.
constexpr size_t kUdpResponseSizeMax = 1452;

struct UdpSocket {
    base::Fd fd;
    base::SocketAddress address;
    bool is_wildcard = false;
};

class UdpBatch {
 public:
    struct Received {
        size_t messages = 0;  // Taken from the socket.
        size_t dropped = 0;   // Of these, not worth an answer: too large, or nowhere to send one.
    };
    struct Sent {
        size_t answered = 0;  // Probes not counted.
        size_t dropped = 0;   // Not answered by rule, or refused by the kernel.
    };

    [[nodiscard]] static base::Result<UdpBatch> reserve();
    UdpBatch(UdpBatch&&) noexcept;
    UdpBatch& operator=(UdpBatch&&) noexcept;
    UdpBatch(const UdpBatch&) = delete;
    UdpBatch& operator=(const UdpBatch&) = delete;
    ~UdpBatch();

    // Takes at most kBatchMax messages, without waiting.
    Received receive(const UdpSocket& socket) noexcept;

    // What receive() left to answer, in order.
    [[nodiscard]] std::span<answer::Exchange> exchanges() noexcept;

    // Hands over what respond() has marked with takes_datagram; nothing is sent for it here.
    void hand_over(const UdpSocket& socket, Answerer& answerer) noexcept;

    // Sends every response of the batch to whom it belongs, without waiting: what the kernel does
    // not take is dropped, as the network would.
    Sent send(const UdpSocket& socket) noexcept;

 private:
    struct Tables;

    explicit UdpBatch(LazyMemory buffers);
    void prepare_for(const UdpSocket& socket) noexcept;
    // Makes a message of each response; returns how many there are.
    size_t address_responses() noexcept;
    // Of `count` responses from the one numbered `first` on.
    [[nodiscard]] size_t probes_among(size_t first, size_t count) const noexcept;

    LazyMemory buffers_;
    std::unique_ptr<Tables> tables_;
};

}  // namespace nearcast::serve
