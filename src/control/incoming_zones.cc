// SPDX-License-Identifier: Apache-2.0

#include "control/incoming_zones.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "control/version_sets.h"
#include "control/wall_clock.h"
#include "dns/serial.h"

namespace nearcast::control {
namespace {

using base::Result;
namespace log = base::log;

constexpr uint16_t kDnsPort = 53;
constexpr const char* kActor = "transfer";

std::string summary_of(const std::optional<std::vector<zone::Changeset>>& changes,
                       const zone::Version& version) {
    if (!changes) return "the whole zone, " + std::to_string(version.record_count()) + " records";
    size_t removed = 0;
    size_t added = 0;
    for (const zone::Changeset& each : *changes) {
        removed += each.removed_count();
        added += each.added_count();
    }
    return std::to_string(removed) + " records removed, " + std::to_string(added) + " added";
}

transfer::SecondaryConfig config_of(const Zone& zone) {
    transfer::SecondaryConfig config;
    config.zone = zone.name;
    config.zone_id = static_cast<uint64_t>(zone.id);
    config.owner = zone.settings.account;
    for (const std::string& master : zone.settings.masters) {
        if (const auto address = parse_master(master)) config.primaries.push_back(*address);
    }
    if (zone.settings.primary_key.empty()) return config;
    config.key = dns::parse_name(zone.settings.primary_key).value_or(dns::Name());
    return config;
}

}  // namespace

Result<base::SocketAddress> parse_master(std::string_view text) {
    if (const auto ip = base::parse_ip_address(text)) return base::SocketAddress{*ip, kDnsPort};
    return base::parse_socket_address(text);
}

Result<std::unique_ptr<IncomingZones>> IncomingZones::open(Parts parts) {
    std::unique_ptr<IncomingZones> zones(new IncomingZones(std::move(parts)));
    const Parts& own = zones->parts_;
    auto ledger = zone::ZoneLedger::open(own.directory, zones->table_, own.limits);
    if (!ledger) return std::unexpected(ledger.error());
    zones->ledger_ = *std::move(ledger);
    zones->ledger_->on_trouble(zone::log_store_trouble);
    zones->ledger_->on_change(
        [zones = zones.get()](const dns::Name& zone) { zones->note_change(zone); });
    zones->secondaries_ = std::make_unique<transfer::SecondaryZones>(
        own.transfers, zones->table_, *zones->ledger_,
        transfer::SecondaryHabits{.may_get_more = true,
                                  .retransfer_command = "nearcast zone retrieve",
                                  .find_key = own.find_key,
                                  .room = [zones = zones.get()](const dns::Name& zone) {
                                      return zones->room_for(zone);
                                  }});
    zones->secondaries_->on_outcome(
        [zones = zones.get()](const dns::Name& zone, const std::string& problem) {
            zones->note_outcome(zone, problem);
        });
    zones->thread_ = std::thread([zones = zones.get()] { zones->run(); });
    return zones;
}

void IncomingZones::stop() {
    if (secondaries_) secondaries_->stop();
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

bool IncomingZones::knows_key(const std::string& name) const {
    const auto parsed = dns::parse_name(name);
    if (!parsed) return false;
    return parts_.transfers.keys.find(*parsed) != nullptr ||
           (parts_.find_key && parts_.find_key(*parsed) != nullptr);
}

void IncomingZones::put(const Zone& zone) {
    const auto config = config_of(zone);
    if (config.primaries.empty()) return;  // The API lets no such zone in.
    const std::string key = dns::key_of(zone.name);
    {
        const std::lock_guard lock(mutex_);
        Entry& entry = entries_[key];
        // Another zone of that name has gone, and so has its copy.
        if (entry.zone_id != zone.id) {
            entry = {.zone_id = zone.id, .name = zone.name, .noted_serial = zone.serial};
        }
        entry.account = zone.settings.account;
    }
    secondaries_->add(config);
    const auto copy = pin(zone.name, zone.id);
    const auto stored = kept(zone.name, zone.id);
    {
        const std::lock_guard lock(mutex_);
        Entry& entry = entries_[key];
        if (copy) {
            entry.has_data = true;
            if (entry.copy_serial == 0) entry.copy_serial = copy->version().serial();
        }
        if (stored && entry.checked_at.count() == 0) entry.checked_at = stored->confirmed_at;
        to_note_.insert(key);  // It may have come just before the last end.
    }
    wake_.notify_all();
}

void IncomingZones::remove(const dns::Name& zone) {
    {
        const std::lock_guard lock(mutex_);
        entries_.erase(dns::key_of(zone));
    }
    secondaries_->remove(zone);
}

void IncomingZones::forget_others() {
    for (const zone::StoredZone& stored : ledger_->states()) {
        {
            const std::lock_guard lock(mutex_);
            if (entries_.contains(dns::key_of(stored.apex))) continue;
        }
        if (const auto done = ledger_->withdraw(stored.apex); !done) {
            log::error("copy_not_forgotten",
                       {{"zone", dns::to_text(stored.apex)}, {"reason", done.error().message}});
        }
    }
}

// One that goes back was ordered at another controller, by somebody.
void IncomingZones::heed(const Change& transfer) {
    {
        const auto copy = pin(transfer.zone, transfer.zone_id);
        if (!copy || copy->version().serial() == transfer.new_serial) return;
    }
    const bool goes_back =
        transfer.old_serial != 0 && !dns::is_later_serial(transfer.new_serial, transfer.old_serial);
    if (goes_back) {
        (void)secondaries_->retransfer(transfer.zone);
    } else {
        secondaries_->hint(transfer.zone, transfer.new_serial);
    }
}

std::optional<zone::StoredZone> IncomingZones::kept(const dns::Name& zone, int64_t zone_id) const {
    auto kept = ledger_->state(zone);
    if (!kept || kept->image_size == 0) return std::nullopt;
    if (kept->origin.zone_id != static_cast<uint64_t>(zone_id)) return std::nullopt;
    return kept;
}

// The copy of one zone never follows that of a later one: so what is there by now is of this zone.
std::optional<zone::PinnedVersion> IncomingZones::pin(const dns::Name& zone, int64_t zone_id) {
    if (!kept(zone, zone_id)) return std::nullopt;
    auto copy = table_.pin(zone);
    if (copy && copy->version().is_unavailable()) copy.reset();
    return copy;
}

IncomingZones::Status IncomingZones::status(const dns::Name& zone, int64_t zone_id) {
    const auto copy = pin(zone, zone_id);
    Status status;
    {
        const std::lock_guard lock(mutex_);
        const auto entry = entries_.find(dns::key_of(zone));
        if (entry == entries_.end() || entry->second.zone_id != zone_id) return status;
        status.checked_at = entry->second.checked_at;
        status.problem = entry->second.problem;
    }
    status.has_data = copy.has_value();
    status.is_expired = !copy && kept(zone, zone_id);
    if (!status.has_data) return status;
    status.serial = copy->version().serial();
    status.expires_in = secondaries_->expires_in(zone);
    status.source = secondaries_->source_of(zone);
    return status;
}

// --- What the fetching threads tell ---

void IncomingZones::note_change(const dns::Name& zone) {
    const std::string key = dns::key_of(zone);
    const auto copy = table_.pin(zone);
    std::optional<int64_t> cut;
    {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(key);
        if (found == entries_.end()) return;
        Entry& entry = found->second;
        entry.has_data = copy && !copy->version().is_unavailable();
        if (entry.has_data) {
            const uint32_t serial = copy->version().serial();
            const uint32_t before = std::exchange(entry.copy_serial, serial);
            if (before != 0 && !dns::is_later_serial(serial, before)) cut = entry.zone_id;
        }
        entry.is_renewed = true;
        to_note_.insert(key);
    }
    wake_.notify_all();
    if (cut && listener_.cut) listener_.cut(*cut);
}

void IncomingZones::note_outcome(const dns::Name& zone, const std::string& problem) {
    const std::string key = dns::key_of(zone);
    const auto copy = table_.pin(zone);
    const bool has_data = copy && !copy->version().is_unavailable();
    {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(key);
        if (found == entries_.end()) return;
        Entry& entry = found->second;
        entry.problem = problem;
        if (problem.empty()) {
            entry.checked_at = std::chrono::floor<std::chrono::seconds>(wall_now());
        }
        if (has_data || !entry.has_data) return;
        entry.has_data = false;
        entry.is_renewed = true;
        to_note_.insert(key);
    }
    wake_.notify_all();
}

// What its account's plan leaves, with what it has itself.
Result<uint64_t> IncomingZones::room_for(const dns::Name& zone) {
    std::string account;
    {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(dns::key_of(zone));
        if (found != entries_.end()) account = found->second.account;
    }
    if (account.empty()) return UINT64_MAX;
    const auto room = parts_.changes.room_for_copy(zone);
    return room ? Result<uint64_t>(*room) : base::fail(room.error().message);
}

// --- The thread that notes ---

// With the mutex. `next`: when there will be more.
std::vector<std::string> IncomingZones::take_due(base::Instant now, base::Instant& next) {
    std::vector<std::string> keys;
    std::erase_if(to_note_, [&](const std::string& key) {
        const auto found = entries_.find(key);
        if (found == entries_.end()) return true;
        if (found->second.note_at > now) {
            next = std::min(next, found->second.note_at);
            return false;
        }
        keys.push_back(key);
        return true;
    });
    return keys;
}

void IncomingZones::run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        base::Instant next = base::Instant::max();
        const auto keys = take_due(base::now(), next);
        if (keys.empty() && next == base::Instant::max()) {
            wake_.wait(lock);
        } else if (keys.empty()) {
            wake_.wait_until(lock, next);
        }
        if (keys.empty()) continue;
        lock.unlock();
        for (const std::string& key : keys) note(key);
        lock.lock();
    }
}

