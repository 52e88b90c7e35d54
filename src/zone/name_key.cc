// SPDX-License-Identifier: Apache-2.0

#include "zone/name_key.h"

#include <array>
#include <cassert>

#include "dns/ascii.h"
#include "dns/name.h"

namespace nearcast::zone {

// Label by label from the apex down, a zero behind each, for a label comes in front of those that
// it begins. The octets zero and one have to share the value above that, so a key ends with them.
uint64_t name_key(std::span<const uint8_t> name, size_t apex_size) {
    assert(apex_size <= name.size());
    const size_t end = name.size() - apex_size;
    std::array<uint8_t, dns::kLabelCountMax + 1> starts;
    size_t count = 0;
    for (size_t at = 0; at < end; at += name[at] + size_t{1}) {
        starts[count++] = static_cast<uint8_t>(at);
    }
    uint64_t key = 0;
    size_t room = 64;  // Bits.
    for (; count > 0 && room > 0; --count) {
        const size_t at = starts[count - 1];
        const auto label = name.subspan(at + 1, name[at]);
        for (const uint8_t octet : label) {
            const uint8_t value = dns::lower(octet);
            room -= 8;
            if (value <= 1) return key | uint64_t{1} << room;
            key |= uint64_t{value} << room;
            if (room == 0) return key;
        }
        room -= 8;
    }
    return key;
}

}  // namespace nearcast::zone
