// SPDX-License-Identifier: Apache-2.0

#include "control/bootstrap_signals.h"

#include <algorithm>
#include <string_view>

#include "control/zone_rows.h"
#include "zone/image_records.h"

namespace nearcast::control {
namespace {

constexpr std::string_view kFirst = "_dsboot";
constexpr std::string_view kBetween = "_signal";

bool has_between(const dns::Name& name) {
    return ("." + place_of(name)).find("." + std::string(kBetween) + ".") != std::string::npos;
}

bool same_sets(const std::vector<Rrset>& a, const std::vector<Rrset>& b) {
    return std::ranges::equal(a, b, [](const Rrset& one, const Rrset& other) {
        return one.type == other.type && one.ttl == other.ttl && one.records == other.records;
    });
}

}  // namespace

std::optional<dns::Name> signalling_name(const dns::Name& zone, const dns::Name& server) {
    if (server.is_subdomain_of(zone) || has_between(zone) || has_between(server)) {
        return std::nullopt;
    }
    dns::Name name;
    const bool fits =
        name.append(kFirst) && name.append(zone) && name.append(kBetween) && name.append(server);
    return fits ? std::optional(name) : std::nullopt;
}

bool is_signalling_name(const dns::Name& name) {
    return has_between(name) && row_name(name).starts_with(std::string(kFirst) + ".");
}

bool shows_signals(const zone::Version& version) {
    zone::NodeWalk walk(version);
    for (zone::Node node = walk.next(); node; node = walk.next()) {
        if (node.owner()[0] != kFirst.size()) continue;
        const auto owner = dns::Name::from_wire(node.owner());
        if (owner && is_signalling_name(*owner)) return true;
    }
    return false;
}

std::vector<dns::Name> BootstrapSignals::put(const dns::Name& zone, const BootstrapSignal& signal) {
    std::map<std::string, Shown> next;
    for (const dns::Name& server : signal.servers) {
        const auto name = signal.sets.empty() ? std::nullopt : signalling_name(zone, server);
        if (!name) continue;
        Shown shown{name->lowered(), signal.account, signal.sets};
        for (Rrset& set : shown.sets) set.owner = shown.name;
        next.emplace(place_of(*name), std::move(shown));
    }
    std::vector<dns::Name> touched;
    const std::lock_guard lock(mutex_);
    std::vector<std::string>& places = places_of_[row_name(zone)];
    for (const std::string& place : places) {
        const auto before = shown_.find(place);
        const auto now = next.find(place);
        const bool is_same = now != next.end() && now->second.account == before->second.account &&
                             same_sets(now->second.sets, before->second.sets);
        if (!is_same) touched.push_back(before->second.name);
        if (now == next.end()) shown_.erase(before);
    }
    for (const auto& [place, shown] : next) {
        if (!shown_.contains(place)) touched.push_back(shown.name);
    }
    places.clear();
    for (auto& [place, shown] : next) {
        places.push_back(place);
        shown_.insert_or_assign(place, std::move(shown));
    }
    if (places.empty()) places_of_.erase(row_name(zone));
    return touched;
}

std::vector<Rrset> BootstrapSignals::below(const dns::Name& apex,
                                           const std::string& account) const {
    std::vector<Rrset> sets;
    const std::string place = place_of(apex);
    const std::lock_guard lock(mutex_);
    for (auto each = shown_.lower_bound(place);
         each != shown_.end() && each->first.starts_with(place); ++each) {
        const Shown& shown = each->second;
        if (!account.empty() && shown.account != account) continue;
        sets.insert(sets.end(), shown.sets.begin(), shown.sets.end());
    }
    return sets;
}

}  // namespace nearcast::control
