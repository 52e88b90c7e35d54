// SPDX-License-Identifier: Apache-2.0
//
// Looks now and then whether zones have grown too old: expired at a secondary, or with signatures
// that are near their end. Tells each such zone once in the log. Used by one thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::zone {

struct ZoneHealth {
    size_t served = 0;    // Zones.
    size_t stale = 0;     // Zones answered with SERVFAIL, for want of data that are still valid.
    size_t empty = 0;     // Likewise, since there never were any.
    size_t expiring = 0;  // Of those served: a signature expires soon, or has expired.
    size_t unsaved = 0;   // The store does not have what is served.
    uint64_t image_bytes = 0;
    uint64_t journal_bytes = 0;
    // When the first signature of any zone expires, since 1970. Nothing without signatures.
    std::optional<std::chrono::seconds> signatures_expire;

    [[nodiscard]] bool has_stale() const { return stale > 0; }
    [[nodiscard]] bool has_expiring() const { return expiring > 0; }
};

class ZoneWatch {
 public:
    // Both outlive the watch. `warning`: how long before its end a signature is near it.
    ZoneWatch(const ZoneLedger& ledger, ZoneTable& table, std::chrono::milliseconds warning);

    [[nodiscard]] ZoneHealth look(std::chrono::seconds unix_time);

 private:
    // Until the first signature expires. Nothing without signatures.
    [[nodiscard]] std::optional<int32_t> seconds_left(const Version& version, uint32_t now) const;
    [[nodiscard]] bool is_expiring(const dns::Name& zone, std::optional<int32_t> left,
                                   uint32_t now);

    const ZoneLedger& ledger_;
    ZoneTable& table_;
    std::chrono::seconds warning_;
    std::map<std::string, uint32_t> told_;  // Zones by name, and the end that was told of each.
};

}  // namespace nearcast::zone
