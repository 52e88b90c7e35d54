// SPDX-License-Identifier: Apache-2.0

#include "transfer/secondary_zones.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include "base/log.h"
#include "dns/serial.h"
#include "zone/image_records.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;
using std::chrono::seconds;
namespace log = base::log;

// A primary that refused IXFR would refuse it each time, before all of the zone is fetched anyway.
// It may be set up otherwise some day.
constexpr std::chrono::hours kWholeFor{1};

// A zone that somebody waits for goes before all that have been due for less than this: after a
// start every zone is due, and of a million the last one is for a long time.
constexpr std::chrono::hours kHeadStart{1};

// Versions that were replaced wait for readers; with nothing due they are looked for this often.
constexpr std::chrono::milliseconds kCollectPause{250};

SoaTimers timers_of(const zone::Version& version) {
    uint32_t ttl = 0;
    return read_soa_timers(zone::soa_rdata(version, ttl));
}

// When that was, on the clock that is never set. A time in the future means now.
Instant instant_of(seconds confirmed_at, Instant now) {
    const auto age = seconds(::time(nullptr)) - confirmed_at;
    return now - std::max(age, seconds(0));
}

std::string command_for(const dns::Name& zone) {
    return "nearcast node retransfer " + dns::to_text(zone);
}

}  // namespace

// Nothing of this is quick, and none of it is done under the mutex.
class SecondaryZones::Publishing {
 public:
    Publishing(SecondaryZones& zones, Zone& zone) : zones_(zones), zone_(zone) {
        Lock lock(zones_.mutex_);
        zones_.settled_.wait(lock, [&zone] { return !zone.is_expiring; });
        zone.is_publishing = true;
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

SecondaryZones::SecondaryZones(const TransferConfig& config, zone::ZoneTable& table,
                               zone::ZoneLedger& ledger)
    : config_(config), table_(table), ledger_(ledger), random_(std::random_device{}()) {
    for (const SecondaryConfig& each : config.secondaries) add(each);
    const bool may_get_more = !config.followed_catalogs.empty();
    if (zones_.empty() && !may_get_more) return;
    fetchers_.start();
    time_keeper_ = std::thread([this] { keep_time(); });
}

SecondaryZones::~SecondaryZones() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_.store(true);
    }
    book_.wake();
    fetchers_.stop();
    if (time_keeper_.joinable()) time_keeper_.join();
}

void SecondaryZones::load(Zone& zone, double luck) {
    const dns::Name& name = zone.config->zone;
    const std::optional<zone::StoredZone> found = ledger_.state(name);
    // Nor is there one of a zone that was removed, and is known for that.
    const bool has_copy = found && (found->image_size > 0 || !found->damages.empty());
    if (!has_copy) return ledger_.make_unavailable(name);
    if (auto restored = ledger_.restore(name); !restored) {
        log::warning("secondary_copy_unusable", {{"zone", dns::to_text(name)},
                                                 {"reason", restored.error().message},
                                                 {"next", "it is fetched anew"}});
        return ledger_.make_unavailable(name);
    }
    const Instant now = base::now();
    const auto pinned = table_.pin(name);
    zone.serial = pinned->version().serial();
    zone.schedule.succeed(timers_of(pinned->version()), instant_of(found->confirmed_at, now), luck);
    zone.schedule.hasten(now);  // It may have changed while we were away.
    if (zone.schedule.expires_at() <= now) {
        zone.schedule.expire();
        return ledger_.make_unavailable(name);
    }
    log::info("secondary_loaded",
              {{"zone", dns::to_text(name)}, {"serial", std::to_string(zone.serial)}});
}

