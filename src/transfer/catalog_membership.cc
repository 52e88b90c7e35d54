// SPDX-License-Identifier: Apache-2.0

#include "transfer/catalog_membership.h"

#include <algorithm>
#include <set>
#include <utility>

namespace nearcast::transfer {
namespace {

using Kind = MemberAction::Kind;

dns::Name name_of(const std::string& key) {
    return *dns::Name::from_wire({reinterpret_cast<const uint8_t*>(key.data()), key.size()});
}

}  // namespace

CatalogMembership::Listed CatalogMembership::listed(const CatalogMember& member) {
    return {.label = member.label,
            .groups = member.groups,
            .coo = member.coo ? dns::key_of(*member.coo) : "",
            .serial = member.serial};
}

CatalogMembership::Listed* CatalogMembership::find(size_t catalog, const std::string& zone) {
    const auto place = lists_[catalog].find(zone);
    return place == lists_[catalog].end() ? nullptr : &place->second;
}

std::optional<size_t> CatalogMembership::owner_of(const std::string& zone) const {
    for (size_t catalog = 0; catalog < lists_.size(); ++catalog) {
        const auto place = lists_[catalog].find(zone);
        if (place != lists_[catalog].end() && place->second.is_owner) return catalog;
    }
    return std::nullopt;
}

std::optional<size_t> CatalogMembership::heir_of(size_t catalog, const std::string& zone) {
    const std::string& coo = find(catalog, zone)->coo;
    for (size_t other = 0; other < lists_.size(); ++other) {
        if (other == catalog || dns::key_of(names_[other]) != coo) continue;
        if (find(other, zone) != nullptr) return other;
    }
    return std::nullopt;
}

void CatalogMembership::own(size_t catalog, const std::string& zone, Kind kind, Change& change,
                            std::optional<uint32_t> before) {
    Listed& member = *find(catalog, zone);
    member.is_owner = true;
    change.actions.push_back({kind, name_of(zone), catalog, member.groups, member.serial, before});
}

// Another catalog that lists it gets it.
void CatalogMembership::take_off(size_t catalog, List::iterator place, Change& change) {
    const std::string zone = place->first;
    const bool is_freed = place->second.is_owner;
    lists_[catalog].erase(place);
    if (!is_freed) return;
    change.actions.push_back({.kind = Kind::Remove, .zone = name_of(zone)});
    for (size_t other = 0; other < lists_.size(); ++other) {
        if (find(other, zone) != nullptr) return own(other, zone, Kind::Add, change);
    }
    --owned_count_;
}

void CatalogMembership::take(size_t catalog, const CatalogMember& member, Change& change) {
    const std::string zone = dns::key_of(member.zone);
    const auto owner = owner_of(zone);
    Listed& place = lists_[catalog][zone];
    const Listed before = std::exchange(place, listed(member));
    place.is_owner = before.is_owner;
    if (!owner) {
        if (is_taken_(member.zone)) {
            change.ignored.push_back(dns::to_text(member.zone) + " is configured here otherwise");
            change.taken.push_back(member.zone);
            return;
        }
        ++owned_count_;
        return own(catalog, zone, Kind::Add, change);
    }
    // The owner gives it away: to this catalog, or from this one to another that has it already.
    const std::string label = *owner == catalog ? before.label : find(*owner, zone)->label;
    const auto heir = heir_of(*owner, zone);
    if (heir) {
        find(*owner, zone)->is_owner = false;
        const bool is_same_state = find(*heir, zone)->label == label;
        return own(*heir, zone, is_same_state ? Kind::Update : Kind::Reset, change);
    }
    if (*owner == catalog) {
        const bool is_same_state = place.label == label;
        if (is_same_state && place.groups == before.groups && place.serial == before.serial) return;
        return own(catalog, zone, is_same_state ? Kind::Update : Kind::Reset, change,
                   before.serial);
    }
    change.ignored.push_back(dns::to_text(member.zone) + " belongs to the catalog " +
                             dns::to_text(names_[*owner]) +
                             ", which does not name this one in a coo property");
}

CatalogMembership::Change CatalogMembership::update(size_t catalog,
                                                    const std::vector<CatalogMember>& members) {
    Change change;
    List& list = lists_[catalog];
    for (auto& [zone, member] : list) member.is_stale = true;
    for (const CatalogMember& member : members) {
        Listed* const known = find(catalog, dns::key_of(member.zone));
        if (known != nullptr) known->is_stale = false;
    }
    for (auto place = list.begin(); place != list.end();) {
        const auto next = std::next(place);
        if (place->second.is_stale) take_off(catalog, place, change);
        place = next;
    }
    for (const CatalogMember& member : members) take(catalog, member, change);
    return change;
}

std::optional<CatalogMembership::Change> CatalogMembership::update(
    size_t catalog, const CatalogDifference& difference) {
    List& list = lists_[catalog];
    if (list.size() + difference.listed.size() > kCatalogMembersMax) return std::nullopt;
    std::set<std::string> taken;
    for (const CatalogMember& member : difference.listed) {
        const std::string zone = dns::key_of(member.zone);
        const Listed* const known = find(catalog, zone);
        // A label that is not among those that differ lists it still.
        if (known != nullptr && !difference.labels.contains(known->label)) return std::nullopt;
        if (!taken.insert(zone).second) return std::nullopt;
    }
    Change change;
    for (const dns::Name& name : difference.unlisted) {
        const std::string zone = dns::key_of(name);
        const auto place = list.find(zone);
        if (place == list.end() || taken.contains(zone)) continue;
        if (difference.labels.contains(place->second.label)) take_off(catalog, place, change);
    }
    for (const CatalogMember& member : difference.listed) take(catalog, member, change);
    return change;
}

}  // namespace nearcast::transfer
