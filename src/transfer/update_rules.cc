// SPDX-License-Identifier: Apache-2.0

#include "transfer/update_rules.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "dns/serial.h"
#include "dnssec/canonical_rdata.h"
#include "transfer/refresh_schedule.h"

namespace nearcast::transfer {
namespace {

using dns::Rcode;
using dns::Record;
using dns::RRClass;
using dns::RRType;

constexpr size_t kSoaNumbersSize = 20;  // Serial, refresh, retry, expire, minimum.

// May stand beside a CNAME (RFC 4034 §2.5, RFC 2181 §10.1).
bool may_join_alias(RRType type) {
    return type == RRType::NSEC || type == RRType::RRSIG || type == RRType::KEY;
}

// Of these a name has one record: a new one takes the place of the old one (§3.4.2.2, RFC 6672
// §2.4).
bool is_singleton(RRType type) {
    return type == RRType::CNAME || type == RRType::SOA || type == RRType::DNAME;
}

uint32_t serial_of(std::span<const uint8_t> soa) { return read_soa_timers(soa).serial; }

// --- Prerequisites ---

// What must exist as a whole: data folded, by owner in lower case and type.
using WantedSets = std::map<std::pair<std::string, RRType>, std::set<std::vector<uint8_t>>>;

std::pair<std::string, RRType> key_of(const Record& record) {
    const dns::Name lowered = record.owner.lowered();
    return {{lowered.wire().begin(), lowered.wire().end()}, record.type};
}

// §3.2.1 to §3.2.4, of a record that only names something.
Rcode check_name_or_set(const Record& record, ZoneEdit& edit) {
    if (!record.rdata.empty()) return Rcode::FormErr;
    const bool must_exist = record.rr_class == RRClass::ANY;
    if (record.type == RRType::ANY) {
        if (edit.at(record.owner).empty() == !must_exist) return Rcode::NoError;
        return must_exist ? Rcode::NXDomain : Rcode::YXDomain;
    }
    if ((edit.find(record.owner, record.type) == nullptr) == !must_exist) return Rcode::NoError;
    return must_exist ? Rcode::NXRRSet : Rcode::YXRRSet;
}

bool is_same_set(const ZoneEdit::Set* found, const std::set<std::vector<uint8_t>>& wanted) {
    return found != nullptr && found->size() == wanted.size() &&
           std::ranges::all_of(
               *found, [&](const ZoneEdit::Datum& datum) { return wanted.contains(datum.folded); });
}

// --- Updates ---

class Updater {
 public:
    Updater(const dns::Name& zone, uint32_t newest, ZoneEdit& edit)
        : zone_(zone), newest_(newest), edit_(edit) {}

    void carry_out(const Record& update);

 private:
    void add(const Record& update);
    void remove_sets(const Record& update);
    void remove_one(const Record& update);
    [[nodiscard]] bool is_apex(const Record& update) const { return update.owner == zone_; }
    // Whether a CNAME is in the way of this record, or it in the way of others.
    [[nodiscard]] bool is_in_conflict(const Record& update);
    [[nodiscard]] bool is_stale_soa(const Record& update);

