// SPDX-License-Identifier: Apache-2.0

// Whether the zone is what its ZONEMD says (RFC 8976 §4). One record that may be used and fits is
// enough. If some may be used and none fits, the data are damaged: an error. If none may be used,
// as after a change by somebody who makes no digests, nothing is known: a warning.

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "zone/image_records.h"
#include "zone/zone_check.h"
#include "zone/zone_digest.h"

namespace nearcast::zone {
namespace {

using dns::RRType;
using dnssec::DigestKind;
using Datum = ZoneDraft::Datum;

constexpr uint8_t kSchemeSimple = 1;
constexpr size_t kSchemeAt = 4;
constexpr size_t kHashAt = 5;
constexpr size_t kDigestAt = 6;

std::optional<DigestKind> digest_kind(std::span<const uint8_t> zonemd) {
    if (zonemd[kSchemeAt] != kSchemeSimple) return std::nullopt;
    if (zonemd[kHashAt] == 1) return DigestKind::Sha384;
    if (zonemd[kHashAt] == 2) return DigestKind::Sha512;
    return std::nullopt;
}

class DigestChecker {
 public:
    DigestChecker(const ZoneDraft& draft, const ZoneDraft::Set& set)
        : draft_(draft), records_(set.records()) {}

    // Why the record must not be used; nothing when it may be.
    [[nodiscard]] std::string obstacle(const Datum& datum, uint32_t serial) const;
    [[nodiscard]] bool fits(const Datum& datum) const {
        const auto rdata = draft_.rdata(datum);
        return std::ranges::equal(zone_digest(draft_, *digest_kind(rdata)),
                                  rdata.subspan(kDigestAt));
    }

 private:
    [[nodiscard]] bool is_alone(std::span<const uint8_t> zonemd) const;

    const ZoneDraft& draft_;
    std::span<const Datum> records_;
};

// Of several with one scheme and one hash none may be used (RFC 8976 §2.2.2).
bool DigestChecker::is_alone(std::span<const uint8_t> zonemd) const {
    const auto is_same_kind = [&](const Datum& datum) {
        const auto other = draft_.rdata(datum);
        return other[kSchemeAt] == zonemd[kSchemeAt] && other[kHashAt] == zonemd[kHashAt];
    };
    return std::ranges::count_if(records_, is_same_kind) == 1;
}

std::string DigestChecker::obstacle(const Datum& datum, uint32_t serial) const {
    const auto rdata = draft_.rdata(datum);
    const auto kind = digest_kind(rdata);
    if (!kind) return "has a scheme or hash that is not known here";
    if (rdata.size() - kDigestAt != dnssec::digest_size(*kind)) return "has a digest cut short";
    if (!is_alone(rdata)) return "stands beside another of its kind";
    const uint32_t own = base::load_u32(rdata.data());
    if (own != serial) {
        return "is of serial " + std::to_string(own) + ", the zone has " + std::to_string(serial);
    }
    return {};
}

}  // namespace

bool has_digest(const ZoneDraft& draft) {
    const auto& apex = draft.nodes().front();
    const ZoneDraft::Set* const set = draft.find(apex, RRType::ZONEMD);
    const ZoneDraft::Set* const soa = draft.find(apex, RRType::SOA);
    if (set == nullptr || soa == nullptr) return false;
    const uint32_t serial = soa_serial(draft.rdata(soa->records().front()));
    return std::ranges::any_of(set->records(), [&](const Datum& datum) {
        return base::load_u32(draft.rdata(datum).data()) == serial;
    });
}

void check_digest(const ZoneDraft& draft, Findings& findings) {
    const auto& apex = draft.nodes().front();
    const ZoneDraft::Set* const set = draft.find(apex, RRType::ZONEMD);
    const ZoneDraft::Set* const soa = draft.find(apex, RRType::SOA);
    if (set == nullptr || soa == nullptr) return;
    const uint32_t serial = soa_serial(draft.rdata(soa->records().front()));
    const DigestChecker checker(draft, *set);
    const Datum* refuted = nullptr;
    std::string obstacle;
    for (const Datum& datum : set->records()) {
        std::string found = checker.obstacle(datum, serial);
        if (!found.empty()) {
            obstacle = std::move(found);
            continue;
        }
        if (checker.fits(datum)) return;
        refuted = &datum;
    }
    if (refuted != nullptr) {
        findings.error("zonemd-mismatch", refuted->source,
                       "the records of the zone are not those that its ZONEMD was made over",
                       "fetch the zone again; if it was edited, make the digest anew");
    } else {
        findings.warn("zonemd-unusable", set->records().front().source,
                      "the ZONEMD of the zone " + obstacle + ": nothing can be checked",
                      "make the digest anew with each serial, by SHA-384 or SHA-512");
    }
}

}  // namespace nearcast::zone