void IncomingZones::note(const std::string& key) {
    Entry entry;
    {
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(key);
        if (found == entries_.end()) return;
        entry = found->second;
        found->second.is_renewed = false;
    }
    const auto copy = pin(entry.name, entry.zone_id);
    bool is_noted = false;
    if (copy && copy->version().serial() != entry.noted_serial) {
        const FetchedVersion version = describe(entry, copy->version());
        const auto done = parts_.changes.take_version(version);
        if (!done) return note_refusal(key, entry, done.error());
        const std::lock_guard lock(mutex_);
        const auto found = entries_.find(key);
        if (found == entries_.end() || found->second.zone_id != entry.zone_id) return;
        found->second.noted_serial = version.serial;
        found->second.note_at = base::now() + kNotePause;
        is_noted = done->old_serial != done->new_serial;
    }
    if (!is_noted && entry.is_renewed && listener_.renewed) listener_.renewed(entry.zone_id);
}

FetchedVersion IncomingZones::describe(const Entry& entry, const zone::Version& version) {
    FetchedVersion fetched{.zone_id = entry.zone_id,
                           .zone = entry.name,
                           .serial = version.serial(),
                           .record_count = version.record_count()};
    std::optional<std::vector<zone::Changeset>> changes;
    if (entry.noted_serial != 0) changes = ledger_->changes_since(entry.name, entry.noted_serial);
    // Another version may have come meanwhile: it is noted next, with what it changed.
    if (changes && (changes->empty() || changes->back().to_serial() != version.serial())) {
        changes.reset();
    }
    fetched.intent.actor.name = kActor;
    fetched.intent.actor.source = base::to_text(secondaries_->source_of(entry.name));
    fetched.intent.comment = summary_of(changes, version);
    if (!changes) return fetched;
    auto sets = changed_sets(version, *changes);
    if (sets) fetched.changes = *std::move(sets);
    return fetched;
}

// Of a zone that was deleted nothing need be told.
void IncomingZones::note_refusal(const std::string& key, const Entry& tried,
                                 const ChangeError& error) {
    if (error.kind == ChangeError::Kind::NotFound) return;
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.zone_id != tried.zone_id) return;
    Entry& entry = found->second;
    entry.is_renewed |= tried.is_renewed;
    if (error.kind == ChangeError::Kind::Unavailable) {
        entry.note_at = base::now() + kRetryPause;
        to_note_.insert(key);
        return;
    }
    entry.problem = error.message;
    log::error("copy_not_noted", {{"zone", dns::to_text(tried.name)},
                                  {"reason", error.message},
                                  {"next", "what was served before goes on"}});
}

}  // namespace nearcast::control