double SecondaryZones::chance() {
    return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

void SecondaryZones::add(const SecondaryConfig& config) {
    const auto shared = std::make_shared<const SecondaryConfig>(config);
    Lock lock(mutex_);
    if (Zone* const known = find(config.zone)) {
        book_.put(shared);
        known->is_removed = false;
        known->next_config = shared;
        if (!known->is_busy) finish(lock, *known);
        return;
    }
    if (table_.pin(config.zone)) {
        log::error("secondary_conflict",
                   {{"zone", dns::to_text(config.zone)},
                    {"reason", "there is a zone file for it, which is served"},
                    {"try", "remove the file, or the section or catalog that lists the zone"}});
        return;
    }
    book_.put(shared);
    auto& place = zones_[dns::key_of(config.zone)];
    place = std::make_unique<Zone>(shared, base::now());
    Zone& zone = *place;
    zone.is_busy = true;
    const double luck = chance();
    lock.unlock();  // A large zone takes its time.
    load(zone, luck);
    lock.lock();
    finish(lock, zone);
}

void SecondaryZones::remove(const dns::Name& name) {
    Lock lock(mutex_);
    Zone* const zone = find(name);
    if (zone == nullptr) return;
    book_.remove(name);
    zone->is_removed = true;
    if (!zone->is_busy) finish(lock, *zone);
}

void SecondaryZones::hint(const dns::Name& name, uint32_t serial) {
    take_in({.zone = name, .serial = serial, .primary = {}});
}

void SecondaryZones::forget(const dns::Name& name) {
    if (auto done = ledger_.withdraw(name); !done) {
        log::error("secondary_not_forgotten",
                   {{"zone", dns::to_text(name)}, {"reason", done.error().message}});
    }
    log::info("secondary_removed", {{"zone", dns::to_text(name)}});
}

bool SecondaryZones::settle(Lock& lock, Zone& zone) {
    settled_.wait(lock, [&zone] { return !zone.is_expiring; });
    if (std::exchange(zone.is_expired, false)) zone.schedule.expire();
    while (zone.is_removed) {
        const dns::Name name = zone.config->zone;
        set_expiry(zone, std::nullopt);
        lock.unlock();
        forget(name);
        lock.lock();
        if (zone.is_removed) {
            zones_.erase(dns::key_of(name));
            return false;
        }
        // It was added again in the meantime, and begins anew.
        zone.schedule = RefreshSchedule(base::now());
        lock.unlock();
        ledger_.make_unavailable(name);
        lock.lock();
    }
    return true;
}

// What was asked for while it was busy is done now.
void SecondaryZones::finish(Lock& lock, Zone& zone) {
    queue_.remove(zone);
    zone.is_busy = true;
    if (!settle(lock, zone)) return;
    zone.is_busy = false;
    if (zone.next_config != nullptr) {
        zone.config = std::exchange(zone.next_config, nullptr);
        zone.preferred = 0;
        zone.whole_until = {};
        zone.announcer.reset();
        zone.schedule.hasten(base::now());
    }
    if (has_what_was_announced(zone)) {
        zone.announced.reset();
        zone.announcer.reset();
        zone.is_hastened = false;
    }
    if (std::exchange(zone.is_hastened, false)) zone.schedule.hasten(base::now());
    zone.source = zone.config->primaries[zone.preferred];
    set_expiry(zone,
               zone.schedule.has_data() ? std::optional(zone.schedule.expires_at()) : std::nullopt);
    queue(zone);
}

void SecondaryZones::set_expiry(Zone& zone, std::optional<Instant> expires_at) {
    if (zone.expires_at) expiring_.erase({*zone.expires_at, &zone});
    zone.expires_at = expires_at;
    book_.set_expiry(zone.config->zone, expires_at);
    if (!expires_at) return;
    expiring_.emplace(*expires_at, &zone);
    if (expiring_.begin()->second == &zone) book_.wake();  // Its time may be the nearest.
}

void SecondaryZones::queue(Zone& zone) {
    const FetchQueue::Source source{
        .primary = zone.config->primaries[zone.announcer.value_or(zone.preferred)],
        .is_shared = zone.config->tls.has_value()};
    const bool is_awaited = zone.announced || zone.announcer || zone.is_forced;
    const Instant due_at = zone.schedule.next_at();
    queue_.put(zone, source, is_awaited ? due_at - kHeadStart : due_at);
    fetchers_.rouse();
}

// What was announced while it was being fetched is what came, perhaps.
bool SecondaryZones::has_what_was_announced(const Zone& zone) {
    if (!zone.announced || !zone.schedule.has_data() || zone.is_forced) return false;
    return *zone.announced == zone.serial ||
           (!zone.config->accepts_older && !dns::is_later_serial(*zone.announced, zone.serial));
}

SecondaryZones::Zone* SecondaryZones::find(const dns::Name& name) {
    const auto found = zones_.find(dns::key_of(name));
    return found == zones_.end() ? nullptr : found->second.get();
}

bool SecondaryZones::fetch_next(Lock& lock) {
    FetchQueue::Entry* const due = queue_.next(base::now());
    if (due == nullptr) return false;
    auto& zone = static_cast<Zone&>(*due);
    fetchers_.rouse();
    const Errand errand = errand_for(zone);
    zone.is_busy = true;
    const auto told = told_;
    lock.unlock();
    const Refreshed refreshed = refresh(zone, errand);
    if (told) told(zone.config->zone, refreshed.problem);
    lock.lock();
    queue_.end(zone, refreshed.verdict, base::now());
    fetchers_.rouse();
    finish(lock, zone);
    return true;
}

// --- The thread that keeps the time ---

void SecondaryZones::keep_time() {
    Instant until = base::now();
    while (!is_stopping_.load()) {
        for (const HeardChange& change : book_.take_heard(until)) take_in(change);
        expire_due(base::now());
        until = table_.collect() > 0 ? base::now() + kCollectPause : Instant::max();
        const std::lock_guard lock(mutex_);
        if (!expiring_.empty()) until = std::min(until, expiring_.begin()->first);
    }
}

void SecondaryZones::expire_due(Instant now) {
    Lock lock(mutex_);
    while (!expiring_.empty() && expiring_.begin()->first <= now) {
        Zone& zone = *expiring_.begin()->second;
        set_expiry(zone, std::nullopt);
        if (!zone.is_publishing) expire(lock, zone);
    }
}

// It goes on being fetched, if it is: what comes then is published after this.
void SecondaryZones::expire(Lock& lock, Zone& zone) {
    const bool was_busy = zone.is_busy;
    if (!was_busy) queue_.remove(zone);
    zone.is_busy = zone.is_expiring = zone.is_expired = true;
    const dns::Name name = zone.config->zone;
    lock.unlock();
    const std::string serial = served_serial(name);
    ledger_.make_unavailable(name);
    log::error("secondary_expired",
               {{"zone", dns::to_text(name)},
                {"serial", serial},
                {"reason", "no primary has confirmed it for as long as its SOA allows"},
                {"next", "it answers SERVFAIL until a primary does"}});
    lock.lock();
    zone.is_expiring = false;
    settled_.notify_all();
    if (!was_busy) finish(lock, zone);
}

// RFC 1996 §3.7 and §3.11: a serial that is not newer is no reason to ask; a newer one is a hint
// alone, and the primary is asked for its SOA all the same.
void SecondaryZones::take_in(const HeardChange& change) {
    const Config config = book_.find(change.zone);
    if (config == nullptr || (change.serial && is_known(*config, *change.serial))) return;
    const std::lock_guard lock(mutex_);
    Zone* const zone = find(change.zone);
    if (zone == nullptr) return;
    zone->announced = change.serial;
    if (change.primary) zone->announcer = change.primary;
    hasten(*zone);
}

// --- One refresh ---

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
    Refreshed refreshed{.problem = "no primary has what was announced"};
    for (size_t i = 0; i < count && !is_stopping_.load(); ++i) {
        const size_t number = (errand.first + i) % count;
        const auto [outcome, verdict] = ask(zone, zone.config->primaries[number], errand);
        if (i == 0) refreshed.verdict = verdict;
        if (!outcome) {
            refreshed.problem = outcome.error().message;
            continue;
        }
        is_confirmed = true;
        zone.preferred = number;
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
    const TsigKey* const key = zone.config->key ? config_.keys.find(*zone.config->key) : nullptr;
    PrimaryClient client(name, primary, key, is_stopping_);
    client.use_budget(budget_);
    if (zone.config->tls) client.use_tls(links_, *zone.config->tls);
    const auto outcome = ask_one(zone, client, errand);
    count(client, outcome);
    if (outcome) {
        if (*outcome != Outcome::Current) {
            log::info("secondary_fetched",
                      {{"zone", dns::to_text(name)},
                       {"serial", std::to_string(zone.serial)},
                       {"content", *outcome == Outcome::Changes ? "changes" : "zone"},
                       {"primary", base::to_text(primary)}});
        }
        return {outcome, FetchQueue::Verdict::Answered};
    }
    if (!is_stopping_.load()) {
        log::warning("secondary_failed", {{"zone", dns::to_text(name)},
                                          {"primary", base::to_text(primary)},
                                          {"reason", outcome.error().message},
                                          {"try", outcome.error().hint},
                                          {"still_serving", served_serial(name)}});
    }
    return {outcome,
            client.is_crowded() ? FetchQueue::Verdict::Crowded : FetchQueue::Verdict::Unclear};
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
        return take(zone, client, client.fetch_whole(), errand);
    }
    const auto soa = client.ask_soa();
    if (!soa) return std::unexpected(soa.error());
    const uint32_t theirs = read_soa_timers(soa->rdata).serial;
    if (theirs == zone.serial) {
        const Publishing publishing(*this, zone);
        if (zone.schedule.has_data()) {
            const auto done = confirm(zone, soa->expire, /*is_new=*/false, errand.luck);
            if (!done) return std::unexpected(done.error());
            return Outcome::Current;
        }
    }
    // It may have expired while the primary took its time.
    if (theirs == zone.serial) return take(zone, client, client.fetch_whole(), errand);
    const bool is_later = dns::is_later_serial(theirs, zone.serial);
    if (!is_later && !zone.config->accepts_older) {
        return base::fail(
            "the primary has serial " + std::to_string(theirs) + ", which is older than ours",
            "raise the serial there; or take it once: " + command_for(zone.config->zone));
    }
    const bool wants_changes = is_later && base::now() >= zone.whole_until;
    auto fetched = wants_changes ? client.fetch_changes(zone.serial) : client.fetch_whole();
    return take(zone, client, std::move(fetched), errand);
}

