// SPDX-License-Identifier: Apache-2.0

#include "signing/touched_names.h"

#include <algorithm>
#include <string>

#include "dns/ascii.h"
#include "dns/name.h"
#include "zone/hashed_name.h"
#include "zone/image_records.h"

namespace nearcast::signing {
namespace {

using dns::RRType;
using zone::Node;

bool is_wildcard(std::span<const uint8_t> name) { return name[0] == 1 && name[1] == '*'; }

std::span<const uint8_t> parent_of(std::span<const uint8_t> name) {
    return name.subspan(name[0] + 1U);
}

bool is_below(std::span<const uint8_t> name, std::span<const uint8_t> above) {
    while (name.size() > above.size()) name = parent_of(name);
    return dns::equal_ignoring_case(name, above);
}

// In sets, by type, without what the signer makes. The TTL of a set is the lowest in it, as in the
// version that comes of it.
OwnedSets sets_of(const std::vector<dns::Record>& records, bool is_apex) {
    OwnedSets sets;
    for (const dns::Record& record : records) {
        if (is_made_by_signer(record.type, is_apex)) continue;
        auto at = std::ranges::lower_bound(sets, record.type, {}, &OwnedSet::type);
        if (at == sets.end() || at->type != record.type) {
            at = sets.insert(at, {record.type, record.ttl, {}, {}});
        }
        at->ttl = std::min(at->ttl, record.ttl);
        at->records.push_back(record.rdata);
    }
    return sets;
}

OwnedSets without_made(OwnedSets sets, bool is_apex) {
    std::erase_if(sets,
                  [is_apex](const OwnedSet& set) { return is_made_by_signer(set.type, is_apex); });
    for (OwnedSet& set : sets) set.signatures.clear();
    return sets;
}

}  // namespace

TouchedNames::TouchedNames(const zone::Version& zone, const zone::Changeset& changes,
                           const SigningPlan& plan)
    : zone_(zone), changes_(changes), plan_(plan), apex_(zone.apex().owner()) {}

// As it was, if it is not touched yet.
TouchedName& TouchedNames::touch(std::span<const uint8_t> name) {
    const auto known = names_.find(name);
    if (known != names_.end()) return known->second;
    TouchedName touched;
    const zone::HashedName hashed(name);
    touched.node = zone_.find(hashed.hash(), hashed.wire());
    touched.old_sets = read_sets(touched.node);
    touched.sets = without_made(touched.old_sets, name.size() == apex_.size());
    // The letters of a name are those of its first record; an empty one takes them from its first.
    const auto owner = touched.old_sets.empty() ? name : touched.node.owner();
    return names_.emplace(NameKey(owner.begin(), owner.end()), std::move(touched)).first->second;
}

base::Result<void> TouchedNames::touch_changed() {
    const auto changed = zone::name_changes(zone_, changes_);
    if (!changed) return std::unexpected(changed.error());
    for (const auto& [name, change] : *changed) {
        TouchedName& touched = touch(name);
        const auto records = zone::changed_records(touched.node, change);
        if (!records) return std::unexpected(records.error());
        touched.sets = sets_of(*records, name.size() == apex_.size());
    }
    TouchedName& apex = touch(apex_);
    apex.sets = apex_sets(apex.sets, plan_);
    if (plan_.zonemd) {  // For the bitmap; the digest itself comes last.
        const auto at = std::ranges::lower_bound(apex.sets, RRType::ZONEMD, {}, &OwnedSet::type);
        apex.sets.insert(at, {RRType::ZONEMD, 0, {}, {}});
    }
    return {};
}

bool TouchedNames::hid(const TouchedName& name) const {
    return name.node && (name.node.has(zone::kDelegation) || name.node.has(zone::kDname) ||
                         name.node.has(zone::kOccluded));
}

// Whether names below this one are out of what the zone speaks for.
bool TouchedNames::hides(std::span<const uint8_t> name) const {
    const auto touched = names_.find(name);
    if (touched != names_.end()) {
        if (is_wildcard(name)) return false;  // It redirects nothing.
        const OwnedSets& sets = touched->second.sets;
        const bool is_cut = name.size() != apex_.size() && find_set(sets, RRType::NS) != nullptr;
        return is_cut || find_set(sets, RRType::DNAME) != nullptr;
    }
    const zone::HashedName hashed(name);
    const Node node = zone_.find(hashed.hash(), hashed.wire());
    return node &&
           (node.has(zone::kDelegation) || node.has(zone::kDname) || node.has(zone::kOccluded));
}

// Names below one that hides them now and did not, or the other way round.
void TouchedNames::touch_hidden() {
    std::vector<NameKey> turned;
    for (const auto& [name, touched] : names_) {
        if (hides(name) != hid(touched)) turned.push_back(name);
    }
    const zone::NodeOrder order = zone_.names();
    for (const NameKey& name : turned) {
        auto place = order.after(name);
        for (Node node = order.next(place); node && is_below(node.owner(), name);
             node = order.next(place)) {
            touch(node.owner());
        }
    }
}

// Empty non-terminals that may come or go: links of NSEC3 alone speak of them.
void TouchedNames::touch_ancestors() {
    if (!plan_.denial.uses_nsec3) return;
    std::vector<NameKey> names;
    for (const auto& [name, touched] : names_) names.push_back(name);
    for (const NameKey& name : names) {
        for (std::span<const uint8_t> above = name; above.size() > apex_.size();) {
            above = parent_of(above);
            touch(above);
        }
    }
}

Standing TouchedNames::standing_of_name(std::span<const uint8_t> name,
                                        const TouchedName& touched) const {
    Standing standing{.is_apex = name.size() == apex_.size()};
    for (auto above = name; above.size() > apex_.size() && !standing.is_occluded;) {
        above = parent_of(above);
        standing.is_occluded = hides(above);
    }
    standing.is_cut = !standing.is_apex && !standing.is_occluded && !is_wildcard(name) &&
                      find_set(touched.sets, RRType::NS) != nullptr;
    return standing;
}

bool TouchedNames::had_link(std::span<const uint8_t> name, const TouchedName& touched) const {
    if (!plan_.denial.uses_nsec3) return find_set(touched.old_sets, RRType::NSEC) != nullptr;
    const zone::HashedName hashed(name);
    const auto hash = dnssec::nsec3_hash(parameters_of(plan_.denial), hashed.wire());
    const Node link = zone::find_any(zone_, nsec3_owner(hash, apex_));
    return link && link.find(RRType::NSEC3);
}

bool TouchedNames::is_linked_untouched(const Node& node) const {
    if (node.has(zone::kOccluded)) return false;
    const bool is_cut = node.has(zone::kDelegation);
    if (plan_.denial.opts_out && is_cut && !node.find(RRType::DS)) return false;
    return std::ranges::any_of(
        node.rrsets(), [](const auto& entry) { return !is_made_by_signer(entry.type, false); });
}

// Of touched names those further down are settled already.
bool TouchedNames::has_linked_descendant(std::span<const uint8_t> name) const {
    for (auto at = names_.upper_bound(name); at != names_.end() && is_below(at->first, name);
         ++at) {
        if (at->second.has_link) return true;
    }
    const zone::NodeOrder order = zone_.names();
    auto place = order.after(name);
    for (Node node = order.next(place); node && is_below(node.owner(), name);
         node = order.next(place)) {
        if (!is_touched(node.owner()) && is_linked_untouched(node)) return true;
    }
    return false;
}

void TouchedNames::settle() {
    for (auto at = names_.rbegin(); at != names_.rend(); ++at) {
        const NameKey& name = at->first;
        TouchedName& touched = at->second;
        touched.standing = standing_of_name(name, touched);
        touched.had_link = had_link(name, touched);
        if (!touched.sets.empty()) {
            const bool has_ds = find_set(touched.sets, RRType::DS) != nullptr;
            touched.has_link = is_linked(has_ds, touched.standing, plan_.denial);
        }
        // With opt-out a name whose own records need no link may still lie above one that has.
        if (!touched.has_link && plan_.denial.uses_nsec3 && !touched.standing.is_occluded) {
            touched.has_link = has_linked_descendant(name);
        }
    }
}

std::vector<uint8_t> TouchedNames::previous_linked(std::span<const uint8_t> name) const {
    std::span<const uint8_t> best = apex_;
    for (auto at = names_.lower_bound(name); at != names_.begin();) {
        --at;
        if (!at->second.has_link) continue;
        best = at->first;
        break;
    }
    const zone::NodeOrder order = zone_.names();
    auto place = order.after(name);
    for (Node node = order.previous(place); node; node = order.previous(place)) {
        if (dns::canonical_order(node.owner(), best) <= 0) break;
        if (is_touched(node.owner()) || !node.find(RRType::NSEC)) continue;
        best = node.owner();
        break;
    }
    return {best.begin(), best.end()};
}

std::vector<uint8_t> TouchedNames::next_linked(std::span<const uint8_t> name) const {
    std::span<const uint8_t> best;
    for (auto at = names_.upper_bound(name); at != names_.end(); ++at) {
        if (!at->second.has_link) continue;
        best = at->first;
        break;
    }
    const zone::NodeOrder order = zone_.names();
    auto place = order.after(name);
    for (Node node = order.next(place); node; node = order.next(place)) {
        if (!best.empty() && dns::canonical_order(node.owner(), best) >= 0) break;
        if (is_touched(node.owner()) || !node.find(RRType::NSEC)) continue;
        best = node.owner();
        break;
    }
    if (best.empty()) best = apex_;
    return {best.begin(), best.end()};
}

// With NSEC the name in front of one whose link comes or goes leads elsewhere.
void TouchedNames::touch_predecessors() {
    if (plan_.denial.uses_nsec3) return;
    std::vector<NameKey> previous;
    for (const auto& [name, touched] : names_) {
        if (touched.had_link != touched.has_link) previous.push_back(previous_linked(name));
    }
    for (const NameKey& name : previous) {
        if (is_touched(name)) continue;
        TouchedName& touched = touch(name);
        touched.standing = standing_of(touched.node, apex_);
        touched.had_link = touched.has_link = true;
    }
}

base::Result<void> TouchedNames::find() {
    if (auto done = touch_changed(); !done) return done;
    touch_hidden();
    touch_ancestors();
    settle();
    touch_predecessors();
    return {};
}

}  // namespace nearcast::signing
