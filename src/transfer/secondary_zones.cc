// SPDX-License-Identifier: Apache-2.0

#include "transfer/secondary_zones.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "dns/serial.h"
#include "zone/image_records.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;
using std::chrono::seconds;
namespace log = base::log;

// A zone that somebody waits for goes before all that have been due for less than this: after a
// start every zone is due, and of a million the last one is for a long time.
constexpr std::chrono::hours kHeadStart{1};

// Versions that were replaced wait for readers; with nothing due they are looked for this often.
constexpr std::chrono::milliseconds kCollectPause{250};

// When that was, on the clock that is never set. A time in the future means now.
Instant instant_of(seconds confirmed_at, Instant now) {
    const auto age = seconds(::time(nullptr)) - confirmed_at;
    return now - std::max(age, seconds(0));
}

// Its place in the list.
std::optional<size_t> number_of(const std::optional<base::SocketAddress>& primary,
                                const SecondaryConfig& config) {
    const auto& primaries = config.primaries;
    const auto found = primary ? std::ranges::find(primaries, *primary) : primaries.end();
    if (found == primaries.end()) return std::nullopt;
    return static_cast<size_t>(found - primaries.begin());
}

constexpr const char* kExpired = "no primary has confirmed it for as long as its SOA allows";

}  // namespace

SecondaryZones::SecondaryZones(const TransferConfig& config, zone::ZoneTable& table,
                               zone::ZoneLedger& ledger, SecondaryHabits habits)
    : config_(config),
      table_(table),
      ledger_(ledger),
      habits_(std::move(habits)),
      random_(std::random_device{}()) {
    for (const SecondaryConfig& each : config.secondaries) add(each);
    const bool may_get_more = habits_.may_get_more || !config.followed_catalogs.empty();
    if (zones_.empty() && served_by_files_.empty() && !may_get_more) return;
    fetchers_.start();
    time_keeper_ = std::thread([this] { keep_time(); });
}

void SecondaryZones::stop() {
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
    const zone::ZoneOrigin origin = ledger_.state(name)->origin;
    if (origin.kind == zone::ZoneOrigin::Kind::File || origin.zone_id != zone.config->zone_id) {
        forget(name);
        return ledger_.make_unavailable(name);
    }
    const Instant now = base::now();
    const auto pinned = table_.pin(name);
    zone.serial = pinned->version().serial();
    zone.schedule.succeed(read_soa_timers(pinned->version()), instant_of(found->confirmed_at, now),
                          luck);
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
    served_by_files_.erase(dns::key_of(config.zone));
    if (table_.pin(config.zone)) {
        served_by_files_.emplace(dns::key_of(config.zone), shared);
        log::error("secondary_conflict",
                   {{"zone", dns::to_text(config.zone)},
                    {"reason", "there is a zone file for it, which is served"},
                    {"try", "remove the file and reload, or the section or catalog that has it"}});
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

bool SecondaryZones::is_kept_by_file(const dns::Name& zone) {
    const std::lock_guard lock(mutex_);
    return served_by_files_.contains(dns::key_of(zone));
}

void SecondaryZones::add_those_left_by_files() {
    std::vector<Config> left;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, config] : served_by_files_) {
            if (!table_.pin(config->zone)) left.push_back(config);
        }
    }
    for (const Config& config : left) add(*config);
}

void SecondaryZones::remove(const dns::Name& name) {
    Lock lock(mutex_);
    served_by_files_.erase(dns::key_of(name));
    Zone* const zone = find(name);
    if (zone == nullptr) return;
    book_.remove(name);
    zone->is_removed = true;
    if (!zone->is_busy) finish(lock, *zone);
}

void SecondaryZones::hint(const dns::Name& name, uint32_t serial, bool may_be_back) {
    take_in({.zone = name, .serial = serial, .primary = {}, .may_be_back = may_be_back});
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
    while (zone.is_removed || is_of_another(zone)) {
        const dns::Name name = zone.config->zone;
        set_expiry(zone, std::nullopt);
        lock.unlock();
        forget(name);
        lock.lock();
        if (zone.is_removed) {
            zones_.erase(dns::key_of(name));
            return false;
        }
        // It was added again, and begins anew.
        if (zone.next_config) zone.config = zone.next_config;
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
        zone.confirmed_by.reset();
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
    FetchQueue::Source source{
        .primary = zone.config->primaries[zone.announcer.value_or(zone.preferred)],
        .is_shared = zone.config->tls.has_value()};
    if (!zone.config->owner.empty()) source = {.owner = zone.config->owner};
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
    const auto told = told_;
    lock.unlock();
    const std::string serial = served_serial(name);
    ledger_.make_unavailable(name);
    log::error("secondary_expired", {{"zone", dns::to_text(name)},
                                     {"serial", serial},
                                     {"reason", kExpired},
                                     {"next", "it answers SERVFAIL until a primary does"}});
    if (told) told(name, kExpired);
    lock.lock();
    zone.is_expiring = false;
    settled_.notify_all();
    if (!was_busy) finish(lock, zone);
}

// RFC 1996 §3.7 and §3.11: a serial that is not newer is no reason to ask, unless it is that of a
// controller that went back; a newer one is a hint alone, and what the primary has is asked for all
// the same.
void SecondaryZones::take_in(const HeardChange& change) {
    const Config config = book_.find(change.zone);
    if (config == nullptr) return;
    const Told told = change.serial ? look_at(*config, *change.serial) : Told::News;
    const bool may_be_back = told == Told::Earlier && change.may_be_back;
    if (told != Told::News && !(may_be_back && config->is_of_controller)) return;
    const std::lock_guard lock(mutex_);
    Zone* const zone = find(change.zone);
    if (zone == nullptr || (told == Told::Earlier && !goes_back(*zone, change))) return;
    // One that is behind says less than what was heard: who said that is still to be asked.
    const bool is_late = told == Told::News && zone->announced && change.serial &&
                         !config->accepts_older &&
                         dns::is_later_serial(*zone->announced, *change.serial);
    if (is_late) return;
    zone->announced = told == Told::News ? change.serial : std::nullopt;
    if (const auto number = number_of(change.primary, *zone->config)) zone->announcer = number;
    hasten(*zone);
}

bool SecondaryZones::goes_back(const Zone& zone, const HeardChange& change) {
    return zone.config->primaries.size() == 1 || !change.primary || *change.primary == zone.source;
}

void SecondaryZones::hasten(Zone& zone) {
    if (zone.is_busy) {
        zone.is_hastened = true;
        return;
    }
    zone.schedule.hasten(base::now());
    queue(zone);
}

SecondaryZones::Told SecondaryZones::look_at(const SecondaryConfig& config, uint32_t serial) const {
    const auto pinned = table_.pin(config.zone);
    if (!pinned || pinned->version().is_unavailable() || config.accepts_older) return Told::News;
    const uint32_t ours = pinned->version().serial();
    if (serial == ours) return Told::Same;
    return dns::is_later_serial(serial, ours) ? Told::News : Told::Earlier;
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
