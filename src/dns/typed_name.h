// SPDX-License-Identifier: Apache-2.0
//
// Names as people and their programs type them, outside of zone files: letters of Unicode would
// become bytes that no resolver asks for, and a space is mostly a mistake.
//
// Both may be meant: then they are written with escapes, b\195\188cher or a\032b. Any thread.

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rr_type.h"

namespace nearcast::dns {

// As parse_name(), for text whose bytes are printable ASCII; of other text it says how it is
// written instead.
[[nodiscard]] base::Result<Name> parse_typed_name(std::string_view text,
                                                  const Name* origin = nullptr);

// Fails when `content`, from which these data were read, has a name in Unicode. Texts in it may be
// in any script.
[[nodiscard]] base::Result<void> check_typed_names(RRType type, std::string_view content,
                                                   std::span<const uint8_t> rdata);

// Whether the name ends in that of the zone twice, as www.example.org.example.org. does: mostly it
// is www.example.org without its final dot. Both in wire form.
[[nodiscard]] bool repeats_zone(std::span<const uint8_t> name, std::span<const uint8_t> zone);

}  // namespace nearcast::dns
