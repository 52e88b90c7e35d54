// SPDX-License-Identifier: Apache-2.0
//
// Looks at data in a message without keeping anything of it: for the path of a query.

#pragma once

#include <cstddef>

#include "dns/rr_type.h"
#include "dns/wire_reader.h"

namespace nearcast::dns {

// Moves past `size` bytes of data. False, and the position is unspecified, when they are not valid
// for the type, with names compressed or not, or not all there. Follows every name.
[[nodiscard]] bool skip_rdata(RRType type, WireReader& message, size_t size) noexcept;

}  // namespace nearcast::dns
