// SPDX-License-Identifier: Apache-2.0

#include "control/catalog_rows.h"

#include <algorithm>
#include <map>
#include <utility>

#include "control/quotas.h"
#include "control/soa_serial.h"
#include "control/zone_rows.h"
#include "dns/rdata.h"
#include "transfer/catalog.h"

namespace nearcast::control {
namespace {

using base::Result;
using dns::RRType;
using Kind = ChangeError::Kind;

constexpr const char* kActor = "catalog";
constexpr uint32_t kNameserverTtl = 3600;
// Of members that a comment names; of more it tells how many there are.
constexpr size_t kNamedMax = 3;

// Where the properties of a member stand.
std::vector<dns::Name> places_of(const std::vector<Rrset>& before,
                                 const std::vector<Rrset>& after) {
    std::map<std::string, dns::Name> names;
    for (const auto* sets : {&before, &after}) {
        for (const Rrset& rrset : *sets) names.emplace(row_name(rrset.owner), rrset.owner);
    }
    std::vector<dns::Name> list;
    for (auto& [text, name] : names) list.push_back(name);
    return list;
}

Result<std::vector<Rrset>> member_sets(const dns::Name& catalog, const dns::Name& zone,
                                       const std::vector<std::string>& groups) {
    const transfer::CatalogMember member{
        .zone = zone, .label = transfer::catalog_label(zone), .groups = groups};
    auto records = transfer::member_records(catalog, member);
    if (!records) return std::unexpected(records.error());
    std::vector<Rrset> sets;
    for (const dns::Record& record : *records) {
        const bool is_same =
            !sets.empty() && sets.back().type == record.type && sets.back().owner == record.owner;
        if (!is_same) sets.push_back({record.owner.lowered(), record.type, record.ttl, {}, {}});
        sets.back().records.push_back({dns::rdata_to_text(record.type, record.rdata), false});
    }
    return sets;
}

// What the catalog lists of the zone as it is by now.
Result<std::vector<Rrset>> wanted_sets(GroupRows& rows, const dns::Name& catalog,
                                       const dns::Name& name) {
    const auto zone = rows.find_zone(name);
    if (!zone) return std::unexpected(zone.error());
    if (!*zone || (*zone)->settings.catalog != row_name(catalog)) return std::vector<Rrset>();
    return member_sets(catalog, name, (*zone)->settings.catalog_groups);
}

// Adds what is otherwise than it is to be at those places.
Result<void> compare(GroupRows& rows, int64_t zone_id, const std::vector<dns::Name>& places,
                     const std::vector<Rrset>& wanted, std::vector<RrsetChange>& changes) {
    for (const dns::Name& place : places) {
        const auto present = rows.rrsets_at(zone_id, place);
        if (!present) return std::unexpected(present.error());
        const auto find = [&place](const std::vector<Rrset>& sets, RRType type) {
            const auto found = std::ranges::find_if(sets, [&](const Rrset& rrset) {
                return rrset.type == type && rrset.owner == place;
            });
            return found == sets.end() ? std::nullopt : std::optional(*found);
        };
        for (const RRType type : {RRType::PTR, RRType::TXT}) {
            RrsetChange change{find(*present, type), find(wanted, type)};
            const bool is_same =
                change.before.has_value() == change.after.has_value() &&
                (!change.before || change.before->records == change.after->records);
            if (!is_same) changes.push_back(std::move(change));
        }
    }
    return {};
}

Result<std::vector<RrsetChange>> changes_of(GroupRows& rows, const Zone& catalog,
                                            const std::map<std::string, dns::Name>& zones) {
    std::vector<RrsetChange> changes;
    for (const auto& [text, zone] : zones) {
        // With a group, so that these places are looked at too.
        const auto possible = member_sets(catalog.name, zone, {"-"});
        const auto wanted = wanted_sets(rows, catalog.name, zone);
        if (!possible || !wanted) return std::unexpected((possible ? wanted : possible).error());
        auto done = compare(rows, catalog.id, places_of(*possible, *wanted), *wanted, changes);
        if (!done) return std::unexpected(done.error());
    }
    return changes;
}

int64_t records_more(const std::vector<RrsetChange>& changes) {
    int64_t more = 0;
    for (const RrsetChange& change : changes) {
        if (change.after) more += static_cast<int64_t>(change.after->records.size());
        if (change.before) more -= static_cast<int64_t>(change.before->records.size());
    }
    return more;
}

std::string comment_of(const std::map<std::string, dns::Name>& zones) {
    if (zones.size() > kNamedMax) return std::to_string(zones.size()) + " zones";
    std::string text;
    for (const auto& [name, zone] : zones) text += (text.empty() ? "" : ", ") + name;
    return text;
}

// Nobody is refused for it: who may change the zones may have them listed.
Result<void> write(GroupRows& rows, const GroupCommit::Turn& turn, Zone catalog,
                   std::vector<RrsetChange> changes, std::string comment) {
    const auto now = std::chrono::floor<std::chrono::seconds>(turn.now);
    const std::string& account = catalog.settings.account;
    if (auto done = Quotas::count(rows.session(), account, records_more(changes)); !done) {
        return done;
    }
    for (const RrsetChange& rrset : changes) {
        if (auto done = rows.put_rrset(catalog.id, rrset); !done) return done;
    }
    Change change{.sequence = turn.sequence,
                  .zone_id = catalog.id,
                  .zone = catalog.name,
                  .kind = ChangeKind::Records,
                  .actor = {.name = kActor},
                  .at = turn.now,
                  .comment = std::move(comment),
                  .old_serial = catalog.serial};
    const auto last = rows.last_serial(catalog);
    if (!last) return std::unexpected(last.error());
    change.new_serial = next_edited_serial(catalog.settings.soa_edit_api, *last, std::nullopt, now);
    change.diff.rrsets = std::move(changes);
    catalog.serial = change.new_serial;
    catalog.sequence = change.sequence;
    rows.put_zone(catalog);
    rows.append(std::move(change));
    return {};
}

}  // namespace

Outcome<std::vector<Rrset>> catalog_frame(const dns::Name& catalog, std::vector<Rrset> rrsets) {
    bool has_nameservers = false;
    for (const Rrset& rrset : rrsets) has_nameservers |= rrset.type == RRType::NS;
    const auto longest = member_sets(catalog, catalog, {"-"});
    dns::Name version;
    if (!longest || !version.append("version") || !version.append(catalog)) {
        return refuse(Kind::Invalid, "'" + row_name(catalog) +
                                         "' is too long for a catalog: the names of what it lists "
                                         "stand below it");
    }
    if (!has_nameservers) {
        rrsets.push_back({catalog, RRType::NS, kNameserverTtl, {{"invalid.", false}}, {}});
    }
    rrsets.push_back({version.lowered(), RRType::TXT, 0, {{"\"2\"", false}}, {}});
    return rrsets;
}

Result<std::vector<Rrset>> listed_sets(GroupRows& rows, const dns::Name& catalog) {
    const auto session = rows.settled();
    if (!session) return std::unexpected(session.error());
    std::vector<Rrset> sets;
    Result<void> made;
    auto done = zones_of_catalog(**session, row_name(catalog), [&](const Zone& zone) {
        auto listed = member_sets(catalog, zone.name, zone.settings.catalog_groups);
        if (!listed) made = std::unexpected(listed.error());
        if (listed) std::ranges::move(*listed, std::back_inserter(sets));
    });
    if (done) done = made;
    if (!done) return std::unexpected(done.error());
    return sets;
}

Outcome<void> check_catalog_edits(const Zone& zone, const std::vector<RrsetChange>& changes) {
    if (zone.settings.kind != ZoneKind::Producer) return {};
    for (const RrsetChange& change : changes) {
        if (change.either().owner == zone.name) continue;
        return refuse(Kind::Invalid, "Domain '" + row_name(zone.name) +
                                         "' is of kind Producer: what it lists follows from the "
                                         "zones whose catalog it is");
    }
    return {};
}

Result<void> list_moved_zones(GroupRows& rows, GroupCommit::Turn turn) {
    const auto moved = rows.moved();
    for (const auto& [text, zones] : moved) {
        const auto name = dns::parse_name(text);
        if (!name) continue;  // Of a row that was written before names were looked at.
        const auto catalog = rows.find_zone(*name);
        if (!catalog) return std::unexpected(catalog.error());
        const GroupCommit::Turn own = turn;
        ++turn.sequence;
        if (!*catalog || (*catalog)->settings.kind != ZoneKind::Producer) continue;
        auto changes = changes_of(rows, **catalog, zones);
        if (!changes) return std::unexpected(changes.error());
        if (changes->empty()) continue;
        auto done = write(rows, own, **catalog, *std::move(changes), comment_of(zones));
        if (!done) return done;
    }
    return {};
}

}  // namespace nearcast::control
