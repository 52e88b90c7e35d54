// SPDX-License-Identifier: Apache-2.0
//
// Looks now and then whether zones have grown too old: expired at a secondary, or with signatures
// that are near their end. Tells each such zone once in the log. Used by one thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::zone {

struct ZoneHealth {
    bool has_stale = false;  // A zone is answered with SERVFAIL, for want of data that are valid.
    bool has_expiring = false;  // A signature of a zone expires soon, or has expired.
};

class ZoneWatch {
 public:
    // Both outlive the watch. `warning`: how long before its end a signature is near it.
    ZoneWatch(const ZoneLedger& ledger, ZoneTable& table, std::chrono::milliseconds warning);

    [[nodiscard]] ZoneHealth look(std::chrono::seconds unix_time);

 private:
    [[nodiscard]] bool is_expiring(const dns::Name& zone, const Version& version,
                                   std::chrono::seconds unix_time);

    const ZoneLedger& ledger_;
    ZoneTable& table_;
    std::chrono::seconds warning_;
    std::map<std::string, uint32_t> told_;  // Zones by name, and the end that was told of each.
};

}  // namespace nearcast::zone
