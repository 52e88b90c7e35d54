// SPDX-License-Identifier: Apache-2.0

#include "zone/name_changes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dns/rdata.h"
#include "dnssec/canonical_rdata.h"

namespace nearcast::zone {
namespace {

std::string to_text(const RecordView& record) {
    return dns::to_text(record.owner) + " " + dns::to_text(record.type) + " " +
           dns::rdata_to_text(record.type, record.rdata);
}

bool is_below(std::span<const uint8_t> name, std::span<const uint8_t> apex) {
    const HashedName hashed(name);
    const HashedName zone(apex);
    if (hashed.label_count() < zone.label_count()) return false;
    return std::ranges::equal(hashed.suffix(hashed.label_count() - zone.label_count()),
                              zone.wire());
}

base::Result<void> sort_in(NameChanges& names, const Version& version,
                           std::span<const uint8_t> part,
                           std::vector<RecordView> NameChange::* list) {
    RecordSequence records(part);
    RecordView record;
    auto at = names.end();
    while (records.next(record)) {
        if (dns::is_meta_type(record.type) || !dns::is_valid_rdata(record.type, record.rdata)) {
            return base::fail("the change has a record that no zone can have: " + to_text(record));
        }
        const bool is_repeated = at != names.end() && std::ranges::equal(at->first, record.owner);
        if (!is_repeated) {
            if (!is_below(record.owner, version.apex().owner())) {
                return base::fail("the change has a record of another zone: " + to_text(record));
            }
            at = names.try_emplace(record.owner).first;
        }
        (at->second.*list).push_back(record);
    }
    return {};
}

dns::Record to_record(const RecordView& view) {
    dns::Record record;
    record.owner = *dns::Name::from_wire(view.owner);
    record.type = view.type;
    record.ttl = view.ttl;
    record.rdata.assign(view.rdata.begin(), view.rdata.end());
    return record;
}

// What tells the records of one name apart: their TTLs and the letters of names do not.
using RecordKey = std::pair<dns::RRType, std::vector<uint8_t>>;

RecordKey key_of(dns::RRType type, std::span<const uint8_t> rdata) {
    return {type, dnssec::canonical_rdata(type, rdata)};
}

}  // namespace

base::Result<NameChanges> name_changes(const Version& version, const Changeset& changes) {
    if (!changes.is_complete()) {
        return base::fail("the change does not go from one SOA to another");
    }
    if (version.is_unavailable() || changes.from_serial() != version.serial()) {
        return base::fail("the change is one of serial " + std::to_string(changes.from_serial()) +
                              ", the zone has " + std::to_string(version.serial()),
                          "transfer the whole zone");
    }
    NameChanges names;
    auto done = sort_in(names, version, changes.removed(), &NameChange::removed);
    if (done) done = sort_in(names, version, changes.added(), &NameChange::added);
    if (!done) return std::unexpected(done.error());
    return names;
}

Node find_any(const Version& version, std::span<const uint8_t> name) {
    const HashedName hashed(name);
    const Node node = version.find(hashed.hash(), hashed.wire());
    if (node) return node;
    const NodeOrder chain = version.nsec3_chain();
    auto place = chain.after(name);
    const Node link = chain.previous(place);
    return link && link.is_named(hashed.wire()) ? link : Node();
}

std::vector<dns::Record> records_of(const Node& node) {
    std::vector<dns::Record> records;
    NodeRecords walk(node);
    RecordView record;
    while (walk.next(record)) records.push_back(to_record(record));
    return records;
}

base::Result<std::vector<dns::Record>> changed_records(const Node& node, const NameChange& change) {
    std::vector<dns::Record> records = records_of(node);
    // One name may have all records of a change, so each is looked up in an order of them.
    std::map<RecordKey, size_t> places;
    for (size_t i = 0; i < records.size(); ++i) {
        places.emplace(key_of(records[i].type, records[i].rdata), i);
    }
    std::vector<bool> is_gone(records.size());
    for (const RecordView& removed : change.removed) {
        const auto at = places.find(key_of(removed.type, removed.rdata));
        if (at == places.end()) {
            return base::fail("the record to remove is not there: " + to_text(removed),
                              "transfer the whole zone");
        }
        is_gone[at->second] = true;
        places.erase(at);
    }
    size_t number = 0;
    std::erase_if(records, [&](const dns::Record&) { return is_gone[number++]; });
    for (const RecordView& added : change.added) {
        if (!places.try_emplace(key_of(added.type, added.rdata)).second) {
            return base::fail("the record to add is there already: " + to_text(added),
                              "transfer the whole zone");
        }
        records.push_back(to_record(added));
        // The letters of a name are those of its first record.
        records.back().owner = records.front().owner;
    }
    return records;
}

}  // namespace nearcast::zone