// The ledger has it on disk before it is served.
Result<SecondaryZones::Outcome> SecondaryZones::take(Zone& zone, PrimaryClient& client,
                                                     Result<Fetched> fetched,
                                                     const Errand& errand) {
    if (!fetched) return std::unexpected(fetched.error());
    if (fetched->changes) {
        Result<void> applied;
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
    const bool is_new = static_cast<bool>(fetched.image);
    if (is_new) {
        const uint32_t serial = fetched.image.image().header().serial;
        const bool takes_any =
            !zone.schedule.has_data() || errand.is_forced || zone.config->accepts_older;
        if (!takes_any && !dns::is_later_serial(serial, zone.serial)) {
            return base::fail("the primary sent serial " + std::to_string(serial) +
                              ", older than the one it told");
        }
        const zone::ZoneOrigin origin{.kind = zone::ZoneOrigin::Kind::Primary};
        auto replaced = ledger_.replace(zone.config->zone, std::move(fetched.image), origin);
        if (!replaced) return std::unexpected(replaced.error());
    }
    const auto done = confirm(zone, fetched.expire, is_new, errand.luck);
    if (!done) return std::unexpected(done.error());
    return is_new ? Outcome::Whole : Outcome::Current;
}

// RFC 7314 §4: where the primary tells how long it has itself, that and not the SOA's EXPIRE
// counts, as long as it is less; and what was confirmed once is not shortened by another primary.
// The ledger keeps one time: when the zone would have been confirmed had it all of its EXPIRE
// since.
Result<void> SecondaryZones::confirm(Zone& zone, std::optional<uint32_t> expire, bool is_new,
                                     double luck) {
    const auto pinned = table_.pin(zone.config->zone);
    if (!pinned || pinned->version().is_unavailable()) return base::fail("the zone went away");
    const SoaTimers timers = timers_of(pinned->version());
    const Instant now = base::now();
    seconds left(std::min(expire.value_or(timers.expire), timers.expire));
    if (!is_new && zone.schedule.has_data()) {
        left = std::max(left, std::chrono::floor<seconds>(zone.schedule.expires_at() - now));
    }
    zone.serial = timers.serial;
    zone.schedule.succeed(timers, now, luck);
    zone.schedule.expire_by(now + std::max<base::Duration>(left, RefreshSchedule::kPauseMin));
    return ledger_.confirm(zone.config->zone,
                           seconds(::time(nullptr)) - (seconds(timers.expire) - left));
}

void SecondaryZones::hasten(Zone& zone) {
    if (zone.is_busy) {
        zone.is_hastened = true;
        return;
    }
    zone.schedule.hasten(base::now());
    queue(zone);
}

// Whether we have that serial of the zone, or a later one.
bool SecondaryZones::is_known(const SecondaryConfig& config, uint32_t serial) const {
    const auto pinned = table_.pin(config.zone);
    return pinned && !pinned->version().is_unavailable() && !config.accepts_older &&
           !dns::is_later_serial(serial, pinned->version().serial());
}

std::string SecondaryZones::served_serial(const dns::Name& zone) const {
    const auto pinned = table_.pin(zone);
    const bool is_served = pinned && !pinned->version().is_unavailable();
    return is_served ? std::to_string(pinned->version().serial()) : "nothing";
}

void SecondaryZones::on_outcome(
    std::function<void(const dns::Name& zone, const std::string& problem)> told) {
    const std::lock_guard lock(mutex_);
    told_ = std::move(told);
}

base::SocketAddress SecondaryZones::source_of(const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    const Zone* const zone = find(name);
    return zone == nullptr ? base::SocketAddress{} : zone->source;
}

bool SecondaryZones::retransfer(const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    Zone* const zone = find(name);
    if (zone == nullptr) return false;
    zone->is_forced = true;
    hasten(*zone);
    return true;
}

std::optional<uint32_t> SecondaryZones::expires_in(const dns::Name& name) const {
    const auto expires_at = book_.expires_at(name);
    if (!expires_at) return std::nullopt;
    const auto left = std::chrono::floor<seconds>(*expires_at - base::now());
    return static_cast<uint32_t>(std::max<int64_t>(left.count(), 0));
}

}  // namespace nearcast::transfer
