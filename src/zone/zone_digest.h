// SPDX-License-Identifier: Apache-2.0
//
// The digest over all records of a zone, as a ZONEMD record holds it (RFC 8976).

#pragma once

#include <cstdint>
#include <vector>

#include "dnssec/digest.h"
#include "zone/draft.h"

namespace nearcast::zone {

// By the scheme SIMPLE (RFC 8976 §3.3.1) over an arranged draft. The ZONEMD records of the apex and
// their signatures do not count.
[[nodiscard]] std::vector<uint8_t> zone_digest(const ZoneDraft& draft, dnssec::DigestKind kind);

}  // namespace nearcast::zone
