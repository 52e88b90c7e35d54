// SPDX-License-Identifier: Apache-2.0
//
// A name in the body of an RRset, spelled out.

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dns/name.h"
#include "zone/image.h"

namespace nearcast::zone {

using NameBytes = std::array<uint8_t, dns::kNameSizeMax>;

// Writes the name that stands at `at` in the body into `bytes` and returns it. `owner` is the
// RRset's. Allocates nothing.
std::span<const uint8_t> read_body_name(const RRset& rrset, std::span<const uint8_t> owner,
                                        size_t at, NameBytes& bytes);

}  // namespace nearcast::zone
