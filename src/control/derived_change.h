// SPDX-License-Identifier: Apache-2.0
//
// A change that follows from what the zone has at that moment: it is looked at, judged and written
// within one transaction.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/result.h"
#include "control/change_error.h"
#include "control/model.h"

namespace nearcast::control {

struct ZoneSight {
    const Zone& zone;
    // The sets of a name; of the SOA the serial is not that of the zone.
    std::function<base::Result<std::vector<Rrset>>(const dns::Name& owner)> at;
};

struct DerivedEdits {
    std::vector<RrsetEdit> edits = {};
    // That the zone has from then on; none: the next one, if anything changes.
    std::optional<uint32_t> serial = {};
};

struct DerivedRequest {
    dns::Name zone = {};
    Intent intent = {};
    // May be called again from the start. An error outside is the database's.
    std::function<base::Result<Outcome<DerivedEdits>>(const ZoneSight&)> derive;
};

}  // namespace nearcast::control
