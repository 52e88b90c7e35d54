// SPDX-License-Identifier: Apache-2.0
//
// Which serial a zone gets with its next change (soa_edit_api), and the serial within SOA data.
//
// The serial always goes forward (RFC 1982): secondaries and If-Match rely on it, whatever the
// setting is.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "control/model.h"

namespace nearcast::control {

// The settings that are known: DEFAULT, INCREASE, EPOCH, SOA-EDIT, SOA-EDIT-INCREASE, OFF, and
// none.
[[nodiscard]] bool is_soa_edit_api(std::string_view text);

// `sent`: the serial of a SOA that is part of the change. It is taken if it is later than what the
// setting would give.
//   DEFAULT   YYYYMMDD01 of today, or one more than the last serial
//   EPOCH     the seconds since 1970, or one more
//   others    one more
[[nodiscard]] uint32_t next_edited_serial(std::string_view soa_edit_api, uint32_t last,
                                          std::optional<uint32_t> sent, std::chrono::seconds now);

// The first serial of a new zone.
[[nodiscard]] uint32_t first_serial(std::string_view soa_edit_api, std::chrono::seconds now);

// The third word of the seven; nothing when there are not seven, or it is no serial.
[[nodiscard]] std::optional<uint32_t> serial_in(std::string_view soa_content);
// The same content with another serial. Left as it is when there is none.
[[nodiscard]] std::string with_serial(std::string_view soa_content, uint32_t serial);
// Of a SOA that comes from the database, where it has none. Other sets are left as they are.
void put_serial(Rrset& rrset, uint32_t serial);

}  // namespace nearcast::control
