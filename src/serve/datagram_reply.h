// SPDX-License-Identifier: Apache-2.0
//
// Answers one datagram later than its batch: from another thread, from the address that was asked.
//
// Holds a descriptor of its own, so that it outlives the worker. Costs no more than it says.

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/fd.h"
#include "serve/datagram_address.h"
#include "serve/locality.h"

namespace nearcast::serve {

class DatagramReply {
 public:
    // `asked` is the message as it was received by `socket`, its control part turned round.
    DatagramReply(int socket, const msghdr& asked);

    // Sends without waiting: what the kernel does not take is lost, as in the network.
    void send(std::span<const uint8_t> response) const;

    [[nodiscard]] const PeerAddress& peer() const { return peer_; }

 private:
    base::Fd socket_;
    PeerAddress peer_{};
    socklen_t peer_size_ = 0;
    std::array<uint8_t, sizeof(AddressControl)> control_{};
    size_t control_size_ = 0;
};

}  // namespace nearcast::serve
