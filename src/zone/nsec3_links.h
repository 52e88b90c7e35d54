// SPDX-License-Identifier: Apache-2.0
//
// Finding the place of a hash in an NSEC3 chain.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "zone/image.h"

namespace nearcast::zone {

struct Nsec3Place {
    uint32_t link = 0;
    bool is_match = false;  // Else it covers the hash: the one before it, or the last of all.
};

// `links` are in the order of their hashes and not empty.
[[nodiscard]] Nsec3Place find_nsec3_place(std::span<const Nsec3Link> links,
                                          const dnssec::Nsec3Hash& hash);

// How many links have a hash that is not above `hash`.
[[nodiscard]] size_t count_up_to(std::span<const Nsec3Link> links, const dnssec::Nsec3Hash& hash);

}  // namespace nearcast::zone
