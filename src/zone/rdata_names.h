// SPDX-License-Identifier: Apache-2.0
//
// The domain names inside rdata: where they lie, and what may be done to them.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dns/name.h"
#include "dns/rr_layout.h"

namespace nearcast::zone {

struct RdataName {
    size_t at = 0;  // In the rdata.
    size_t size = 0;
    dns::Field field = dns::Field::None;  // CompressibleName, FoldedName or Name.
};

// Finds the names in well-formed rdata one after the other.
class RdataNames {
 public:
    RdataNames(dns::RRType type, std::span<const uint8_t> rdata)
        : fields_(dns::rr_layout(type).fields), rdata_(rdata) {}

    // False when there is no further one.
    [[nodiscard]] bool next(RdataName& name);

 private:
    // How many bytes the datum takes; as many as are left when that cannot be told.
    [[nodiscard]] size_t size_of(dns::Field field) const;

    std::span<const dns::Field> fields_;
    std::span<const uint8_t> rdata_;
    size_t field_ = 0;
    size_t at_ = 0;
};

// The rdata with letters in lower case where comparing ignores their case (RFC 4034 §6.2).
[[nodiscard]] std::vector<uint8_t> fold_rdata(dns::RRType type, std::span<const uint8_t> rdata);

}  // namespace nearcast::zone
