// SPDX-License-Identifier: Apache-2.0
//
// TCP listeners and those who come to them, for services that are not DNS.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"

namespace nearcast::base {

// Whether who listens on [::] takes IPv4 too, or leaves 0.0.0.0 to somebody else.
enum class Ipv4 : uint8_t { Apart, Included };

// What to do when an address cannot be listened on, for this errno; may be empty.
[[nodiscard]] std::string listen_hint(const SocketAddress& address, int error);

// Non-blocking. A restart takes the port of connections that linger.
[[nodiscard]] Result<Fd> listen_tcp(const SocketAddress& address, Ipv4 ipv4);

// The one that was taken where port 0 was asked for.
[[nodiscard]] uint16_t port_of(const Fd& listener);

struct Arrival {
    Fd socket;  // Non-blocking; none: there is nobody, or no descriptor for him.
    SocketAddress peer;
    bool lacks_room = false;  // The listener stays readable: look again later.
};

[[nodiscard]] Arrival accept_tcp(const Fd& listener);

}  // namespace nearcast::base
