// SPDX-License-Identifier: Apache-2.0

#include "control/key_desk.h"

#include <utility>

#include "base/log.h"
#include "control/zone_update.h"
#include "dns/serial.h"

namespace nearcast::control {
namespace {

using dns::ExtendedError;
using dns::Rcode;
using transfer::Requestor;
using transfer::Verdict;
using Kind = ChangeError::Kind;
namespace log = base::log;

constexpr Verdict kProhibited{.rcode = Rcode::Refused, .reason = ExtendedError::Prohibited};

Verdict verdict_on(const ChangeError& error) {
    switch (error.kind) {
        case Kind::NotFound:
            return {.rcode = Rcode::NotAuth, .reason = ExtendedError::NotAuthoritative};
        case Kind::Forbidden:
        case Kind::Full:
        case Kind::TooFast:
            return kProhibited;
        case Kind::Invalid:
            return {Rcode::Refused};
        default:
            return {Rcode::ServFail};
    }
}

void log_refusal(const dns::Name& zone, const Requestor& requestor, const std::string& reason) {
    log::warning("update_refused", {{"zone", dns::to_text(zone)},
                                    {"requestor", transfer::to_text(requestor)},
                                    {"reason", reason}});
}

}  // namespace

bool KeyDesk::is_good(const KeyScope& scope, const dns::Name& zone, Right right,
                      const Requestor& requestor) const {
    return scope.is_usable(requestor.peer, parts_.now()) && scope.right >= right &&
           scope.covers_zone(zone);
}

// RFC 2136 §3.1 and §3.3. Who may not learn which zones there are is refused before.
Verdict KeyDesk::admit(const std::optional<zone::Version>&, const dns::Query& query,
                       std::span<const uint8_t> message, const Requestor& requestor) const {
    if (query.qtype != dns::RRType::SOA) return {Rcode::FormErr};
    const auto scope =
        requestor.key == nullptr ? nullptr : parts_.keys.scope_of(requestor.key->name);
    if (scope == nullptr || !is_good(*scope, query.qname(message), Right::Change, requestor)) {
        return kProhibited;
    }
    if (query.qclass != dns::RRClass::IN) {
        return {.rcode = Rcode::NotAuth, .reason = ExtendedError::NotAuthoritative};
    }
    return {};
}

// The serial that the zone has for who asks for its SOA; a later one while a change is on its way.
uint32_t KeyDesk::visible_serial(const Zone& zone) const {
    const auto served = parts_.served(zone.id);
    if (!served) return zone.serial;
    if (served->sequence >= zone.sequence) return served->serial;
    return dns::is_later_serial(zone.serial, served->serial) ? zone.serial
                                                             : dns::next_serial(served->serial);
}

Verdict KeyDesk::carry_out(const dns::Query& query, std::span<const uint8_t> message,
                           const Requestor& requestor) {
    const Verdict admitted = admit(std::nullopt, query, message, requestor);
    if (admitted.rcode != Rcode::NoError) return admitted;
    transfer::UpdateMessage update;
    if (!transfer::read_update(query, message, update)) return {Rcode::FormErr};
    const dns::Name zone = query.qname(message);
    // As it is now: another controller may have limited it, or taken it away.
    const auto key = parts_.keys.find(requestor.key->name);
    if (!key && key.error().kind == Kind::Unavailable) return {Rcode::ServFail};
    if (!key || !is_good(key->scope, zone, Right::Change, requestor)) return kProhibited;

    int64_t zone_id = 0;
    Verdict verdict;
    DerivedRequest request{.zone = zone, .intent = {}, .derive = {}};
    request.intent.actor = {"update:" + dns::to_text(key->key.name), base::to_text(requestor.peer),
                            key->scope.tenant};
    request.derive = [&](const ZoneSight& sight) {
        zone_id = sight.zone.id;
        ZoneUpdate derived(sight, update, key->scope, visible_serial(sight.zone));
        auto edits = derived.derive();
        verdict.rcode = derived.rcode();
        return edits;
    };
    const auto done = parts_.changes.commit_derived(request);
    if (!done) {
        if (verdict.rcode == Rcode::NoError) verdict = verdict_on(done.error());
        log_refusal(zone, requestor, done.error().message);
        return verdict;
    }
    if (done->old_serial != done->new_serial) {
        log::info("zone_updated", {{"zone", dns::to_text(zone)},
                                   {"requestor", transfer::to_text(requestor)},
                                   {"change", std::to_string(done->sequence)}});
        parts_.await(zone_id, done->sequence);
    }
    return {};
}

// --- Whole zones ---

bool KeyDesk::might_have(const dns::Name& zone, const Requestor& requestor) const {
    if (requestor.key == nullptr) return false;
    const auto scope = parts_.keys.scope_of(requestor.key->name);
    return scope != nullptr && is_good(*scope, zone, Right::Read, requestor) &&
           scope->covers_whole_zone(zone);
}

// A zone that is not in the database is nobody's to fetch so: a catalog lists all zones.
bool KeyDesk::may_have(const dns::Name& zone, const Requestor& requestor) {
    const auto key = parts_.keys.find(requestor.key->name);
    if (!key || !is_good(key->scope, zone, Right::Read, requestor) ||
        !key->scope.covers_whole_zone(zone)) {
        return false;
    }
    const auto found = parts_.changes.zone(zone);
    return found && key->scope.covers(*found);
}

}  // namespace nearcast::control