    const dns::Name& zone_;
    const uint32_t newest_;
    ZoneEdit& edit_;
};

bool Updater::is_in_conflict(const Record& update) {
    if (may_join_alias(update.type)) return false;
    if (update.type != RRType::CNAME) return edit_.find(update.owner, RRType::CNAME) != nullptr;
    return std::ranges::any_of(edit_.at(update.owner), [](const auto& item) {
        return item.first != RRType::CNAME && !may_join_alias(item.first);
    });
}

// Later than what secondaries have, too: two steps forward may be one back (RFC 1982 §3.2).
bool Updater::is_stale_soa(const Record& update) {
    const auto* soa = edit_.find(update.owner, RRType::SOA);
    const uint32_t serial = serial_of(update.rdata);
    return soa == nullptr || !dns::is_later_serial(serial, serial_of(soa->front().rdata)) ||
           !dns::is_later_serial(serial, newest_);
}

// §3.4.2.2. What cannot be is silently ignored.
void Updater::add(const Record& update) {
    if (is_in_conflict(update)) return;
    if (update.type == RRType::SOA && is_stale_soa(update)) return;
    const uint32_t ttl = update.ttl > dns::kTtlMax ? 0 : update.ttl;  // RFC 2181 §8.
    if (is_singleton(update.type)) {
        edit_.replace(update.owner, update.type, ttl, update.rdata);
    } else {
        edit_.put(update.owner, update.type, ttl, update.rdata);
    }
}

// §3.4.2.3. The zone keeps its SOA and NS in any case.
void Updater::remove_sets(const Record& update) {
    static constexpr std::array kKept = {RRType::SOA, RRType::NS};
    const auto kept = is_apex(update) ? std::span(kKept) : std::span<const RRType>();
    if (update.type == RRType::ANY) {
        edit_.remove_all(update.owner, kept);
    } else if (std::ranges::find(kept, update.type) == kept.end()) {
        edit_.remove_set(update.owner, update.type);
    }
}

// §3.4.2.4. The last NS of the zone stays.
void Updater::remove_one(const Record& update) {
    if (update.type == RRType::SOA) return;
    if (is_apex(update) && update.type == RRType::NS) {
        const auto* ns = edit_.find(zone_, RRType::NS);
        if (ns != nullptr && ns->size() == 1) return;
    }
    edit_.remove(update.owner, update.type, update.rdata);
}

void Updater::carry_out(const Record& update) {
    if (update.rr_class == RRClass::ANY) {
        remove_sets(update);
    } else if (update.rr_class == RRClass::NONE) {
        remove_one(update);
    } else {
        add(update);
    }
}

bool is_deletion_formed(const Record& update) {
    if (update.ttl != 0) return false;
    if (update.rr_class == RRClass::NONE) return !dns::is_meta_type(update.type);
    return update.rdata.empty() && (update.type == RRType::ANY || !dns::is_meta_type(update.type));
}

void raise_serial(const dns::Name& zone, uint32_t newest, ZoneEdit& edit) {
    const ZoneEdit::Datum& soa = edit.find(zone, RRType::SOA)->front();
    std::vector<uint8_t> rdata = soa.rdata;
    uint8_t* const serial = rdata.data() + rdata.size() - kSoaNumbersSize;
    // Zero follows the largest, but many servers take it for none (RFC 1982 §7).
    base::store_u32(serial, std::max(newest + 1, uint32_t{1}));
    edit.replace(zone, RRType::SOA, soa.ttl, rdata);
}

}  // namespace

Rcode check_prerequisites(std::span<const Record> prerequisites, const dns::Name& zone,
                          ZoneEdit& edit) {
    WantedSets wanted;
    for (const Record& record : prerequisites) {
        if (record.ttl != 0) return Rcode::FormErr;
        if (!record.owner.is_subdomain_of(zone)) return Rcode::NotZone;
        if (record.rr_class == RRClass::ANY || record.rr_class == RRClass::NONE) {
            const Rcode rcode = check_name_or_set(record, edit);
            if (rcode != Rcode::NoError) return rcode;
        } else if (record.rr_class == RRClass::IN && !dns::is_meta_type(record.type)) {
            wanted[key_of(record)].insert(dnssec::canonical_rdata(record.type, record.rdata));
        } else {
            return Rcode::FormErr;
        }
    }
    for (const Record& record : prerequisites) {
        if (record.rr_class != RRClass::IN) continue;
        const auto set = wanted.find(key_of(record));
        if (!is_same_set(edit.find(record.owner, record.type), set->second)) return Rcode::NXRRSet;
    }
    return Rcode::NoError;
}

Rcode check_updates(std::span<const Record> updates, const dns::Name& zone) {
    for (const Record& update : updates) {
        if (!update.owner.is_subdomain_of(zone)) return Rcode::NotZone;
        const bool is_addition = update.rr_class == RRClass::IN;
        const bool is_deletion =
            update.rr_class == RRClass::ANY || update.rr_class == RRClass::NONE;
        if (is_addition && dns::is_meta_type(update.type)) return Rcode::FormErr;
        if (is_deletion && !is_deletion_formed(update)) return Rcode::FormErr;
        if (!is_addition && !is_deletion) return Rcode::FormErr;
    }
    return Rcode::NoError;
}

bool apply_updates(std::span<const Record> updates, const dns::Name& zone, uint32_t newest,
                   ZoneEdit& edit) {
    const uint32_t serial = serial_of(edit.find(zone, RRType::SOA)->front().rdata);
    Updater updater(zone, newest, edit);
    for (const Record& update : updates) updater.carry_out(update);
    return serial_of(edit.find(zone, RRType::SOA)->front().rdata) != serial;
}

void carry_out_updates(std::span<const Record> updates, const dns::Name& zone, uint32_t newest,
                       ZoneEdit& edit) {
    const bool is_raised = apply_updates(updates, zone, newest, edit);
    if (!is_raised && edit.has_changes()) raise_serial(zone, newest, edit);
}

}  // namespace nearcast::transfer
