// SPDX-License-Identifier: Apache-2.0

#include "zone/canonical_rdata.h"

#include <algorithm>

#include "dns/ascii.h"
#include "dns/rdata.h"

namespace nearcast::zone {

std::vector<uint8_t> canonical_rdata(dns::RRType type, std::span<const uint8_t> rdata) {
    std::vector<uint8_t> folded(rdata.begin(), rdata.end());
    dns::RdataNames names(type, rdata);
    dns::RdataName name;
    while (names.next(name)) {
        if (!name.is_folded) continue;
        dns::lower_copy(rdata.subspan(name.offset, name.size), folded.data() + name.offset);
    }
    return folded;
}

}  // namespace nearcast::zone
