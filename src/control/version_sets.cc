// SPDX-License-Identifier: Apache-2.0

#include "control/version_sets.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "control/soa_serial.h"
#include "dns/rdata.h"
#include "zone/image_records.h"
#include "zone/name_changes.h"

namespace nearcast::control {
namespace {

using dns::RRType;
using zone::RecordView;

RecordText text_of(const RecordView& record) {
    return {dns::rdata_to_text(record.type, record.rdata), false};
}

// Records of one type come one after the other, but for signatures: each has the TTL of what it
// signs.
void take(const dns::Name& owner, const RecordView& record, std::vector<Rrset>& sets) {
    const auto fits = [&record](const Rrset& set) {
        return set.type == record.type && set.ttl == record.ttl;
    };
    const bool is_last = !sets.empty() && fits(sets.back());
    const auto place = is_last ? std::prev(sets.end()) : std::ranges::find_if(sets, fits);
    if (place != sets.end()) {
        place->records.push_back(text_of(record));
    } else {
        sets.push_back({owner, record.type, record.ttl, {text_of(record)}, {}});
    }
}

std::vector<Rrset> sets_at(const zone::Node& node) {
    std::vector<Rrset> sets;
    if (!node) return sets;
    const dns::Name owner = dns::Name::from_wire(node.owner())->lowered();
    zone::NodeRecords records(node);
    RecordView record;
    while (records.next(record)) take(owner, record, sets);
    return sets;
}

// One set on its way back through the changes.
struct Traced {
    std::optional<Rrset> now;
    std::optional<Rrset> then;
};

using Traces = std::map<std::pair<std::string, RRType>, Traced>;

class Tracer {
 public:
    Tracer(const zone::Version& version, const DiffLimits& limits)
        : version_(version), limits_(limits) {}

    // The last of the changes first.
    void take_back(const zone::Changeset& changes) {
        each(changes.added(), [](Traced& traced, const dns::Name&, const RecordView& record) {
            if (!traced.then) return;
            std::erase(traced.then->records, text_of(record));
            if (traced.then->records.empty()) traced.then.reset();
        });
        each(changes.removed(),
             [](Traced& traced, const dns::Name& owner, const RecordView& record) {
                 if (!traced.then) traced.then = Rrset{owner, record.type, record.ttl, {}, {}};
                 traced.then->ttl = record.ttl;
                 traced.then->records.push_back(text_of(record));
             });
    }

    [[nodiscard]] std::optional<std::vector<RrsetChange>> finish() {
        if (is_too_much()) return std::nullopt;
        std::vector<RrsetChange> changes;
        for (auto& [key, traced] : traces_) {
            if (key.second == RRType::SOA) level_serials(traced);
            if (!is_same(traced))
                changes.push_back({std::move(traced.then), std::move(traced.now)});
        }
        return changes;
    }

 private:
    template <typename OnRecord>
    void each(std::span<const uint8_t> part, const OnRecord& on_record) {
        zone::RecordSequence records(part);
        RecordView record;
        while (records.next(record)) {
            ++seen_;
            const dns::Name owner = dns::Name::from_wire(record.owner)->lowered();
            const auto [place, is_new] = traces_.try_emplace({dns::key_of(owner), record.type});
            if (is_new) open(owner, record.type, place->second);
            if (is_too_much()) return;
            on_record(place->second, owner, record);
        }
    }

    void open(const dns::Name& owner, RRType type, Traced& traced) {
        zone::NodeRecords records(zone::find_any(version_, owner.wire()));
        RecordView record;
        while (!is_too_much() && records.next(record)) {
            ++seen_;
            if (record.type != type) continue;
            if (!traced.now) traced.now = Rrset{owner, type, record.ttl, {}, {}};
            traced.now->records.push_back(text_of(record));
        }
        traced.then = traced.now;
    }

    [[nodiscard]] bool is_too_much() const {
        return traces_.size() > limits_.sets_max || seen_ > limits_.records_max;
    }

    static void level_serials(Traced& traced) {
        for (auto* const side : {&traced.now, &traced.then}) {
            if (*side) (*side)->records[0].content = with_serial((*side)->records[0].content, 0);
        }
    }

    static bool is_same(const Traced& traced) {
        if (traced.now.has_value() != traced.then.has_value()) return false;
        if (!traced.now) return true;
        return traced.now->ttl == traced.then->ttl &&
               std::ranges::is_permutation(traced.now->records, traced.then->records);
    }

    const zone::Version& version_;
    const DiffLimits limits_;
    Traces traces_;
    size_t seen_ = 0;  // Records, of the changes and of what is there.
};

}  // namespace

std::vector<Rrset> sets_of(const zone::Version& version, const std::optional<dns::Name>& owner) {
    if (owner) return sets_at(zone::find_any(version, owner->wire()));
    std::vector<Rrset> all;
    zone::NodeWalk nodes(version);
    for (zone::Node node = nodes.next(); node; node = nodes.next()) {
        std::ranges::move(sets_at(node), std::back_inserter(all));
    }
    return all;
}

std::optional<std::vector<RrsetChange>> changed_sets(const zone::Version& version,
                                                     std::span<const zone::Changeset> changes,
                                                     const DiffLimits& limits) {
    Tracer tracer(version, limits);
    for (size_t i = changes.size(); i-- > 0;) tracer.take_back(changes[i]);
    return tracer.finish();
}

}  // namespace nearcast::control
