// SPDX-License-Identifier: Apache-2.0

// The part of the secondary zones that asks primaries, and takes what they send.

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include "base/log.h"
#include "dns/serial.h"
#include "transfer/secondary_zones.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;
using std::chrono::seconds;
namespace log = base::log;

// A primary that refused IXFR would refuse it each time, before all of the zone is fetched anyway.
// It may be set up otherwise some day.
constexpr std::chrono::hours kWholeFor{1};

// Of zones whose records are bounded: what these may have on average, beside some that are large.
// Most have a tenth of it.
constexpr size_t kRecordBytes = 2048;
constexpr size_t kLargeRecordsBytes = size_t{1} << 20;

// Of a zone that may have so many records. Its SOA comes twice.
ReceiveLimits limits_within(uint64_t record_count) {
    ReceiveLimits limits;
    if (record_count >= limits.records_max) return limits;
    limits.records_max = record_count + 1;
    limits.bytes_max = std::min(limits.bytes_max, record_count * kRecordBytes + kLargeRecordsBytes);
    limits.hint = "a plan with more records for the account of the zone, or a smaller zone";
    return limits;
}

// What it tells of the primary, that may have too much to do.
FetchQueue::Verdict verdict_on(const PrimaryClient& client, bool is_done) {
    if (is_done) return FetchQueue::Verdict::Answered;
    if (client.is_crowded()) return FetchQueue::Verdict::Crowded;
    return client.is_refused() ? FetchQueue::Verdict::Refused : FetchQueue::Verdict::Unclear;
}

}  // namespace

// Nothing of this is quick, and none of it is done under the mutex.
class SecondaryZones::Publishing {
 public:
    Publishing(SecondaryZones& zones, Zone& zone) : zones_(zones), zone_(zone) {
        Lock lock(zones_.mutex_);
        zones_.settled_.wait(lock, [&zone] { return !zone.is_expiring; });
        zone.is_publishing = true;
        zone.source = zone.config->primaries[zone.preferred];  // Whoever is told may ask.
        if (std::exchange(zone.is_expired, false)) zone.schedule.expire();
    }
    Publishing(const Publishing&) = delete;
    Publishing& operator=(const Publishing&) = delete;
    ~Publishing() {
        const std::lock_guard lock(zones_.mutex_);
        zone_.is_publishing = false;
        // When nothing came of it, and its time is over, it is given up now.
        const auto& schedule = zone_.schedule;
        zones_.set_expiry(
            zone_, schedule.has_data() ? std::optional(schedule.expires_at()) : std::nullopt);
    }

 private:
    SecondaryZones& zones_;
    Zone& zone_;
};

// The primary that said there is something new is asked first.
SecondaryZones::Errand SecondaryZones::errand_for(Zone& zone) {
    return {.luck = chance(),
            .is_forced = std::exchange(zone.is_forced, false),
            .announced = std::exchange(zone.announced, std::nullopt),
            .first = std::exchange(zone.announcer, std::nullopt).value_or(zone.preferred)};
}

// The first primary that answers is enough, unless one was announced to have something newer than
// it: then all are asked until that is found.
SecondaryZones::Refreshed SecondaryZones::refresh(Zone& zone, const Errand& errand) {
    const size_t count = zone.config->primaries.size();
    bool is_confirmed = false;
    size_t answered = zone.preferred;
    Refreshed refreshed{.problem = "no primary has what was announced"};
    for (size_t i = 0; i < count && !is_stopping_.load(); ++i) {
        const size_t number = (errand.first + i) % count;
        zone.preferred = number;
        const auto [outcome, verdict] = ask(zone, zone.config->primaries[number], errand);
        if (i == 0) refreshed.verdict = verdict;
        if (!outcome) {
            zone.preferred = answered;
            refreshed.problem = base::to_text(outcome.error());
            continue;
        }
        is_confirmed = true;
        answered = number;
        if (!errand.announced || !dns::is_later_serial(*errand.announced, zone.serial)) {
            refreshed.problem.clear();
            return refreshed;
        }
    }
    if (!is_confirmed) zone.schedule.fail(base::now(), errand.luck);
    return refreshed;
}

SecondaryZones::Asked SecondaryZones::ask(Zone& zone, const base::SocketAddress& primary,
                                          const Errand& errand) {
    const dns::Name& name = zone.config->zone;
    const Asked asked = ask_with_key(zone, primary, errand);
    const auto& outcome = asked.outcome;
    if (outcome && *outcome != Outcome::Current) {
        log::info("secondary_fetched",
                  {{"zone", dns::to_text(name)},
                   {"serial", std::to_string(zone.serial)},
                   {"content", *outcome == Outcome::Changes ? "changes" : "zone"},
                   {"primary", base::to_text(primary)}});
    }
    if (!outcome && !is_stopping_.load()) {
        log::warning("secondary_failed", {{"zone", dns::to_text(name)},
                                          {"primary", base::to_text(primary)},
                                          {"reason", outcome.error().message},
                                          {"try", outcome.error().hint},
                                          {"still_serving", served_serial(name)}});
    }
    return asked;
}

