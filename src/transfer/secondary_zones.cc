// SPDX-License-Identifier: Apache-2.0

#include "transfer/secondary_zones.h"

#include <algorithm>
#include <ctime>
#include <string>
#include <utility>

#include "base/log.h"
#include "transfer/primary_client.h"
#include "transfer/request_desk.h"
#include "zone/image_builder.h"
#include "zone/image_records.h"

namespace nearcast::transfer {
namespace {

using base::Instant;
using base::Result;
namespace log = base::log;

// Zones asked for at a time. A dead primary holds a thread for seconds; more threads mean more
// zones in memory twice while they are built.
constexpr size_t kThreadsMax = 4;

// Images that were replaced wait for readers; with nothing due they are looked for this often.
constexpr std::chrono::milliseconds kCollectPause{250};

SoaTimers timers_of(const zone::Version& version) {
    uint32_t ttl = 0;
    return read_soa_timers(zone::soa_rdata(version, ttl));
}

// When the file's time is, on the clock that is never set. A time in the future means now.
Instant instant_of(std::chrono::seconds confirmed_at, Instant now) {
    const auto age = std::chrono::seconds(::time(nullptr)) - confirmed_at;
    return now - std::max(age, std::chrono::seconds(0));
}

}  // namespace

SecondaryZones::SecondaryZones(const TransferConfig& config, zone::ZoneTable& zones,
                               OnChange on_change)
    : config_(config),
      table_(zones),
      on_change_(std::move(on_change)),
      copies_(config.directory),
      random_(std::random_device{}()) {
    for (const SecondaryConfig& each : config.secondaries) {
        if (table_.pin(each.zone)) {
            log::error("secondary_conflict",
                       {{"zone", dns::to_text(each.zone)},
                        {"reason", "there is a zone file for it, which is served"},
                        {"try", "remove the file, or the [[secondary]] section"}});
            continue;
        }
        zones_.push_back(std::make_unique<Zone>(each, base::now()));
        load(*zones_.back());
    }
    const size_t count = std::min(zones_.size(), kThreadsMax);
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

void SecondaryZones::load(Zone& zone) {
    const Instant now = base::now();
    auto copy = copies_.load(zone.config.zone);
    if (!copy) {
        log::warning("secondary_copy_unusable", {{"zone", dns::to_text(zone.config.zone)},
                                                 {"reason", copy.error().message},
                                                 {"next", "it is fetched anew"}});
    }
    if (copy && copy->image) {
        zone.serial = copy->image.image().header().serial;
        zone.schedule.succeed(timers_of(zone::Version(copy->image.image())),
                              instant_of(copy->confirmed_at, now), chance());
        zone.schedule.hasten(now);  // It may have changed while we were away.
        if (zone.schedule.expires_at() > now) {
            log::info("secondary_loaded", {{"zone", dns::to_text(zone.config.zone)},
                                           {"serial", std::to_string(zone.serial)}});
            table_.publish(std::move(copy->image));
            return;
        }
        zone.schedule.expire();
    }
    table_.publish(zone::build_unavailable_image(zone.config.zone));
}

double SecondaryZones::chance() {
    return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

SecondaryZones::Zone* SecondaryZones::next_due(Instant now) {
    Zone* due = nullptr;
    for (const auto& zone : zones_) {
        if (zone->is_busy || zone->schedule.next_at() > now) continue;
        if (due == nullptr || zone->schedule.next_at() < due->schedule.next_at()) due = zone.get();
    }
    return due;
}

Instant SecondaryZones::next_wake(Instant now) {
    Instant next = table_.collect() > 0 ? now + kCollectPause : Instant::max();
    for (const auto& zone : zones_) {
        if (zone->is_busy) continue;
        next = std::min(next, zone->schedule.next_at());
        if (zone->schedule.has_data()) next = std::min(next, zone->schedule.expires_at());
    }
    return next;
}

void SecondaryZones::expire_old(Instant now) {
    for (const auto& zone : zones_) {
        if (zone->is_busy || !zone->schedule.has_data()) continue;
        if (zone->schedule.expires_at() > now) continue;
        zone->schedule.expire();
        table_.publish(zone::build_unavailable_image(zone->config.zone));
        log::error("secondary_expired",
                   {{"zone", dns::to_text(zone->config.zone)},
                    {"serial", std::to_string(zone->serial)},
                    {"reason", "no primary has confirmed it for as long as its SOA allows"},
                    {"next", "it answers SERVFAIL until a primary does"}});
    }
}

void SecondaryZones::run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_.load()) {
        expire_old(base::now());
        Zone* const zone = next_due(base::now());
        if (zone == nullptr) {
            const Instant next = next_wake(base::now());
            if (next == Instant::max()) {
                wake_.wait(lock);
            } else {
                wake_.wait_until(lock, next);
            }
            continue;
        }
        zone->is_busy = true;
        lock.unlock();
        refresh(*zone);
        lock.lock();
        zone->is_busy = false;
        if (std::exchange(zone->is_hastened, false)) zone->schedule.hasten(base::now());
        wake_.notify_one();  // Its next time may be the nearest.
    }
}

void SecondaryZones::refresh(Zone& zone) {
    const size_t count = zone.config.primaries.size();
    double luck = 0;
    {
        const std::lock_guard lock(mutex_);
        luck = chance();
    }
    for (size_t i = 0; i < count && !is_stopping_.load(); ++i) {
        const size_t number = (zone.preferred + i) % count;
        const Outcome outcome = ask(zone, zone.config.primaries[number]);
        if (outcome == Outcome::Failed) continue;
        zone.preferred = number;
        if (outcome == Outcome::Changed) on_change_(zone.config.zone);
        const auto pinned = table_.pin(zone.config.zone);
        zone.schedule.succeed(timers_of(pinned->version()), base::now(), luck);
        return;
    }
    zone.schedule.fail(base::now(), luck);
}

SecondaryZones::Outcome SecondaryZones::ask(Zone& zone, const base::SocketAddress& primary) {
    const auto outcome = ask_one(zone, primary);
    if (outcome) return *outcome;
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

Result<SecondaryZones::Outcome> SecondaryZones::ask_one(Zone& zone,
                                                        const base::SocketAddress& primary) {
    const dns::Name& name = zone.config.zone;
    const TsigKey* const key = zone.config.key ? config_.keys.find(*zone.config.key) : nullptr;
    PrimaryClient client(name, primary, key, is_stopping_);
    if (zone.schedule.has_data()) {
        const auto soa = client.ask_soa();
        if (!soa) return std::unexpected(soa.error());
        const uint32_t theirs = read_soa_timers(*soa).serial;
        if (theirs == zone.serial) {
            if (auto done = copies_.touch(name); !done) return std::unexpected(done.error());
            return Outcome::Current;
        }
        if (!is_later_serial(theirs, zone.serial)) {
            return base::fail(
                "the primary has serial " + std::to_string(theirs) + ", which is older than ours",
                "raise the serial there; or stop this server, remove " + copies_.path_of(name) +
                    " and start it");
        }
    }
    auto image = client.fetch();
    if (!image) return std::unexpected(image.error());
    if (auto done = take(zone, *std::move(image)); !done) return std::unexpected(done.error());
    log::info("secondary_fetched", {{"zone", dns::to_text(name)},
                                    {"serial", std::to_string(zone.serial)},
                                    {"primary", base::to_text(primary)}});
    return Outcome::Changed;
}

// First to disk: what is served is there after a restart too.
Result<void> SecondaryZones::take(Zone& zone, zone::ImageBlock image) {
    const uint32_t serial = image.image().header().serial;
    if (zone.schedule.has_data() && !is_later_serial(serial, zone.serial)) {
        return base::fail("the primary sent serial " + std::to_string(serial) +
                          ", older than the one it told");
    }
    if (auto done = copies_.save(zone.config.zone, image.image()); !done) return done;
    zone.serial = serial;
    table_.publish(std::move(image));
    return {};
}

dns::Rcode SecondaryZones::hear(const dns::Name& name, const base::IpAddress& peer,
                                const TsigKey* key) {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::ranges::find_if(zones_, [&](const auto& zone) { return zone->config.zone == name; });
    if (found == zones_.end()) return dns::Rcode::NotAuth;
    Zone& zone = **found;
    const bool is_primary = std::ranges::any_of(zone.config.primaries,
                                                [&](const auto& each) { return each.ip == peer; });
    const bool has_key = key != nullptr && zone.config.key && key->name == *zone.config.key;
    if (!is_primary && !has_key) return dns::Rcode::Refused;
    if (zone.is_busy) {
        zone.is_hastened = true;
    } else {
        zone.schedule.hasten(base::now());
    }
    wake_.notify_one();
    return dns::Rcode::NoError;
}

}  // namespace nearcast::transfer
