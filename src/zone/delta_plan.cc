// SPDX-License-Identifier: Apache-2.0

#include "zone/delta_plan.h"

#include <algorithm>

#include "base/bytes.h"

namespace nearcast::zone {
namespace {

using dns::RRType;

bool is_wildcard(std::span<const uint8_t> name) { return name[0] == 1 && name[1] == '*'; }

bool is_below(std::span<const uint8_t> name, std::span<const uint8_t> above) {
    if (name.size() <= above.size()) return false;
    while (name.size() > above.size()) name = parent_of(name);
    return dns::equal_ignoring_case(name, above);
}

bool is_of_nsec3(const dns::Record& record) {
    if (record.type != RRType::RRSIG) return record.type == RRType::NSEC3;
    return static_cast<RRType>(base::load_u16(record.rdata.data())) == RRType::NSEC3;
}

bool has(const std::vector<dns::Record>& records, RRType type) {
    return std::ranges::find(records, type, &dns::Record::type) != records.end();
}

// Whether a name with these records is a link of that chain, and of no other.
bool is_link_of(const dnssec::Nsec3Parameters& chain, const std::vector<dns::Record>& records) {
    size_t count = 0;
    for (const dns::Record& record : records) {
        if (record.type != RRType::NSEC3) continue;
        const auto parameters = dnssec::read_nsec3_parameters(record.rdata);
        if (!parameters || !dnssec::is_same_chain(*parameters, chain)) return false;
        ++count;
    }
    return count == 1;
}

// Links of the NSEC3 chain, at least.
size_t nsec3_count(const Version& version) {
    const size_t count = version.base().nsec3_order().size();
    if (!version.has_delta()) return count;
    const auto gone =
        std::ranges::count_if(version.newest().delta_nsec3_order(),
                              [](const DeltaEntry& entry) { return (entry.flags & kGone) != 0; });
    return count - static_cast<size_t>(gone);
}

Node find_name(const Version& version, std::span<const uint8_t> name) {
    const HashedName hashed(name);
    return version.find(hashed.hash(), hashed.wire());
}

}  // namespace

TouchedName& DeltaPlan::touch(std::span<const uint8_t> name) {
    const auto [at, is_new] = names_.try_emplace(name);
    if (!is_new) return at->second;
    TouchedName& touched = at->second;
    touched.before = find_name(from_, name);
    if (!touched.before) {
        touched.before = find_any(from_, name);
        touched.is_nsec3 = static_cast<bool>(touched.before);
    }
    touched.records = records_of(touched.before);
    return touched;
}

base::Result<void> DeltaPlan::take_records(const NameChanges& changes) {
    for (const auto& [name, change] : changes) {
        TouchedName& touched = touch(name);
        auto records = changed_records(touched.before, change);
        if (!records) return std::unexpected(records.error());
        touched.records = *std::move(records);
        if (is_too_large()) break;
    }
    return {};
}

// A name with nothing but NSEC3 is a link of the chain, unless something lies below it.
void DeltaPlan::settle_chain_links() {
    for (auto& [name, touched] : names_) {
        const bool is_link = has(touched.records, RRType::NSEC3) &&
                             std::ranges::all_of(touched.records, is_of_nsec3);
        if (!touched.before) {
            touched.is_nsec3 = is_link;
        } else if (!touched.records.empty() && is_link != touched.is_nsec3) {
            is_entangled_ = true;
        }
    }
}

// Whether the version is one with a delta whose NSEC3 chain a Version finds its way in. The links
// of the base are one chain and all in one order, or the zone has no NSEC3PARAM and so no chain;
// the links that are touched are of that chain.
bool DeltaPlan::keeps_nsec3_order() const {
    const Image& base = from_.base();
    const auto& apex = names_.find(base.apex().owner())->second.records;
    const RRset before = base.apex().find(RRType::NSEC3PARAM);
    const auto count = std::ranges::count(apex, RRType::NSEC3PARAM, &dns::Record::type);
    if (!before) return count == 0;
    const auto after = std::ranges::find(apex, RRType::NSEC3PARAM, &dns::Record::type);
    const bool is_same = count == 1 && before.record_count() == 1 &&
                         std::ranges::equal(before.body().subspan(kRecordFixedSize), after->rdata);
    if (!is_same || (base.header().flags & kChainInOrder) == 0) return false;
    const auto apex_size = base.apex().owner().size();
    size_t created = 0;
    size_t gone = 0;
    for (const auto& [name, touched] : names_) {
        if (!touched.is_nsec3) {
            if (has(touched.records, RRType::NSEC3)) return false;
            continue;
        }
        if (touched.exists && !is_link_of(base.nsec3_parameters(), touched.records)) return false;
        if (name.size() != 1 + dnssec::kNsec3LabelSize + apex_size) return false;
        if (!dnssec::read_owner_hash(name)) return false;
        if (touched.exists && !touched.before) ++created;
        if (!touched.exists && touched.before) ++gone;
    }
    return gone == 0 || gone < created + nsec3_count(from_);
}

// Whether something that was there before the change, and is still, lies below. What is touched
// below has been settled.
bool DeltaPlan::has_children(std::span<const uint8_t> name) const {
    const NodeOrder order = from_.names();
    auto place = order.after(name);
    for (Node node = order.next(place); node && is_below(node.owner(), name);
         node = order.next(place)) {
        const auto touched = names_.find(node.owner());
        if (touched == names_.end() || touched->second.exists) return true;
    }
    return false;
}

// What a name that comes into being or vanishes means for the one above it.
void DeltaPlan::settle_above(std::span<const uint8_t> name, const TouchedName& touched) {
    const auto parent = parent_of(name);
    const bool is_known = names_.contains(parent);
    if (touched.exists) parents_.insert(parent);
    if (touched.exists == static_cast<bool>(touched.before)) return;
    const Node above = find_name(from_, parent);
    if (!above && find_any(from_, parent)) is_entangled_ = true;
    const bool is_empty = !above || above.header().rrset_count == 0;
    if (!is_known && (is_empty || is_wildcard(name))) touch(parent);
}

// From the last name to the first, so that children come before their parents, which may be
// touched only because of them.
void DeltaPlan::settle_existence() {
    for (auto at = names_.end(); at != names_.begin() && !is_entangled_;) {
        --at;
        const auto name = at->first;
        TouchedName& touched = at->second;
        touched.exists = !touched.records.empty();
        if (touched.is_nsec3) {
            is_entangled_ |= parents_.contains(name);
            continue;
        }
        const bool is_apex = name.size() == from_.apex().owner().size();
        touched.exists = touched.exists || is_apex || parents_.contains(name) || has_children(name);
        if (!is_apex) settle_above(name, touched);
        if (is_too_large()) return;
    }
}

void DeltaPlan::touch_all_below(std::span<const uint8_t> name) {
    const NodeOrder order = from_.names();
    auto place = order.after(name);
    for (Node node = order.next(place); node && is_below(node.owner(), name) && !is_too_large();
         node = order.next(place)) {
        touch(node.owner());
    }
}

// As ZoneDraft does for a whole zone.
void DeltaPlan::classify(std::span<const uint8_t> name, TouchedName& touched) {
    if (name.size() == from_.apex().owner().size()) {
        touched.flags = kApex;
        if (has(touched.records, RRType::DNAME)) touched.flags |= kDname;
        return;
    }
    const auto above = parent_of(name);
    const auto known = names_.find(above);
    uint16_t above_flags = 0;
    if (known != names_.end()) {
        above_flags = known->second.flags;
        touched.hidden_by = known->second.hidden_by;
    } else {
        const Node node = find_name(from_, above);
        above_flags = node.header().flags;
        if (node.has(kOccluded)) touched.hidden_by = from_.hidden_by(node).owner();
    }
    if ((above_flags & (kDelegation | kDname)) != 0) touched.hidden_by = above;
    if (!touched.hidden_by.empty()) {
        touched.flags = kOccluded;
    } else if (!is_wildcard(name)) {
        if (has(touched.records, RRType::NS)) touched.flags |= kDelegation;
        if (has(touched.records, RRType::DNAME)) touched.flags |= kDname;
    }
}

// From the apex down: names below a cut or a DNAME that has come or gone are touched on the way.
void DeltaPlan::settle_flags() {
    for (auto& [name, touched] : names_) {
        if (is_too_large()) return;
        if (!touched.exists || touched.is_nsec3) continue;
        classify(name, touched);
        if (!touched.before) continue;
        const uint16_t changed = touched.before.header().flags ^ touched.flags;
        if ((changed & (kDelegation | kDname)) != 0) touch_all_below(name);
    }
}

base::Result<DeltaPlan::Outcome> DeltaPlan::make(const NameChanges& changes) {
    if (auto done = take_records(changes); !done) return std::unexpected(done.error());
    if (!is_too_large()) settle_chain_links();
    if (!is_too_large() && !is_entangled_) settle_existence();
    if (!is_too_large() && !is_entangled_) settle_flags();
    if (!is_too_large() && !is_entangled_) is_entangled_ = !keeps_nsec3_order();
    return is_too_large() || is_entangled_ ? Outcome::Entangled : Outcome::Planned;
}

}  // namespace nearcast::zone
