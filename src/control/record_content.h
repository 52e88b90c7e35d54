// SPDX-License-Identifier: Apache-2.0
//
// Reads the data of one record as a client of the API writes it, and says exactly what is wrong.
//
// Stricter than a zone file: names are absolute and strings are in quotes, as clients expect that
// what they meant by mistake is refused and not interpreted. But a string of a TXT may be longer
// than 255 bytes, and is several then, as PowerDNS has it.

#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "dns/rr_type.h"

namespace nearcast::control {

// As text. A string of 255 bytes takes 1,020 when each is escaped; a whole record of 65,535 bytes
// of rdata so fits.
constexpr size_t kContentSizeMax = 300'000;

// The wire form; otherwise the reason, as the end of a sentence: "Not in expected format (parsed as
// 'b.example.')".
[[nodiscard]] std::expected<std::vector<uint8_t>, std::string> parse_content(
    dns::RRType type, std::string_view content);

// Types that nobody but the signer writes, and those that never lie in a zone.
[[nodiscard]] bool is_editable(dns::RRType type);

}  // namespace nearcast::control
