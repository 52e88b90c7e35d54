// SPDX-License-Identifier: Apache-2.0

#include "transfer/catalog_membership.h"

#include <algorithm>
#include <utility>

namespace nearcast::transfer {
namespace {

using Kind = MemberAction::Kind;

MemberAction action(Kind kind, size_t catalog, const CatalogMember& member) {
    return {kind, member.zone, catalog, member.groups, member.serial};
}

}  // namespace

const CatalogMember* CatalogMembership::listed(size_t catalog, const dns::Name& zone) const {
    const auto& list = lists_[catalog];
    const auto is_before = [](const CatalogMember& member, const dns::Name& name) {
        return dns::canonical_order(member.zone.wire(), name.wire()) < 0;
    };
    const auto place = std::lower_bound(list.begin(), list.end(), zone, is_before);
    return place != list.end() && place->zone == zone ? &*place : nullptr;
}

std::optional<size_t> CatalogMembership::number_of(const dns::Name& catalog) const {
    const auto found = std::ranges::find(names_, catalog);
    if (found == names_.end()) return std::nullopt;
    return static_cast<size_t>(found - names_.begin());
}

void CatalogMembership::add(size_t catalog, const CatalogMember& member, Change& change) {
    owned_[dns::key_of(member.zone)] = {catalog, member};
    change.actions.push_back(action(Kind::Add, catalog, member));
}

// Zones of this catalog that it lists no longer. Another one that lists them gets them.
void CatalogMembership::drop_missing(size_t catalog, Change& change) {
    std::vector<dns::Name> freed;
    std::erase_if(owned_, [&](const auto& item) {
        const Owned& owned = item.second;
        const bool is_gone =
            owned.catalog == catalog && listed(catalog, owned.member.zone) == nullptr;
        if (is_gone) freed.push_back(owned.member.zone);
        return is_gone;
    });
    for (const dns::Name& zone : freed) {
        change.actions.push_back({.kind = Kind::Remove, .zone = zone});
        for (size_t other = 0; other < lists_.size(); ++other) {
            const CatalogMember* const member = listed(other, zone);
            if (member == nullptr) continue;
            add(other, *member, change);
            break;
        }
    }
}

// The zone belongs to `catalog` from now on, or still does.
void CatalogMembership::follow_owner(Owned& owned, size_t catalog, const CatalogMember& member,
                                     Change& change) {
    const bool is_same_state = owned.member.label == member.label;
    const bool is_unchanged = owned.catalog == catalog && owned.member.groups == member.groups &&
                              owned.member.serial == member.serial;
    owned = {catalog, member};
    if (is_same_state && is_unchanged) return;
    change.actions.push_back(action(is_same_state ? Kind::Update : Kind::Reset, catalog, member));
}

void CatalogMembership::take_one(size_t catalog, const CatalogMember& member, Change& change) {
    const auto place = owned_.find(dns::key_of(member.zone));
    if (place == owned_.end()) {
        if (!is_taken_(member.zone)) return add(catalog, member, change);
        change.ignored.push_back(dns::to_text(member.zone) + " is configured here otherwise");
        return;
    }
    Owned& owned = place->second;
    // The owner gives it away: to this catalog, or from this one to another that has it already.
    const CatalogMember* const of_owner = listed(owned.catalog, member.zone);
    const auto heir =
        of_owner != nullptr && of_owner->coo ? number_of(*of_owner->coo) : std::nullopt;
    const CatalogMember* const inherited =
        heir && *heir != owned.catalog ? listed(*heir, member.zone) : nullptr;
    if (inherited != nullptr) return follow_owner(owned, *heir, *inherited, change);
    if (owned.catalog == catalog) return follow_owner(owned, catalog, member, change);
    change.ignored.push_back(dns::to_text(member.zone) + " belongs to the catalog " +
                             dns::to_text(names_[owned.catalog]) +
                             ", which does not name this one in a coo property");
}

CatalogMembership::Change CatalogMembership::update(size_t catalog,
                                                    std::vector<CatalogMember> members) {
    Change change;
    lists_[catalog] = std::move(members);
    drop_missing(catalog, change);
    for (const CatalogMember& member : lists_[catalog]) take_one(catalog, member, change);
    return change;
}

}  // namespace nearcast::transfer
