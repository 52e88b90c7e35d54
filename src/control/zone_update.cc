// SPDX-License-Identifier: Apache-2.0

#include "control/zone_update.h"

#include <algorithm>
#include <set>
#include <utility>

#include "control/record_content.h"
#include "control/soa_serial.h"
#include "dns/rdata.h"
#include "dnssec/canonical_rdata.h"
#include "transfer/refresh_schedule.h"
#include "transfer/update_rules.h"

namespace nearcast::control {
namespace {

using base::Result;
using dns::Rcode;
using dns::RRType;
using transfer::ZoneEdit;
using Kind = ChangeError::Kind;

}  // namespace

ZoneUpdate::ZoneUpdate(const ZoneSight& sight, const transfer::UpdateMessage& message,
                       const KeyScope& scope, uint32_t serial)
    : sight_(sight),
      message_(message),
      scope_(scope),
      serial_(serial),
      edit_([this](const dns::Name& owner) { return load(owner); }) {}

ZoneEdit::Node ZoneUpdate::load(const dns::Name& owner) {
    ZoneEdit::Node node;
    auto rrsets = sight_.at(owner.lowered());
    if (!rrsets) {
        read_ = std::unexpected(rrsets.error());
        return node;
    }
    for (Rrset& rrset : *rrsets) {
        for (RecordText& record : rrset.records) {
            if (rrset.type == RRType::SOA) record.content = with_serial(record.content, serial_);
            if (record.is_disabled) continue;
            const auto rdata = parse_content(rrset.type, record.content);
            if (!rdata) {
                read_ = base::fail(dns::to_text(rrset.type) + ": " + rdata.error());
                continue;
            }
            node[rrset.type].push_back(
                {rrset.ttl, *rdata, dnssec::canonical_rdata(rrset.type, *rdata)});
        }
    }
    rows_[dns::key_of(owner)] = *std::move(rrsets);
    return node;
}

Rcode ZoneUpdate::judge() {
    const dns::Name& apex = sight_.zone.name;
    reason_ = "a prerequisite does not hold";
    Rcode rcode = transfer::check_prerequisites(message_.prerequisites, apex, edit_);
    if (rcode != Rcode::NoError) return rcode;
    reason_ = "an update has no form that can be carried out";
    rcode = transfer::check_updates(message_.updates, apex);
    if (rcode != Rcode::NoError) return rcode;
    for (const dns::Record& update : message_.updates) {
        if (scope_.covers_set(update.owner, update.type)) continue;
        reason_ = "the key does not cover " + dns::to_text(update.owner) + ' ' +
                  dns::to_text(update.type);
        return Rcode::Refused;
    }
    if (edit_.find(apex, RRType::SOA) != nullptr) return Rcode::NoError;
    reason_ = "the zone has no SOA";
    return Rcode::ServFail;
}

Outcome<DerivedEdits> ZoneUpdate::refuse(Rcode rcode, std::string reason) {
    rcode_ = rcode;
    return control::refuse(Kind::Invalid, std::move(reason));
}

Result<Outcome<DerivedEdits>> ZoneUpdate::derive() {
    const Rcode rcode = judge();
    if (!read_) return std::unexpected(read_.error());
    if (rcode != Rcode::NoError) return refuse(rcode, reason_);
    const dns::Name& apex = sight_.zone.name;
    DerivedEdits derived;
    const bool is_raised =
        transfer::apply_updates(message_.updates, apex, sight_.zone.serial, edit_);
    if (!read_) return std::unexpected(read_.error());
    if (is_raised) {
        const auto& soa = edit_.find(apex, RRType::SOA)->front();
        derived.serial = transfer::read_soa_timers(soa.rdata).serial;
    }
    for (const ZoneEdit::ChangedSet& changed : edit_.changed_sets()) {
        derived.edits.push_back(edit_of(changed));
    }
    return derived;
}

// What was there and stays, stays in the words that it was written in.
RrsetEdit ZoneUpdate::edit_of(const ZoneEdit::ChangedSet& changed) const {
    static const ZoneEdit::Set kNone;
    const ZoneEdit::Set& now = changed.now != nullptr ? *changed.now : kNone;
    std::vector<RecordText> records;
    std::set<std::vector<uint8_t>> kept;
    for (const Rrset& rrset : rows_.at(dns::key_of(changed.owner))) {
        if (rrset.type != changed.type) continue;
        for (const RecordText& row : rrset.records) {
            const auto rdata = parse_content(changed.type, row.content);
            const auto folded =
                rdata ? dnssec::canonical_rdata(changed.type, *rdata) : std::vector<uint8_t>();
            const auto same = std::ranges::find(now, folded, &ZoneEdit::Datum::folded);
            const bool stays =
                row.is_disabled ? same == now.end() : same != now.end() && same->rdata == *rdata;
            if (stays) records.push_back(row);
            if (stays && !row.is_disabled) kept.insert(*rdata);
        }
    }
    for (const ZoneEdit::Datum& datum : now) {
        if (kept.contains(datum.rdata)) continue;
        records.push_back({dns::rdata_to_text(changed.type, datum.rdata), false});
    }
    RrsetEdit edit{.owner = changed.owner, .type = changed.type};
    if (records.empty()) edit.kind = RrsetEdit::Kind::Delete;
    edit.ttl = (now.empty() ? *changed.before : now).front().ttl;
    edit.records = std::move(records);
    return edit;
}

}  // namespace nearcast::control
