// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_watch.h"

#include <algorithm>

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
std::optional<int32_t> ZoneWatch::seconds_left(const Version& version, uint32_t now) const {
    uint32_t expires = version.signatures_expire();
    const auto is_near = [&] { return static_cast<int32_t>(expires - now) <= warning_.count(); };
    if (expires != 0 && is_near() && version.has_delta()) expires = exact_expiry(version, now);
    if (expires == 0) return std::nullopt;
    return static_cast<int32_t>(expires - now);
}

bool ZoneWatch::is_expiring(const dns::Name& zone, std::optional<int32_t> left, uint32_t now) {
    const std::string name = dns::to_text(zone);
    if (!left || *left > warning_.count()) {
        told_.erase(name);
        return false;
    }
    const uint32_t expires = now + static_cast<uint32_t>(*left);
    const auto [told, is_new] = told_.try_emplace(name, expires);
    if (!is_new && told->second == expires) return true;
    told->second = expires;
    base::log::warning(
        "signatures_expiring",
        {{"zone", name}, {"seconds_left", std::to_string(*left)}, {"try", "sign the zone again"}});
    return true;
}

ZoneHealth ZoneWatch::look(std::chrono::seconds unix_time) {
    const auto now = static_cast<uint32_t>(unix_time.count());
    ZoneHealth health;
    for (const StoredZone& state : ledger_.states()) {
        const auto pinned = table_.pin(state.apex);
        if (!pinned) continue;
        health.image_bytes += state.image_size;
        health.journal_bytes += state.journal_bytes;
        health.unsaved += state.is_unsaved;
        const Version version = pinned->version();
        if (version.is_unavailable()) {
            ++health.stale;
            continue;
        }
        ++health.served;
        const std::optional<int32_t> left = seconds_left(version, now);
        health.expiring += is_expiring(state.apex, left, now);
        if (!left) continue;
        const std::chrono::seconds end = unix_time + std::chrono::seconds(*left);
        health.signatures_expire = std::min(health.signatures_expire.value_or(end), end);
    }
    const size_t known = health.served + health.stale;
    health.empty = std::max(table_.size(), known) - known;
    return health;
}

}  // namespace nearcast::zone