SecondaryZones::Asked SecondaryZones::ask_with_key(Zone& zone, const base::SocketAddress& primary,
                                                   const Errand& errand) {
    const auto& wanted = zone.config->key;
    const TsigKey* key = wanted ? config_.keys.find(*wanted) : nullptr;
    std::shared_ptr<const TsigKey> found;  // Kept while it is used.
    if (wanted && key == nullptr && habits_.find_key) {
        found = habits_.find_key(*wanted);
        key = found.get();
    }
    if (wanted && key == nullptr) {
        return {base::fail("there is no key " + dns::to_text(*wanted),
                           "make it again, or name another one for the zone's primaries"),
                FetchQueue::Verdict::Unclear};
    }
    PrimaryClient client(zone.config->zone, primary, key, is_stopping_);
    client.use_budget(budget_);
    if (zone.config->tls) client.use_tls(links_, *zone.config->tls);
    const auto outcome = ask_one(zone, client, errand);
    count(client, outcome);
    return {outcome, verdict_on(client, outcome.has_value())};
}

void SecondaryZones::count(const PrimaryClient& client, const Result<Outcome>& outcome) {
    tallies_.bytes.add(client.transfer_bytes());
    if (outcome && *outcome == Outcome::Current) {
        tallies_.current.add();
    } else if (outcome) {
        const Content content = *outcome == Outcome::Changes ? Content::Changes : Content::Zone;
        tallies_.fetched[static_cast<size_t>(content)].add();
    } else {
        (client.rcode() == dns::Rcode::NoError ? tallies_.failed : tallies_.refused).add();
    }
}

Result<SecondaryZones::Outcome> SecondaryZones::ask_one(Zone& zone, PrimaryClient& client,
                                                        const Errand& errand) {
    if (!zone.schedule.has_data() || errand.is_forced) {
        return take(zone, client, fetch_from(client, zone, false), errand);
    }
    // Whether there is something new is asked together with what it is.
    const bool is_announced =
        errand.announced && dns::is_later_serial(*errand.announced, zone.serial);
    if (is_announced && base::now() >= zone.whole_until) {
        auto fetched = fetch_from(client, zone, /*wants_changes=*/true);
        if (!fetched || !fetched->current) return take(zone, client, std::move(fetched), errand);
        return follow(zone, client, {*fetched->current, fetched->expire}, errand);
    }
    const auto told = client.ask_serial();
    if (!told) return std::unexpected(told.error());
    return follow(zone, client, *told, errand);
}

Result<SecondaryZones::Outcome> SecondaryZones::follow(Zone& zone, PrimaryClient& client,
                                                       const ToldSerial& told,
                                                       const Errand& errand) {
    const uint32_t theirs = told.serial;
    if (theirs == zone.serial) {
        const Publishing publishing(*this, zone);
        if (zone.schedule.has_data()) {
            const auto done = confirm(zone, told.expire, /*is_new=*/false, errand.luck);
            if (!done) return std::unexpected(done.error());
            return Outcome::Current;
        }
    }
    // It may have expired while the primary took its time.
    if (theirs == zone.serial) return take(zone, client, fetch_from(client, zone, false), errand);
    const bool is_later = dns::is_later_serial(theirs, zone.serial);
    Errand wanted = errand;
    wanted.is_forced |= !is_later && may_go_back(zone);
    if (!is_later && !zone.config->accepts_older && !wanted.is_forced) {
        return is_older(zone, theirs);
    }
    const bool wants_changes = is_later && base::now() >= zone.whole_until;
    return take(zone, client, fetch_from(client, zone, wants_changes), wanted);
}

// Of several that serve one state, another one may be behind for a moment, and is not followed
// back; else they would take turns.
bool SecondaryZones::may_go_back(const Zone& zone) {
    const SecondaryConfig& config = *zone.config;
    return config.is_of_controller &&
           (config.primaries.size() == 1 || zone.confirmed_by == zone.preferred);
}

std::unexpected<base::Error> SecondaryZones::is_older(const Zone& zone, uint32_t theirs) const {
    return base::fail(
        "the primary has serial " + std::to_string(theirs) + ", which is older than ours",
        "raise the serial there; or take it once: " + habits_.retransfer_command + ' ' +
            dns::to_text(zone.config->zone));
}

Result<Fetched> SecondaryZones::fetch_from(PrimaryClient& client, const Zone& zone,
                                           bool wants_changes) {
    if (habits_.room) {
        const auto room = habits_.room(zone.config->zone);
        if (!room) return std::unexpected(room.error());
        client.limit(limits_within(*room));
    }
    return wants_changes ? client.fetch_changes(zone.serial) : client.fetch_whole();
}

