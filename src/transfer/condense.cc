// SPDX-License-Identifier: Apache-2.0

#include "transfer/condense.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/name.h"
#include "dnssec/canonical_rdata.h"

namespace nearcast::transfer {
namespace {

using base::Result;
using zone::RecordView;

bool is_same(const RecordView& a, const RecordView& b) {
    return a.ttl == b.ttl && std::ranges::equal(a.owner, b.owner) &&
           std::ranges::equal(a.rdata, b.rdata);
}

// What happens to the records one by one, the TTL no part of what tells them apart.
class Sum {
 public:
    [[nodiscard]] Result<void> remove(const RecordView& record);
    [[nodiscard]] Result<void> add(const RecordView& record);
    // The records that are different in the end, but for the SOA.
    void append_to(zone::Changeset& changes) const;

 private:
    // In the version at the beginning, and in that at the end; as far as differences tell.
    struct Fate {
        std::optional<RecordView> removed;
        std::optional<RecordView> added;
    };

    static std::string key_of(const RecordView& record);

    std::unordered_map<std::string, Fate> fates_;
};

std::string Sum::key_of(const RecordView& record) {
    const std::vector<uint8_t> rdata = dnssec::canonical_rdata(record.type, record.rdata);
    std::string key(record.owner.size() + 2 + rdata.size(), '\0');
    auto* const bytes = reinterpret_cast<uint8_t*>(key.data());
    dns::lower_copy(record.owner, bytes);
    base::store_u16(bytes + record.owner.size(), static_cast<uint16_t>(record.type));
    std::ranges::copy(rdata, bytes + record.owner.size() + 2);
    return key;
}

std::unexpected<base::Error> contradiction(const RecordView& record, const char* what) {
    return base::fail("the changes do not fit together: " + dns::to_text(record.owner) + " " +
                      dns::to_text(record.type) + " is " + what);
}

Result<void> Sum::remove(const RecordView& record) {
    Fate& fate = fates_[key_of(record)];
    if (fate.added) {
        fate.added.reset();
    } else if (fate.removed) {
        return contradiction(record, "removed twice");
    } else {
        fate.removed = record;
    }
    return {};
}

Result<void> Sum::add(const RecordView& record) {
    Fate& fate = fates_[key_of(record)];
    if (fate.added) return contradiction(record, "added twice");
    fate.added = record;
    return {};
}

void Sum::append_to(zone::Changeset& changes) const {
    for (const auto& [key, fate] : fates_) {
        if (fate.removed && fate.added && is_same(*fate.removed, *fate.added)) continue;
        if (fate.removed) changes.remove(*fate.removed);
        if (fate.added) changes.add(*fate.added);
    }
}

// The SOA opens each part and is left out here.
template <typename Take>
Result<void> take_rest(std::span<const uint8_t> part, Take take) {
    zone::RecordSequence records(part);
    RecordView record;
    for (bool is_first = true; records.next(record); is_first = false) {
        if (is_first) continue;
        if (auto done = take(record); !done) return done;
    }
    return {};
}

RecordView first_of(std::span<const uint8_t> part) {
    zone::RecordSequence records(part);
    RecordView record;
    const bool is_there = records.next(record);
    assert(is_there);
    return is_there ? record : RecordView{};
}

}  // namespace

Result<zone::Changeset> condense(std::span<const zone::Changeset> row) {
    assert(!row.empty());
    if (row.size() == 1) return row.front();
    Sum sum;
    for (const zone::Changeset& each : row) {
        auto done =
            take_rest(each.removed(), [&](const auto& record) { return sum.remove(record); });
        if (done) {
            done = take_rest(each.added(), [&](const auto& record) { return sum.add(record); });
        }
        if (!done) return std::unexpected(done.error());
    }
    zone::Changeset changes;
    changes.remove(first_of(row.front().removed()));
    changes.add(first_of(row.back().added()));
    sum.append_to(changes);
    return changes;
}

}  // namespace nearcast::transfer
