// SPDX-License-Identifier: Apache-2.0

#include "control/zone_build.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "control/record_content.h"
#include "zone/draft.h"
#include "zone/image_builder.h"
#include "zone/image_records.h"
#include "zone/zone_check.h"

namespace nearcast::control {
namespace {

using base::Result;
using dns::RRType;
using Rdata = std::vector<uint8_t>;

// The serial is the first of five numbers at the end of a SOA (RFC 1035 §3.3.13).
constexpr size_t kSerialFromEnd = 20;

void set_serial(Rdata& soa, uint32_t serial) {
    base::store_u32(soa.data() + soa.size() - kSerialFromEnd, serial);
}

// The data of all records that are served.
Result<std::vector<Rdata>> served_data(const Rrset& rrset) {
    std::vector<Rdata> data;
    for (const RecordText& record : rrset.records) {
        if (record.is_disabled) continue;
        auto rdata = parse_content(rrset.type, record.content);
        if (!rdata) {
            return base::fail(dns::to_text(rrset.owner) + ' ' + dns::to_text(rrset.type) + ": " +
                              rdata.error());
        }
        data.push_back(*std::move(rdata));
    }
    return data;
}

Result<void> fill(zone::ZoneDraft& draft, const Rrset& rrset, uint32_t serial) {
    auto data = served_data(rrset);
    if (!data) return std::unexpected(data.error());
    for (Rdata& rdata : *data) {
        if (rrset.type == RRType::SOA) set_serial(rdata, serial);
        const dns::Record record{.owner = rrset.owner,
                                 .type = rrset.type,
                                 .rr_class = dns::RRClass::IN,
                                 .ttl = rrset.ttl,
                                 .rdata = std::move(rdata)};
        if (!draft.add(record, {})) {
            return base::fail(dns::to_text(rrset.owner) + " is not in the zone");
        }
    }
    return {};
}

// One side of a change; nothing when there is no such side.
struct Side {
    uint32_t ttl = 0;
    std::vector<Rdata> data;
};

Result<Side> side_of(const std::optional<Rrset>& rrset) {
    if (!rrset) return Side{};
    auto data = served_data(*rrset);
    if (!data) return std::unexpected(data.error());
    return Side{rrset->ttl, *std::move(data)};
}

bool has(const Side& side, uint32_t ttl, const Rdata& rdata) {
    return side.ttl == ttl && std::ranges::find(side.data, rdata) != side.data.end();
}

class ChangesBuilder {
 public:
    ChangesBuilder(const dns::Name& apex, const zone::Version& served, uint32_t serial)
        : apex_(apex), serial_(serial) {
        old_soa_ = zone::soa_rdata(served, old_soa_ttl_);
        new_soa_ = old_soa_;
        new_soa_ttl_ = old_soa_ttl_;
    }

    Result<void> take(const RrsetChange& change) {
        auto before = side_of(change.before);
        auto after = side_of(change.after);
        if (!before || !after) return std::unexpected(before ? after.error() : before.error());
        const Rrset& either = change.either();
        if (either.type == RRType::SOA) {
            if (after->data.empty()) return base::fail("a zone needs its SOA");
            new_soa_ = after->data.front();
            new_soa_ttl_ = after->ttl;
            return {};
        }
        for (const Rdata& rdata : before->data) {
            if (!has(*after, before->ttl, rdata)) put(removed_, either, before->ttl, rdata);
        }
        for (const Rdata& rdata : after->data) {
            if (!has(*before, after->ttl, rdata)) put(added_, either, after->ttl, rdata);
        }
        return {};
    }

    [[nodiscard]] zone::Changeset finish() {
        zone::Changeset changes;
        set_serial(new_soa_, serial_);
        changes.remove({apex_.wire(), RRType::SOA, old_soa_ttl_, old_soa_});
        for (const Datum& datum : removed_) changes.remove(view(datum));
        changes.add({apex_.wire(), RRType::SOA, new_soa_ttl_, new_soa_});
        for (const Datum& datum : added_) changes.add(view(datum));
        return changes;
    }

 private:
    struct Datum {
        dns::Name owner;
        RRType type = RRType::None;
        uint32_t ttl = 0;
        Rdata rdata;
    };

    static void put(std::vector<Datum>& to, const Rrset& rrset, uint32_t ttl, const Rdata& rdata) {
        to.push_back({rrset.owner, rrset.type, ttl, rdata});
    }

    static zone::RecordView view(const Datum& datum) {
        return {datum.owner.wire(), datum.type, datum.ttl, datum.rdata};
    }

    const dns::Name& apex_;
    uint32_t serial_;
    Rdata old_soa_;
    uint32_t old_soa_ttl_ = 0;
    Rdata new_soa_;
    uint32_t new_soa_ttl_ = 0;
    std::vector<Datum> removed_;
    std::vector<Datum> added_;
};

}  // namespace

Result<zone::ImageBlock> build_zone(const dns::Name& apex, std::span<const Rrset> rrsets,
                                    uint32_t serial) {
    zone::ZoneDraft draft(apex);
    for (const Rrset& rrset : rrsets) {
        if (auto done = fill(draft, rrset, serial); !done) return std::unexpected(done.error());
    }
    draft.arrange();
    for (const zone::Finding& finding : zone::check_zone(draft)) {
        if (finding.severity == zone::Severity::Error) {
            return base::fail(finding.message, finding.hint);
        }
    }
    return zone::build_image(draft);
}

Result<zone::Changeset> build_changes(const dns::Name& apex, const zone::Version& served,
                                      std::span<const RrsetChange> changes, uint32_t serial) {
    ChangesBuilder builder(apex, served, serial);
    for (const RrsetChange& change : changes) {
        if (auto done = builder.take(change); !done) return std::unexpected(done.error());
    }
    return builder.finish();
}

}  // namespace nearcast::control