// What the changes make of the zone has a bound, and not only they themselves.
Result<void> SecondaryZones::check_size(const Zone& zone, const zone::Changeset& changes,
                                        const ReceiveLimits& limits) {
    const auto pinned = table_.pin(zone.config->zone);
    if (!pinned) return {};  // It cannot be applied either.
    const size_t count = pinned->version().record_count() + changes.added_count();
    if (count - std::min(count, changes.removed_count()) < limits.records_max) return {};
    return too_much(limits);
}

// The ledger has it on disk before it is served.
Result<SecondaryZones::Outcome> SecondaryZones::take(Zone& zone, PrimaryClient& client,
                                                     Result<Fetched> fetched,
                                                     const Errand& errand) {
    if (!fetched) return std::unexpected(fetched.error());
    if (fetched->changes) {
        auto applied = check_size(zone, *fetched->changes, client.receive_limits());
        if (!applied) return std::unexpected(applied.error());
        {
            const Publishing publishing(*this, zone);
            applied = ledger_.apply(zone.config->zone, *fetched->changes);
            if (applied) {
                const auto done = confirm(zone, fetched->expire, /*is_new=*/true, errand.luck);
                if (!done) return std::unexpected(done.error());
                return Outcome::Changes;
            }
        }
        fetched = client.fetch_whole();
        if (!fetched) return std::unexpected(fetched.error());
        fetched->refusal = applied.error().message;
    }
    if (fetched->knows_no_changes) zone.whole_until = base::now() + kWholeFor;
    if (!fetched->refusal.empty()) {
        log::warning("secondary_changes_unusable", {{"zone", dns::to_text(zone.config->zone)},
                                                    {"reason", fetched->refusal},
                                                    {"next", "all of the zone is fetched"}});
    }
    return replace(zone, *std::move(fetched), errand);
}

Result<SecondaryZones::Outcome> SecondaryZones::replace(Zone& zone, Fetched fetched,
                                                        const Errand& errand) {
    const Publishing publishing(*this, zone);
    const uint32_t theirs = fetched.image ? fetched.image.image().header().serial : zone.serial;
    const bool takes_any =
        !zone.schedule.has_data() || errand.is_forced || zone.config->accepts_older;
    // It may be all of what we have, too: from who knows no IXFR, or was asked by mistake.
    const bool is_new = fetched.image && (takes_any || theirs != zone.serial);
    if (is_new) {
        if (!takes_any && !dns::is_later_serial(theirs, zone.serial)) return is_older(zone, theirs);
        const zone::ZoneOrigin origin{.kind = zone::ZoneOrigin::Kind::Primary,
                                      .zone_id = zone.config->zone_id};
        auto replaced = ledger_.replace(zone.config->zone, std::move(fetched.image), origin);
        if (!replaced) return std::unexpected(replaced.error());
        const bool went_back = *replaced == zone::SerialStep::Earlier;
        if (went_back && zone.config->is_of_controller) tell_of_step_back(zone, theirs);
    }
    const auto done = confirm(zone, fetched.expire, is_new, errand.luck);
    if (!done) return std::unexpected(done.error());
    return is_new ? Outcome::Whole : Outcome::Current;
}

void SecondaryZones::tell_of_step_back(const Zone& zone, uint32_t theirs) {
    log::warning("secondary_went_back",
                 {{"zone", dns::to_text(zone.config->zone)},
                  {"serial", std::to_string(theirs)},
                  {"instead_of", std::to_string(zone.serial)},
                  {"primary", base::to_text(zone.config->primaries[zone.preferred])},
                  {"reason", "the controller says so, as after a restored backup"}});
}

// RFC 7314 §4: where the primary tells how long it has itself, that and not the SOA's EXPIRE
// counts, as long as it is less; and what was confirmed once is not shortened by another primary.
// The ledger keeps one time: when the zone would have been confirmed had it all of its EXPIRE
// since.
Result<void> SecondaryZones::confirm(Zone& zone, std::optional<uint32_t> expire, bool is_new,
                                     double luck) {
    const auto pinned = table_.pin(zone.config->zone);
    if (!pinned || pinned->version().is_unavailable()) return base::fail("the zone went away");
    const SoaTimers timers = read_soa_timers(pinned->version());
    const Instant now = base::now();
    seconds left(std::min(expire.value_or(timers.expire), timers.expire));
    if (!is_new && zone.schedule.has_data()) {
        left = std::max(left, std::chrono::floor<seconds>(zone.schedule.expires_at() - now));
    }
    zone.serial = timers.serial;
    zone.confirmed_by = zone.preferred;
    zone.schedule.succeed(timers, now, luck);
    zone.schedule.expire_by(now + std::max<base::Duration>(left, RefreshSchedule::kPauseMin));
    return ledger_.confirm(zone.config->zone,
                           seconds(::time(nullptr)) - (seconds(timers.expire) - left));
}

}  // namespace nearcast::transfer
