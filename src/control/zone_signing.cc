// SPDX-License-Identifier: Apache-2.0

#include "control/zone_signing.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "control/record_content.h"
#include "signing/sign_zone.h"
#include "zone/image_records.h"

namespace nearcast::control {
namespace {

using base::Result;
using dns::RRType;
using signing::KeyRefs;
using signing::Rdatas;
using signing::UnixTime;

// After an error: a token that is busy, a database that comes back.
constexpr UnixTime kTroublePause = 10;
// Between two steps, so that whatever goes wrong, no zone is published without end.
constexpr UnixTime kStepPause = 1;
// Numbers at the end of a SOA, behind its serial: what times of signatures follow from.
constexpr size_t kSoaTimesSize = 16;

Result<Rdatas> rdatas_of(std::span<const Rrset> rrsets, const dns::Name& apex, RRType type) {
    Rdatas rdatas;
    for (const Rrset& rrset : rrsets) {
        if (rrset.type != type || !(rrset.owner == apex)) continue;
        for (const RecordText& record : rrset.records) {
            if (record.is_disabled) continue;
            auto rdata = parse_content(type, record.content);
            if (!rdata) return base::fail(dns::to_text(type) + ": " + rdata.error());
            rdatas.push_back(*std::move(rdata));
        }
    }
    return rdatas;
}

// Other signers cannot ask to delete what stands beside it (RFC 8078 §4): the zone as a whole does,
// when it is not to be signed any more.
Rdatas without_deletion(Rdatas rdatas, const std::vector<uint8_t>& deletion) {
    std::erase(rdatas, deletion);
    return rdatas;
}

bool is_of_keys(RRType type) {
    return type == RRType::DNSKEY || type == RRType::CDS || type == RRType::CDNSKEY;
}

std::span<const uint8_t> times_in(std::span<const uint8_t> soa) {
    return soa.last(std::min(soa.size(), kSoaTimesSize));
}

using RdataSet = std::set<std::vector<uint8_t>>;

RdataSet set_of(const Rdatas& rdatas) { return {rdatas.begin(), rdatas.end()}; }

// Whether the apex shows the keys of the plan, signed by those that sign, and nobody else's.
bool has_keys_of(const zone::Version& zone, const signing::SigningPlan& plan) {
    std::map<RRType, RdataSet> sets;
    std::map<RRType, std::set<uint16_t>> signers;
    zone::NodeRecords records(zone.apex());
    zone::RecordView record;
    while (records.next(record)) {
        if (is_of_keys(record.type))
            sets[record.type].emplace(record.rdata.begin(), record.rdata.end());
        if (record.type != RRType::RRSIG) continue;
        if (const auto rrsig = dnssec::read_rrsig(record.rdata)) {
            signers[rrsig->covered].insert(rrsig->key_tag);
        }
    }
    std::set<uint16_t> of_keys;
    std::set<uint16_t> of_zone;
    for (const signing::KeyUse& use : plan.keys) {
        if (use.signs_keys) of_keys.insert(use.key.key_tag());
        if (use.signs_zone) of_zone.insert(use.key.key_tag());
    }
    return sets[RRType::DNSKEY] == set_of(plan.dnskeys) && sets[RRType::CDS] == set_of(plan.cds) &&
           sets[RRType::CDNSKEY] == set_of(plan.cdnskeys) && signers[RRType::DNSKEY] == of_keys &&
           signers[RRType::SOA] == of_zone;
}

std::string numbers_in(const KeyRefs& keys) {
    std::string text;
    for (const signing::KeyRef& key : keys) {
        text += (text.empty() ? "" : ",") + std::to_string(key.number);
    }
    return text.empty() ? "none" : text;
}

// Nothing while what was decided is not yet given out.
std::optional<UnixTime> last_replacement(const signing::RolloverState& state) {
    std::optional<UnixTime> last;
    if (state.decided_at) return last;
    const auto look = [&last](const auto& views) {
        for (const auto& view : views) {
            if (view.replaced_at) last = std::max(last.value_or(0), *view.replaced_at);
        }
    };
    look(state.views.dnskeys);
    look(state.views.signers);
    return last;
}

void log_step(const dns::Name& zone, const signing::RolloverState& state) {
    base::log::info("signing_step",
                    {{"zone", dns::to_text(zone)},
                     {"published_keys", numbers_in(state.dnskeys().keys)},
                     {"signing_keys", numbers_in(state.signers())},
                     {"asked_of_parent", state.asked ? numbers_in(*state.asked) : "nothing"}});
}

}  // namespace

bool is_signed(const zone::Version& zone) {
    return !zone.is_unavailable() && static_cast<bool>(zone.apex().find(RRType::DNSKEY)) &&
           !zone.apex().find(RRType::SOA).signatures().empty();
}

Result<void> ZoneSigning::set(const ZoneSettings& settings, std::span<const Rrset> apex) {
    auto chosen = signing_settings_of(settings, parts_.usual);
    if (!chosen) return std::unexpected(chosen.error());
    auto dnskeys = rdatas_of(apex, zone_, RRType::DNSKEY);
    auto cds = rdatas_of(apex, zone_, RRType::CDS);
    auto cdnskeys = rdatas_of(apex, zone_, RRType::CDNSKEY);
    for (const auto* part : {&dnskeys, &cds, &cdnskeys}) {
        if (!*part) return std::unexpected(part->error());
    }
    settings_ = *std::move(chosen);
    account_ = settings.account;
    settings_.foreign_dnskeys = *std::move(dnskeys);
    settings_.foreign_cds = without_deletion(*std::move(cds), dnssec::cds_delete_rdata());
    settings_.foreign_cdnskeys =
        without_deletion(*std::move(cdnskeys), dnssec::cdnskey_delete_rdata());
    return {};
}

Result<void> ZoneSigning::replace_wanted() {
    std::set<signing::KeyRole> roles;
    {
        const std::lock_guard lock(mutex_);
        roles = to_replace_;
    }
    for (const signing::KeyRole role : roles) {
        if (auto done = signer_->replace(role); !done) return done;
        const std::lock_guard lock(mutex_);
        to_replace_.erase(role);
    }
    return {};
}

Result<void> ZoneSigning::take_confirmation(UnixTime now) {
    std::optional<UnixTime> confirmed_at;
    {
        const std::lock_guard lock(mutex_);
        confirmed_at = confirmed_at_;
    }
    return confirmed_at ? signer_->confirm(*confirmed_at, now) : Result<void>();
}

// With what was asked here and what the parent said.
Result<bool> ZoneSigning::step(bool is_new, UnixTime now) {
    facts_.is_new = is_new;
    if (auto done = take_confirmation(now); !done) return std::unexpected(done.error());
    if (auto done = replace_wanted(); !done) return std::unexpected(done.error());
    std::optional<ParentAnswers> answers;
    {
        const std::lock_guard lock(mutex_);
        answers = std::exchange(answers_, std::nullopt);
    }
    auto has_step = signer_->tend(settings_, facts_, answers, now);
    if (!has_step) return has_step;
    const std::lock_guard lock(mutex_);
    is_asked_ = false;
    return has_step;
}

Result<bool> ZoneSigning::take_steps(const zone::Version& zone, bool is_new) {
    const UnixTime now = parts_.now();
    auto opened = Signer::open(zone_, parts_.signer);
    if (!opened) return std::unexpected(opened.error());
    signer_.emplace(*std::move(opened));
    is_signing_ = signer_->is_signing();
    facts_ = facts_of(zone, now);
    // A zone that is new here is signed from its first version on, so that no cache has it
    // unsigned.
    const bool takes_steps =
        !parts_.leads || parts_.leads() || is_asked() || is_to_replace() || is_new;
    auto has_step = takes_steps ? step(is_new, now) : Result<bool>(false);
    if (!takes_steps) signer_->follow(settings_, facts_);
    is_signing_ = signer_->is_signing();
    if (!has_step) return has_step;
    if (*has_step) log_step(zone_, signer_->rollover());
    has_decided_ |= *has_step;
    if (*has_step || !is_current(zone, now)) return true;
    return is_signing_ && (!facts_.signed_until || renewal_at(now) <= now);
}

// Whether the version has the keys that it should have, if it is one with signatures: what another
// controller has decided is published by each.
bool ZoneSigning::is_current(const zone::Version& zone, UnixTime now) const {
    if (!is_signed(zone)) return true;
    return is_signing_ && has_keys_of(zone, signer_->plan(settings_, facts_, 0, now));
}

// When signatures are renewed, of those that are there: not each when it is due, but all that have
// been for a while, in one version of the zone. That while is a part of the slack.
UnixTime ZoneSigning::renewal_at(UnixTime now) const {
    const UnixTime together = settings_.signatures.slack / 4;
    return *facts_.signed_until - signer_->times(settings_, facts_, now).remaining_min + together;
}

Result<bool> ZoneSigning::tend(const zone::Version& zone, bool is_new) {
    auto tended = take_steps(zone, is_new);
    note(tended, parts_.now());
    return tended;
}

// What others may see of it, and when to look again.
void ZoneSigning::note(const Result<bool>& tended, UnixTime now) {
    SigningStatus status;
    status.settings = settings_;
    status.account = account_;
    status.signed_until = facts_.signed_until;
    status.is_signing = is_signing_;
    if (signer_) {
        const signing::RolloverState& state = signer_->rollover();
        status.ds = signer_->ds();
        status.is_asking = state.asked.has_value();
        status.is_parent_settled = state.is_parent_settled;
        for (const signing::RolloverKey& key : state.keys) {
            const auto dnskey = signer_->dnskey(key.ref);
            const auto has = [&key](const KeyRefs& refs) {
                return std::ranges::binary_search(refs, key.ref);
            };
            status.keys.push_back({.key = key,
                                   .dnskey = {dnskey.begin(), dnskey.end()},
                                   .is_published = has(state.dnskeys().keys),
                                   .signs_keys = has(state.dnskeys().signers),
                                   .signs_zone = has(state.signers())});
        }
    }
    status.due_at = now + kTendPauseMax;
    if (!tended) {
        status.trouble = base::to_text(tended.error());
        status.due_at = now + kTroublePause;
    } else if (*tended) {
        status.due_at = now + kStepPause;
    } else if (const auto next = signer_->next_at(now)) {
        status.due_at = std::min(status.due_at, *next);
    }
    if (tended && is_signing_ && facts_.signed_until) {
        status.due_at = std::min(status.due_at, std::max(renewal_at(now), now + kStepPause));
    }
    const std::lock_guard lock(mutex_);
    if (signer_) replaced_at_ = last_replacement(signer_->rollover());
    status.looked_at = status_.looked_at;
    status.parent = std::move(status_.parent);
    status_ = std::move(status);
}

bool ZoneSigning::is_over() const {
    return signer_ && !settings_.is_signed && !is_signing_ && signer_->rollover().keys.empty() &&
           !signer_->rollover().asked && !signer_->rollover().decided_at;
}

Result<zone::ImageBlock> ZoneSigning::sign(const zone::Version& unsigned_zone,
                                           uint32_t serial) const {
    return signing::signed_image(unsigned_zone,
                                 signer_->plan(settings_, facts_, serial, parts_.now()));
}

Result<zone::Changeset> ZoneSigning::sign(const zone::Version& signed_zone,
                                          const zone::Changeset& edits, uint32_t serial,
                                          signing::Renewal renewal) {
    if (!signer_) {
        auto opened = Signer::open(zone_, parts_.signer);
        if (!opened) return std::unexpected(opened.error());
        signer_.emplace(*std::move(opened));
    }
    zone::RecordSequence added(edits.added());
    zone::RecordView record;
    while (added.next(record)) {
        facts_.ttl_max = std::max(facts_.ttl_max, record.ttl);
        if (record.type == RRType::SOA) facts_.soa.assign(record.rdata.begin(), record.rdata.end());
    }
    return signing::resign(signed_zone, edits,
                           signer_->plan(settings_, facts_, serial, parts_.now()), renewal);
}

bool ZoneSigning::is_to_be_tended(const zone::Changeset& edits) const {
    for (const auto part : {edits.removed(), edits.added()}) {
        zone::RecordSequence records(part);
        zone::RecordView record;
        while (records.next(record)) {
            const bool is_apex = record.owner.size() == zone_.wire().size();
            if (record.ttl > facts_.ttl_max || (is_apex && is_of_keys(record.type))) return true;
            const bool is_soa = record.type == RRType::SOA;
            if (is_soa && !std::ranges::equal(times_in(record.rdata), times_in(facts_.soa))) {
                return true;
            }
        }
    }
    return false;
}

Result<void> ZoneSigning::published() {
    auto done = has_decided_ ? signer_->published(parts_.now()) : Result<void>();
    has_decided_ = !done;
    note(done ? Result<bool>(true) : std::unexpected(done.error()), parts_.now());
    return done;
}

void ZoneSigning::take(const ParentAnswers& answers) {
    const std::lock_guard lock(mutex_);
    answers_ = answers;
    status_.parent = answers;
    status_.looked_at = parts_.now();
}

void ZoneSigning::replace(signing::KeyRole role) {
    const std::lock_guard lock(mutex_);
    to_replace_.insert(role);
}

bool ZoneSigning::is_to_replace() const {
    const std::lock_guard lock(mutex_);
    return !to_replace_.empty();
}

std::optional<UnixTime> ZoneSigning::unconfirmed() const {
    const std::lock_guard lock(mutex_);
    const bool is_confirmed = confirmed_at_ && replaced_at_ && *replaced_at_ <= *confirmed_at_;
    return is_confirmed ? std::nullopt : replaced_at_;
}

void ZoneSigning::confirm(UnixTime published_at) {
    const std::lock_guard lock(mutex_);
    confirmed_at_ = published_at;
}

void ZoneSigning::ask() {
    const std::lock_guard lock(mutex_);
    is_asked_ = true;
}

bool ZoneSigning::is_asked() const {
    const std::lock_guard lock(mutex_);
    return is_asked_;
}

SigningStatus ZoneSigning::status() const {
    const std::lock_guard lock(mutex_);
    return status_;
}

UnixTime ZoneSigning::due_at() const {
    const std::lock_guard lock(mutex_);
    return status_.due_at;
}

bool ZoneSigning::awaits_parent() const {
    const std::lock_guard lock(mutex_);
    return status_.is_asking && !status_.is_parent_settled;
}

}  // namespace nearcast::control
