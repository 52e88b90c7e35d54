// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_watch.h"

#include <optional>

#include "base/bytes.h"
#include "base/log.h"
#include "zone/image_records.h"

namespace nearcast::zone {

namespace {

// Of a version as it is with its delta, which may hold newer signatures than the base. Goes over
// all of the zone, which is seldom needed: where the base's signatures end soon.
uint32_t exact_expiry(const Version& version, uint32_t now) {
    constexpr size_t kExpirationAt = 8;  // In the data of an RRSIG.
    std::optional<uint32_t> earliest;
    ImageRecords records(version);
    RecordView record;
    while (records.next(record)) {
        if (record.type != dns::RRType::RRSIG) continue;
        const uint32_t expiry = base::load_u32(record.rdata.data() + kExpirationAt);
        const auto left = static_cast<int32_t>(expiry - now);
        if (!earliest || left < static_cast<int32_t>(*earliest - now)) earliest = expiry;
    }
    return earliest.value_or(0);
}

}  // namespace

ZoneWatch::ZoneWatch(const ZoneLedger& ledger, ZoneTable& table, std::chrono::milliseconds warning)
    : ledger_(ledger),
      table_(table),
      warning_(std::chrono::duration_cast<std::chrono::seconds>(warning)) {}

// The time in an RRSIG wraps around, so it is the distance to now that counts (RFC 4034 §3.1.5).
bool ZoneWatch::is_expiring(const dns::Name& zone, const Version& version,
                            std::chrono::seconds unix_time) {
    const std::string name = dns::to_text(zone);
    const auto now = static_cast<uint32_t>(unix_time.count());
    const auto is_far = [&](uint32_t end) {
        return end == 0 || static_cast<int32_t>(end - now) > warning_.count();
    };
    uint32_t expires = version.signatures_expire();
    if (!is_far(expires) && version.has_delta()) expires = exact_expiry(version, now);
    if (is_far(expires)) {
        told_.erase(name);
        return false;
    }
    const auto [told, is_new] = told_.try_emplace(name, expires);
    if (!is_new && told->second == expires) return true;
    told->second = expires;
    base::log::warning("signatures_expiring",
                       {{"zone", name},
                        {"seconds_left", std::to_string(static_cast<int32_t>(expires - now))},
                        {"try", "sign the zone again"}});
    return true;
}

ZoneHealth ZoneWatch::look(std::chrono::seconds unix_time) {
    ZoneHealth health;
    for (const StoredZone& state : ledger_.states()) {
        const auto pinned = table_.pin(state.apex);
        if (!pinned) continue;
        const Version version = pinned->version();
        if (version.is_unavailable()) {
            health.has_stale = true;
        } else if (is_expiring(state.apex, version, unix_time)) {
            health.has_expiring = true;
        }
    }
    return health;
}

}  // namespace nearcast::zone
