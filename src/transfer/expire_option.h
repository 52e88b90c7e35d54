// SPDX-License-Identifier: Apache-2.0
//
// The EXPIRE option (RFC 7314): how long the server that answers would itself go on with a zone.
//
// With it a secondary of a secondary gives a zone up when the first one does, and not later.

#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dns/edns.h"

namespace nearcast::transfer {

constexpr size_t kExpireSize = 4;  // Seconds. Empty in a question.

// The seconds that the options of a response tell, if they do.
[[nodiscard]] std::optional<uint32_t> read_expire(std::span<const uint8_t> options);

// Whether the options of a question ask for it.
[[nodiscard]] bool asks_for_expire(std::span<const uint8_t> options);

// The same as read_expire() of the OPT record of a whole message; none when there is no such
// record, or the message is broken.
[[nodiscard]] std::optional<uint32_t> find_expire(std::span<const uint8_t> message);

}  // namespace nearcast::transfer
