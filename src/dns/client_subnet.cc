// SPDX-License-Identifier: Apache-2.0

#include "dns/client_subnet.h"

#include "dns/wire_reader.h"

namespace nearcast::dns {
namespace {

constexpr unsigned kBitsOfByte = 8;

// Bits of an address of the family; none for one that there is not.
std::optional<unsigned> address_bits(uint16_t family) {
    switch (family) {
        case 0:
            return 0;
        case 1:
            return 32;
        case 2:
            return 128;
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<ClientSubnet> read_client_subnet(std::span<const uint8_t> data) noexcept {
    WireReader reader(data);
    ClientSubnet subnet;
    uint8_t scope_prefix = 0;
    if (!reader.read_u16(subnet.family) || !reader.read_u8(subnet.source_prefix) ||
        !reader.read_u8(scope_prefix)) {
        return std::nullopt;
    }
    subnet.address = data.subspan(reader.offset());
    const auto bits_max = address_bits(subnet.family);
    if (!bits_max || subnet.source_prefix > *bits_max || scope_prefix != 0) return std::nullopt;
    const unsigned size = (subnet.source_prefix + kBitsOfByte - 1) / kBitsOfByte;
    if (subnet.address.size() != size) return std::nullopt;
    const unsigned used_bits = subnet.source_prefix % kBitsOfByte;
    if (used_bits != 0 && (subnet.address.back() & (0xFFU >> used_bits)) != 0) return std::nullopt;
    return subnet;
}

}  // namespace nearcast::dns
