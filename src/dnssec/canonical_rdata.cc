// SPDX-License-Identifier: Apache-2.0

#include "dnssec/canonical_rdata.h"

#include <algorithm>

#include "dns/ascii.h"
#include "dns/rdata.h"

namespace nearcast::dnssec {

void append_canonical_rdata(dns::RRType type, std::span<const uint8_t> rdata,
                            std::vector<uint8_t>& to) {
    const size_t at = to.size();
    to.insert(to.end(), rdata.begin(), rdata.end());
    dns::RdataNames names(type, rdata);
    dns::RdataName name;
    while (names.next(name)) {
        if (!name.is_folded) continue;
        dns::lower_copy(rdata.subspan(name.offset, name.size), to.data() + at + name.offset);
    }
}

std::vector<uint8_t> canonical_rdata(dns::RRType type, std::span<const uint8_t> rdata) {
    std::vector<uint8_t> folded;
    append_canonical_rdata(type, rdata, folded);
    return folded;
}

}  // namespace nearcast::dnssec
