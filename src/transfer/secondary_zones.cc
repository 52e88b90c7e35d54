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

// Zones asked for at a time. A dead primary holds a thread for seconds; more threads mean more
// zones in memory twice while they are built.
constexpr size_t kThreadsMax = 4;

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
    return "nearcast zone retransfer " + dns::to_text(zone);
}

}  // namespace

SecondaryZones::SecondaryZones(const TransferConfig& config, zone::ZoneTable& table,
                               zone::ZoneLedger& ledger)
    : config_(config), table_(table), ledger_(ledger), random_(std::random_device{}()) {
    for (const SecondaryConfig& each : config.secondaries) add(each);
    const bool may_get_more = !config.followed_catalogs.empty();
    const size_t count = may_get_more ? kThreadsMax : std::min(zones_.size(), kThreadsMax);
    for (size_t i = 0; i < count; ++i) threads_.emplace_back([this] { run(); });
}

SecondaryZones::~SecondaryZones() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_.store(true);
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void SecondaryZones::load(Zone& zone, double luck) {
    const dns::Name& name = zone.config.zone;
    const std::optional<zone::StoredZone> found = ledger_.state(name);
    if (!found) return ledger_.make_unavailable(name);
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
    zone.expires_at = zone.schedule.expires_at();
    log::info("secondary_loaded",
              {{"zone", dns::to_text(name)}, {"serial", std::to_string(zone.serial)}});
}

double SecondaryZones::chance() {
    return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

void SecondaryZones::add(const SecondaryConfig& config) {
    std::unique_lock lock(mutex_);
    if (Zone* const known = find(config.zone)) {
        known->is_removed = false;
        known->next_config = config;
        if (!known->is_busy) finish(*known);
        return;
    }
    if (table_.pin(config.zone)) {
        log::error("secondary_conflict",
                   {{"zone", dns::to_text(config.zone)},
                    {"reason", "there is a zone file for it, which is served"},
                    {"try", "remove the file, or the section or catalog that lists the zone"}});
        return;
    }
    auto& place = zones_[dns::key_of(config.zone)];
    place = std::make_unique<Zone>(config, base::now());
    Zone& zone = *place;
    zone.is_busy = true;
    const double luck = chance();
    lock.unlock();  // A large zone takes its time, and a NOTIFY must not wait for it.
    load(zone, luck);
    lock.lock();
    zone.is_busy = false;
    finish(zone);
}

void SecondaryZones::remove(const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    Zone* const zone = find(name);
    if (zone == nullptr) return;
    zone->is_removed = true;
    if (!zone->is_busy) finish(*zone);
}

void SecondaryZones::hint(const dns::Name& name, uint32_t serial) {
    const std::lock_guard lock(mutex_);
    Zone* const zone = find(name);
    if (zone == nullptr || is_known(*zone, serial)) return;
    zone->announced = serial;
    hasten(*zone);
}

std::optional<SecondaryConfig> SecondaryZones::config_of(const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    const Zone* const zone = find(name);
    return zone == nullptr ? std::nullopt : std::optional(zone->config);
}

// What was asked for while it was busy is done now.
void SecondaryZones::finish(Zone& zone) {
    unqueue(zone);
    if (zone.is_removed) {
        const dns::Name name = zone.config.zone;
        if (auto done = ledger_.withdraw(name); !done) {
            log::error("secondary_not_forgotten",
                       {{"zone", dns::to_text(name)}, {"reason", done.error().message}});
        }
        log::info("secondary_removed", {{"zone", dns::to_text(name)}});
        zones_.erase(dns::key_of(name));
        return;
    }
    if (zone.next_config) {
        zone.config = *std::exchange(zone.next_config, std::nullopt);
        zone.preferred = 0;
        zone.announcer.reset();
        zone.schedule.hasten(base::now());
    }
    if (std::exchange(zone.is_hastened, false)) zone.schedule.hasten(base::now());
    zone.expires_at.reset();
    if (zone.schedule.has_data()) zone.expires_at = zone.schedule.expires_at();
    queue(zone);
}

void SecondaryZones::queue(Zone& zone) {
    unqueue(zone);
    zone.due_at = zone.schedule.next_at();
    if (zone.schedule.has_data()) {
        zone.due_at = std::min(zone.due_at, zone.schedule.expires_at());
    }
    due_.emplace(zone.due_at, &zone);
    wake_.notify_one();  // Its time may be the nearest.
}

void SecondaryZones::unqueue(Zone& zone) { due_.erase({zone.due_at, &zone}); }

SecondaryZones::Zone* SecondaryZones::find(const dns::Name& name) {
    const auto found = zones_.find(dns::key_of(name));
    return found == zones_.end() ? nullptr : found->second.get();
}

// Out of the queue, the first whose time has come. One that is too old is given up on the way.
SecondaryZones::Zone* SecondaryZones::next_due(Instant now) {
    while (!due_.empty() && due_.begin()->first <= now) {
        Zone& zone = *due_.begin()->second;
        unqueue(zone);
        if (zone.schedule.has_data() && zone.schedule.expires_at() <= now) expire(zone);
        if (zone.schedule.next_at() <= now) return &zone;
        queue(zone);
    }
    return nullptr;
}

void SecondaryZones::wait(std::unique_lock<std::mutex>& lock) {
    Instant next = table_.collect() > 0 ? base::now() + kCollectPause : Instant::max();
    if (!due_.empty()) next = std::min(next, due_.begin()->first);
    if (next == Instant::max()) {
        wake_.wait(lock);
    } else {
        wake_.wait_until(lock, next);
    }
}

void SecondaryZones::expire(Zone& zone) {
    zone.schedule.expire();
    zone.expires_at.reset();
    ledger_.make_unavailable(zone.config.zone);
    log::error("secondary_expired",
               {{"zone", dns::to_text(zone.config.zone)},
                {"serial", std::to_string(zone.serial)},
                {"reason", "no primary has confirmed it for as long as its SOA allows"},
                {"next", "it answers SERVFAIL until a primary does"}});
}

void SecondaryZones::run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_.load()) {
        Zone* const zone = next_due(base::now());
        if (zone == nullptr) {
            wait(lock);
            continue;
        }
        const Errand errand = errand_for(*zone);
        zone->is_busy = true;
        lock.unlock();
        refresh(*zone, errand);
        lock.lock();
        zone->is_busy = false;
        finish(*zone);
    }
}

