// SPDX-License-Identifier: Apache-2.0
//
// The option by which a resolver tells which part of the network its client is in (RFC 7871 §6).

#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace nearcast::dns {

struct ClientSubnet {
    uint16_t family = 0;               // 1: IPv4, 2: IPv6 (of the registry of address families).
    uint8_t source_prefix = 0;         // Bits of the address that are meant.
    std::span<const uint8_t> address;  // As many bytes as these bits need. Borrowed.
};

// Of the data of an option in a query. None where FORMERR is due (RFC 7871 §6, §7.1.2): a family
// that there is not, too many bits, too few or too many bytes, bits set behind the prefix, a scope.
// Family 0 without bits is a client that does not want to be known.
[[nodiscard]] std::optional<ClientSubnet> read_client_subnet(
    std::span<const uint8_t> data) noexcept;

}  // namespace nearcast::dns
