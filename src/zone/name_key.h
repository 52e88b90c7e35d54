// SPDX-License-Identifier: Apache-2.0
//
// How a name begins in the canonical order of its zone, as a number: for finding the NSEC in front
// of a name without looking at the names between.
//
// Stored in images: changing the function changes the image format.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nearcast::zone {

// Of two names below the same apex, whose owner has `apex_size` octets, the one with the lower key
// comes first (RFC 4034 §6.1). Equal keys tell nothing. Any letter case.
[[nodiscard]] uint64_t name_key(std::span<const uint8_t> name, size_t apex_size);

}  // namespace nearcast::zone