// The primary that said there is something new is asked first.
SecondaryZones::Errand SecondaryZones::errand_for(Zone& zone) {
    return {.luck = chance(),
            .is_forced = std::exchange(zone.is_forced, false),
            .announced = std::exchange(zone.announced, std::nullopt),
            .first = std::exchange(zone.announcer, std::nullopt).value_or(zone.preferred)};
}

// The first primary that answers is enough, unless one was announced to have something newer than
// it: then all are asked until that is found.
void SecondaryZones::refresh(Zone& zone, const Errand& errand) {
    const size_t count = zone.config.primaries.size();
    bool is_confirmed = false;
    for (size_t i = 0; i < count && !is_stopping_.load(); ++i) {
        const size_t number = (errand.first + i) % count;
        const Outcome outcome = ask(zone, zone.config.primaries[number], errand);
        if (outcome == Outcome::Failed) continue;
        is_confirmed = true;
        zone.preferred = number;
        if (!errand.announced || !dns::is_later_serial(*errand.announced, zone.serial)) return;
    }
    if (!is_confirmed) zone.schedule.fail(base::now(), errand.luck);
}

SecondaryZones::Outcome SecondaryZones::ask(Zone& zone, const base::SocketAddress& primary,
                                            const Errand& errand) {
    const TsigKey* const key = zone.config.key ? config_.keys.find(*zone.config.key) : nullptr;
    PrimaryClient client(zone.config.zone, primary, key, is_stopping_);
    const auto outcome = ask_as_told(zone, client, errand);
    count(client, outcome);
    if (outcome) {
        if (*outcome != Outcome::Current) {
            log::info("secondary_fetched",
                      {{"zone", dns::to_text(zone.config.zone)},
                       {"serial", std::to_string(zone.serial)},
                       {"content", *outcome == Outcome::Changes ? "changes" : "zone"},
                       {"primary", base::to_text(primary)}});
        }
        return *outcome;
    }
    if (!is_stopping_.load()) {
        log::warning("secondary_failed",
                     {{"zone", dns::to_text(zone.config.zone)},
                      {"primary", base::to_text(primary)},
                      {"reason", outcome.error().message},
                      {"try", outcome.error().hint},
                      {"still_serving", zone.schedule.has_data() ? std::to_string(zone.serial)
                                                                 : std::string("nothing")}});
    }
    return Outcome::Failed;
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

// Over TLS where it is wanted. Its files are read anew each time: a new certificate is used at
// once.
Result<SecondaryZones::Outcome> SecondaryZones::ask_as_told(Zone& zone, PrimaryClient& client,
                                                            const Errand& errand) {
    if (!zone.config.tls) return ask_one(zone, client, errand);
    const auto context = tls::TlsContext::for_client(*zone.config.tls);
    if (!context) return std::unexpected(context.error());
    client.use_tls(*context);
    return ask_one(zone, client, errand);
}

Result<SecondaryZones::Outcome> SecondaryZones::ask_one(Zone& zone, PrimaryClient& client,
                                                        const Errand& errand) {
    Result<Fetched> fetched;
    if (!zone.schedule.has_data() || errand.is_forced) {
        fetched = client.fetch_whole();
    } else {
        const auto soa = client.ask_soa();
        if (!soa) return std::unexpected(soa.error());
        const uint32_t theirs = read_soa_timers(soa->rdata).serial;
        if (theirs == zone.serial) {
            const auto done = confirm(zone, soa->expire, /*is_new=*/false, errand.luck);
            if (!done) return std::unexpected(done.error());
            return Outcome::Current;
        }
        const bool is_later = dns::is_later_serial(theirs, zone.serial);
        if (!is_later && !zone.config.accepts_older) {
            return base::fail(
                "the primary has serial " + std::to_string(theirs) + ", which is older than ours",
                "raise the serial there; or take it once: " + command_for(zone.config.zone));
        }
        fetched = is_later ? client.fetch_changes(zone.serial) : client.fetch_whole();
    }
    if (!fetched) return std::unexpected(fetched.error());
    return take(zone, client, *std::move(fetched), errand);
}

// The ledger has it on disk before it is served.
Result<SecondaryZones::Outcome> SecondaryZones::take(Zone& zone, PrimaryClient& client,
                                                     Fetched fetched, const Errand& errand) {
    const dns::Name& name = zone.config.zone;
    Outcome outcome = Outcome::Current;
    if (fetched.changes) {
        const auto applied = ledger_.apply(name, *fetched.changes);
        if (!applied) {
            auto whole = client.fetch_whole();
            if (!whole) return std::unexpected(whole.error());
            fetched = *std::move(whole);
            fetched.refusal = applied.error().message;
        } else {
            outcome = Outcome::Changes;
        }
    }
    if (!fetched.refusal.empty()) {
        log::warning("secondary_changes_unusable", {{"zone", dns::to_text(name)},
                                                    {"reason", fetched.refusal},
                                                    {"next", "all of the zone is fetched"}});
    }
    if (fetched.image) {
        const uint32_t serial = fetched.image.image().header().serial;
        const bool takes_any =
            !zone.schedule.has_data() || errand.is_forced || zone.config.accepts_older;
        if (!takes_any && !dns::is_later_serial(serial, zone.serial)) {
            return base::fail("the primary sent serial " + std::to_string(serial) +
                              ", older than the one it told");
        }
        const zone::ZoneOrigin origin{.kind = zone::ZoneOrigin::Kind::Primary};
        auto replaced = ledger_.replace(name, std::move(fetched.image), origin);
        if (!replaced) return std::unexpected(replaced.error());
        outcome = Outcome::Whole;
    }
    const auto done = confirm(zone, fetched.expire, outcome != Outcome::Current, errand.luck);
    if (!done) return std::unexpected(done.error());
    return outcome;
}

// RFC 7314 §4: where the primary tells how long it has itself, that and not the SOA's EXPIRE
// counts, as long as it is less; and what was confirmed once is not shortened by another primary.
// The ledger keeps one time: when the zone would have been confirmed had it all of its EXPIRE
// since.
Result<void> SecondaryZones::confirm(Zone& zone, std::optional<uint32_t> expire, bool is_new,
                                     double luck) {
    const auto pinned = table_.pin(zone.config.zone);
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
    return ledger_.confirm(zone.config.zone,
                           seconds(::time(nullptr)) - (seconds(timers.expire) - left));
}

void SecondaryZones::hasten(Zone& zone) {
    if (zone.is_busy) {
        zone.is_hastened = true;
        return;
    }
    unqueue(zone);
    zone.schedule.hasten(base::now());
    queue(zone);
}

// Whether we have that serial of the zone, or a later one.
bool SecondaryZones::is_known(const Zone& zone, uint32_t serial) const {
    const auto pinned = table_.pin(zone.config.zone);
    return pinned && !pinned->version().is_unavailable() && !zone.config.accepts_older &&
           !dns::is_later_serial(serial, pinned->version().serial());
}

// RFC 1996 §3.7 and §3.11: a serial that is not newer is no reason to ask; a newer one is a hint
// alone, and the primary is asked for its SOA all the same.
dns::Rcode SecondaryZones::hear(const Notice& notice) {
    const std::lock_guard lock(mutex_);
    Zone* const zone = find(notice.zone);
    if (zone == nullptr) return dns::Rcode::NotAuth;
    const auto& primaries = zone->config.primaries;
    const auto sender = std::ranges::find(primaries, notice.peer, &base::SocketAddress::ip);
    const bool has_key =
        notice.key != nullptr && zone->config.key && notice.key->name == *zone->config.key;
    if (sender == primaries.end() && !has_key) return dns::Rcode::Refused;
    if (notice.serial && is_known(*zone, *notice.serial)) return dns::Rcode::NoError;
    zone->announced = notice.serial;
    if (sender != primaries.end()) {
        zone->announcer = static_cast<size_t>(sender - primaries.begin());
    }
    hasten(*zone);
    return dns::Rcode::NoError;
}

bool SecondaryZones::retransfer(const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    Zone* const zone = find(name);
    if (zone == nullptr) return false;
    zone->is_forced = true;
    hasten(*zone);
    return true;
}

std::optional<uint32_t> SecondaryZones::expires_in(const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    const Zone* const zone = find(name);
    if (zone == nullptr || !zone->expires_at) return std::nullopt;
    const auto left = std::chrono::floor<seconds>(*zone->expires_at - base::now());
    return static_cast<uint32_t>(std::max<int64_t>(left.count(), 0));
}

}  // namespace nearcast::transfer
