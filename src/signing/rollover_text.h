// SPDX-License-Identifier: Apache-2.0
//
// The state of a rollover as text, in which it is kept between one start and the next.
//
// A line each: "form 1"; "key NUMBER/ALGORITHM ROLE ADDED WANTED" for each key; for each view
// "dnskeys", "signers" or "ds", then SINCE REPLACED GONE TTL and the keys, for DNSKEY sets also the
// signers; "asked KEYS"; "decided TIME"; "reach SECONDS UNTIL"; "settled 0". Times are seconds
// since 1970, "-" for none; keys stand with commas between them, "-" for no keys.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "signing/rollover.h"

namespace nearcast::signing {

[[nodiscard]] std::string to_text(const RolloverState& state);
// Fails when it is no such text.
[[nodiscard]] base::Result<RolloverState> parse_rollover(std::string_view text);

}  // namespace nearcast::signing
