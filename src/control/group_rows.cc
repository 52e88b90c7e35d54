// SPDX-License-Identifier: Apache-2.0

#include "control/group_rows.h"

#include <algorithm>
#include <utility>

#include "dns/serial.h"

namespace nearcast::control {

using base::Result;

namespace {

constexpr RowsSql kReadServed{
    "SELECT zone, serial FROM served_serial WHERE zone IN (", "?", ", ", ")", "t", "tn"};

}  // namespace

Result<void> GroupRows::look_ahead(std::span<const Look> looks) {
    std::vector<std::string> names;
    for (const Look& look : looks) {
        std::string name = row_name(look.zone);
        if (zones_.try_emplace(name).second) names.push_back(std::move(name));
    }
    auto done = control::find_zones(
        session_, names, [this](Zone zone) { zones_[row_name(zone.name)] = std::move(zone); });
    if (done) done = read_served(names);
    if (!done) return done;
    std::vector<RrsetPlace> places;
    for (const Look& look : looks) {
        const auto& zone = zones_.at(row_name(look.zone));
        if (!zone) continue;
        for (const dns::Name& owner : look.owners) {
            if (sets_.size() == kPlacesMax) break;
            const auto [place, is_new] = sets_.try_emplace({zone->id, row_name(owner)});
            if (is_new) places.push_back(place->first);
        }
    }
    return read_places(places);
}

Result<void> GroupRows::read_places(std::span<const RrsetPlace> places) {
    return each_rrset_at(session_, places, [this](int64_t zone_id, Rrset rrset) {
        sets_[{zone_id, row_name(rrset.owner)}].push_back(std::move(rrset));
    });
}

Result<void> GroupRows::read_owners(int64_t zone_id, std::span<const dns::Name> owners) {
    std::vector<RrsetPlace> places;
    for (const dns::Name& owner : owners) {
        const auto [place, is_new] = sets_.try_emplace({zone_id, row_name(owner)});
        if (is_new) places.push_back(place->first);
    }
    if (places.empty()) return {};
    auto done = write();
    return done ? read_places(places) : done;
}

Result<std::optional<Zone>> GroupRows::find_zone(const dns::Name& name) {
    const auto [place, is_new] = zones_.try_emplace(row_name(name));
    if (!is_new) return place->second;
    auto found = control::find_zone(session_, name);
    if (found) place->second = *found;
    return found;
}

Result<void> GroupRows::read_served(std::span<const std::string> names) {
    if (serving_ == Serving::Alone) return {};
    std::vector<Fields> rows;
    for (const std::string& name : names) {
        if (served_.try_emplace(name).second) rows.push_back({name});
    }
    return session_.run_rows(kReadServed, rows, [this](const Row& row) {
        served_[row.text(0)].push_back(static_cast<uint32_t>(row.number(1)));
    });
}

Result<uint32_t> GroupRows::last_serial(const Zone& zone) {
    const std::string name = row_name(zone.name);
    if (auto done = read_served(std::span(&name, 1)); !done) return std::unexpected(done.error());
    uint32_t last = zone.serial;
    const auto served = served_.find(name);
    if (served == served_.end()) return last;
    for (const uint32_t serial : served->second) {
        if (dns::is_later_serial(serial, last)) last = serial;
    }
    return last;
}

Result<std::vector<Rrset>> GroupRows::rrsets_at(int64_t zone_id, const dns::Name& owner) {
    const RrsetPlace place{zone_id, row_name(owner)};
    const auto known = sets_.find(place);
    if (known != sets_.end()) return known->second;
    if (auto done = write(); !done) return std::unexpected(done.error());
    auto found = control::rrsets_at(session_, zone_id, owner);
    if (found) sets_[place] = *found;
    return found;
}

void GroupRows::put_zone(const Zone& zone) {
    std::string name = row_name(zone.name);
    zones_[name] = zone;
    put_zones_.insert(std::move(name));
}

Result<void> GroupRows::put_rrset(int64_t zone_id, const RrsetChange& change) {
    const Rrset& either = change.either();
    std::string owner = row_name(either.owner);
    const auto known = sets_.find({zone_id, owner});
    if (known != sets_.end()) {
        std::vector<Rrset>& sets = known->second;
        auto place = std::ranges::lower_bound(sets, either.type, {}, &Rrset::type);
        if (place != sets.end() && place->type == either.type) place = sets.erase(place);
        if (change.after) {
            place = sets.insert(place, *change.after);
            place->owner = place->owner.lowered();  // As it stands in the table.
        }
    }
    put_sets_[{zone_id, std::move(owner), static_cast<uint16_t>(either.type)}] = change.after;
    return put_sets_.size() < kWaitingMax ? Result<void>() : write();
}

Result<void> GroupRows::remove_zone(const Zone& zone) {
    if (auto done = write(); !done) return done;
    zones_[row_name(zone.name)] = std::nullopt;
    return control::remove_zone(session_, zone.id);
}

void GroupRows::append(Change change) {
    const auto& before = change.diff.settings_before;
    const auto& after = change.diff.settings_after;
    const bool stays = before && after && before->catalog == after->catalog &&
                       before->catalog_groups == after->catalog_groups;
    for (const auto& settings : {before, after}) {
        if (stays || !settings || settings->catalog.empty()) continue;
        moved_[settings->catalog].emplace(row_name(change.zone), change.zone);
    }
    changes_.push_back(std::move(change));
}

Result<void> GroupRows::write() {
    std::vector<Zone> zones;
    for (const std::string& name : put_zones_) zones.push_back(*zones_.at(name));
    put_zones_.clear();
    auto done = put_zones(session_, zones);
    if (done) done = put_rrsets(session_, std::exchange(put_sets_, {}));
    const std::vector<Change> changes = std::exchange(changes_, {});
    if (done) done = append_changes(session_, changes);
    if (done && !changes.empty()) done = append_audit(session_, changes, audit_link_);
    return done;
}

Result<Session*> GroupRows::settled() {
    if (auto done = write(); !done) return std::unexpected(done.error());
    return &session_;
}

}  // namespace nearcast::control
