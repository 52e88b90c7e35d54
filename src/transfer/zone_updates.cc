// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_updates.h"

#include <algorithm>
#include <string>

#include "base/bytes.h"
#include "base/log.h"
#include "dns/serial.h"
#include "transfer/update_rules.h"
#include "zone/apply.h"
#include "zone/unanswered.h"

namespace nearcast::transfer {
namespace {

using dns::ExtendedError;
using dns::Rcode;
namespace log = base::log;

// The zone would be a signed one with it, as is_signed_zone() has it.
bool makes_signed(const dns::Record& update, const dns::Name& zone) {
    if (update.rr_class != dns::RRClass::IN || !(update.owner == zone)) return false;
    constexpr auto kSoa = static_cast<uint16_t>(dns::RRType::SOA);
    return update.type == dns::RRType::DNSKEY ||
           (update.type == dns::RRType::RRSIG && base::load_u16(update.rdata.data()) == kSoa);
}

Verdict refuse_to_sign(const dns::Name& zone, const Requestor& requestor) {
    log::warning("update_failed",
                 {{"zone", dns::to_text(zone)},
                  {"requestor", to_text(requestor)},
                  {"reason", "it would make this a signed zone, which takes no updates"},
                  {"try", "signed = true in a rule of the zone, if its signatures come this way"}});
    return {.rcode = Rcode::Refused, .reason = ExtendedError::NotSupported};
}

}  // namespace

bool is_signed_zone(const zone::Version& version) {
    const zone::Node apex = version.apex();
    const zone::RRset soa = apex.find(dns::RRType::SOA);
    return apex.find(dns::RRType::DNSKEY) || (soa && soa.signature_count() > 0);
}

ZoneUpdates::ZoneUpdates(const TransferConfig& config, zone::ZoneTable& table,
                         zone::ZoneLedger& ledger)
    : config_(config), table_(table), ledger_(ledger) {}

std::mutex& ZoneUpdates::turn_of(const dns::Name& zone) {
    const zone::HashedName name(zone.wire());
    return turns_[name.hash() % kTurns];
}

// RFC 2136 §3.1, and of §3.3 what needs no look at the updates.
Verdict ZoneUpdates::admit(const std::optional<zone::Version>& version, const dns::Query& query,
                           std::span<const uint8_t> message, const Requestor& requestor) const {
    if (query.qtype != dns::RRType::SOA) return {Rcode::FormErr};
    const UpdatePolicy* const policy = config_.update_policy_for(query.qname(message));
    if (query.qclass != dns::RRClass::IN || !version) {
        return {.rcode = Rcode::NotAuth, .reason = ExtendedError::NotAuthoritative};
    }
    if (policy == nullptr || !policy->knows(requestor.peer, requestor.key)) {
        return {.rcode = Rcode::Refused, .reason = ExtendedError::Prohibited};
    }
    if (version->is_unavailable()) {
        return {.rcode = Rcode::ServFail, .reason = ExtendedError::InvalidData};
    }
    if (!policy->is_signed_allowed && is_signed_zone(*version)) {
        return {.rcode = Rcode::Refused, .reason = ExtendedError::NotSupported};
    }
    return {};
}

Verdict ZoneUpdates::carry_out(const dns::Query& query, std::span<const uint8_t> message,
                               const Requestor& requestor) {
    const dns::Name zone = query.qname(message);
    {
        const auto pinned = table_.pin(zone);
        const auto version = pinned ? std::optional(pinned->version()) : std::nullopt;
        const Verdict admitted = admit(version, query, message, requestor);
        if (admitted.rcode != Rcode::NoError) return admitted;
    }
    UpdateMessage update;
    if (!read_update(query, message, update)) return {Rcode::FormErr};
    const std::lock_guard turn(turn_of(zone));
    for (size_t i = 0; i < kTriesMax; ++i) {
        Verdict verdict;
        if (try_once(zone, update, requestor, verdict)) return verdict;
    }
    log::warning("update_failed", {{"zone", dns::to_text(zone)},
                                   {"requestor", to_text(requestor)},
                                   {"reason", "the zone keeps changing"}});
    return {Rcode::ServFail};
}

// Of the zone, or of a later version that damage has taken: secondaries may still have that one.
uint32_t ZoneUpdates::newest_serial(const dns::Name& zone, uint32_t served) const {
    const auto state = ledger_.state(zone);
    const bool is_behind =
        state && state->lost_serial && dns::is_later_serial(*state->lost_serial, served);
    return is_behind ? *state->lost_serial : served;
}

bool ZoneUpdates::try_once(const dns::Name& zone, const UpdateMessage& update,
                           const Requestor& requestor, Verdict& verdict) {
    verdict = {};
    const auto pinned = table_.pin(zone);
    if (!pinned || pinned->version().is_unavailable()) {
        verdict.rcode = Rcode::ServFail;
        return true;
    }
    ZoneEdit edit(pinned->version());
    verdict.rcode = check_prerequisites(update.prerequisites, zone, edit);
    if (verdict.rcode != Rcode::NoError) return true;
    verdict.rcode = check_updates(update.updates, zone);
    if (verdict.rcode != Rcode::NoError) return true;
    const UpdatePolicy& policy = *config_.update_policy_for(zone);
    const bool are_granted = std::ranges::all_of(update.updates, [&](const dns::Record& each) {
        return policy.grants(each, requestor.peer, requestor.key);
    });
    if (!are_granted) {
        verdict = {.rcode = Rcode::Refused, .reason = ExtendedError::Prohibited};
        return true;
    }
    const bool is_to_be_signed = std::ranges::any_of(
        update.updates, [&](const dns::Record& each) { return makes_signed(each, zone); });
    if (is_to_be_signed && !policy.is_signed_allowed) {
        verdict = refuse_to_sign(zone, requestor);
        return true;
    }
    carry_out_updates(update.updates, zone, newest_serial(zone, pinned->version().serial()), edit);
    return !edit.has_changes() ||
           apply(zone, pinned->version(), edit.changes(), requestor, verdict);
}

bool ZoneUpdates::apply(const dns::Name& zone, const zone::Version& version,
                        const zone::Changeset& changes, const Requestor& requestor,
                        Verdict& verdict) {
    const auto applied = ledger_.apply(zone, changes);
    if (applied) {
        log::info("zone_updated", {{"zone", dns::to_text(zone)},
                                   {"serial", std::to_string(changes.to_serial())},
                                   {"requestor", to_text(requestor)},
                                   {"removed", std::to_string(changes.removed_count() - 1)},
                                   {"added", std::to_string(changes.added_count() - 1)}});
        warn_of_mistakes(zone, changes, requestor);
        return true;
    }
    const auto pinned = table_.pin(zone);
    if (!pinned || pinned->version().serial() != version.serial()) return false;
    log::warning("update_failed", {{"zone", dns::to_text(zone)},
                                   {"requestor", to_text(requestor)},
                                   {"reason", applied.error().message},
                                   {"try", applied.error().hint}});
    // Would no disk help, it is the update that cannot be.
    const bool is_impossible = !zone::apply_changes(version, changes);
    verdict.rcode = is_impossible ? Rcode::Refused : Rcode::ServFail;
    return true;
}

// What the check of a zone file would say of the same records.
void ZoneUpdates::warn_of_mistakes(const dns::Name& zone, const zone::Changeset& changes,
                                   const Requestor& requestor) const {
    const auto pinned = table_.pin(zone);
    if (!pinned || pinned->version().is_unavailable()) return;
    for (const zone::Advice& advice : zone::judge_changes(pinned->version(), changes)) {
        log::warning("update_warning", {{"zone", dns::to_text(zone)},
                                        {"requestor", to_text(requestor)},
                                        {"reason", advice.message},
                                        {"try", advice.hint}});
    }
}

}  // namespace nearcast::transfer
