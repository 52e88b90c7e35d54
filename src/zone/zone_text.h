// SPDX-License-Identifier: Apache-2.0
//
// A zone as text in the one order that makes two files of the same zone alike.
//
// Names in canonical order (RFC 4034 §6.1) with the apex and its SOA first; at a name, types by
// number, each set followed by its signatures, records by their data; the NSEC3 chain last.

#pragma once

#include <string>
#include <vector>

#include "dns/zone_writer.h"
#include "zone/draft.h"

namespace nearcast::zone {

// `draft` is arranged.
[[nodiscard]] std::string zone_to_text(const ZoneDraft& draft, dns::ZoneFileStyle style);

// The lines of the absolute style that only one of two zones has, in that order, each behind "-"
// for the first and "+" for the second.
[[nodiscard]] std::vector<std::string> compare_zones(const ZoneDraft& from, const ZoneDraft& to);

}  // namespace nearcast::zone
