// SPDX-License-Identifier: Apache-2.0

// What the ledger does besides changes: telling, reading history, clearing garbage away.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "dns/serial.h"
#include "zone/apply.h"
#include "zone/ledger_book.h"

namespace nearcast::zone {
namespace {

using base::Result;
namespace log = base::log;

// How often it is tried again to store what could not be stored, or to clear garbage away: a disk
// stays full for minutes.
constexpr std::chrono::seconds kRetryPause{5};

}  // namespace

ZoneLedger::Book::Book(ZoneTable& table, LedgerLimits limits,
                       std::optional<base::Error> why_nothing_is_kept)
    : table_(table),
      limits_(limits),
      why_nothing_is_kept_(std::move(why_nothing_is_kept)),
      keeps_images_(!why_nothing_is_kept_) {}

ZoneLedger::Book::~Book() {
    {
        const std::lock_guard lock(wake_mutex_);
        is_stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
}

StoredZone ZoneLedger::Book::state_of(const Zone& zone) const {
    const bool has_image = zone.is_available || zone.history.has_data();  // Else it was withdrawn.
    StoredZone state{.apex = zone.apex_name(),
                     .is_available = zone.is_available,
                     .serial = zone.serial,
                     .origin = zone.origin,
                     .confirmed_at = zone.confirmed_at,
                     .image_size = has_image ? zone.image_size : 0,
                     .journal_count = zone.history.changes().size(),
                     .journal_bytes = zone.history.bytes(),
                     .is_unsaved = zone.is_unsaved,
                     .damages = zone.damages,
                     .lost_serial = zone.lost_serial};
    if (state.journal_count > 0) {
        state.journal_from = zone.history.changes().front().head.from_serial;
    }
    return state;
}

std::vector<StoredZone> ZoneLedger::Book::states() const {
    const std::lock_guard lock(mutex_);
    std::vector<StoredZone> all;
    for (const auto& [key, zone] : zones_) {
        const bool is_known = zone->history.has_data() || zone->is_available ||
                              (zone->is_claimed && zone->version != 0);
        if (is_known) all.push_back(state_of(*zone));
    }
    return all;
}

std::optional<StoredZone> ZoneLedger::Book::state(const dns::Name& apex) const {
    const ZonePtr zone = find(apex);
    if (!zone) return std::nullopt;
    const std::lock_guard lock(mutex_);
    return state_of(*zone);
}

std::optional<std::vector<Changeset>> ZoneLedger::Book::changes_since(const dns::Name& apex,
                                                                      uint32_t serial) {
    const ZonePtr zone = find(apex);
    if (!zone) return std::nullopt;
    Reading reading;
    {
        const std::lock_guard lock(mutex_);
        if (!zone->is_available) return std::nullopt;
        if (serial == zone->serial) return std::vector<Changeset>{};
        const auto& back_from = zone->origin.went_back_from;
        if (back_from && !dns::is_later_serial(serial, *back_from)) return std::nullopt;
        auto found = zone->history.since(serial);
        if (!found) return std::nullopt;
        reading = begin_reading(*std::move(found));
    }
    return read_all(*zone, reading);
}

std::optional<ZoneLedger::Numbered> ZoneLedger::Book::pin(const dns::Name& apex) {
    const ZonePtr zone = find(apex);
    if (!zone) return std::nullopt;
    const std::lock_guard changing(zone->changing);
    auto pinned = pin_available(apex);
    if (!pinned) return std::nullopt;
    return Numbered{*std::move(pinned), known(*zone).version};
}

std::optional<std::vector<Changeset>> ZoneLedger::Book::changes_after(const dns::Name& apex,
                                                                      uint64_t number) {
    const ZonePtr zone = find(apex);
    if (!zone) return std::nullopt;
    Reading reading;
    {
        const std::lock_guard lock(mutex_);
        if (!zone->is_available) return std::nullopt;
        if (number == zone->version) return std::vector<Changeset>{};
        auto chain = zone->history.changes_after(number);
        if (chain.empty() || chain.back().head.version != zone->version) return std::nullopt;
        reading = begin_reading(std::move(chain));
    }
    return read_all(*zone, reading);
}

ZoneLedger::Book::Reading ZoneLedger::Book::begin_reading(ZoneHistory::Entries entries) const {
    Reading reading{std::move(entries), {}};
    for (const StoredEntry& entry : reading.first) {
        reading.second.push_back(store_->segment_of(entry.place));
    }
    return reading;
}

std::optional<std::vector<Changeset>> ZoneLedger::Book::read_all(Zone& zone,
                                                                 const Reading& reading) {
    const auto& [entries, segments] = reading;
    std::vector<Changeset> all;
    for (size_t i = 0; i < entries.size(); ++i) {
        const auto bytes = segments[i]->read(entries[i].head, entries[i].place.at);
        auto changes = bytes ? decode_changes(*bytes) : std::nullopt;
        if (!changes) {
            // Damage in the history harms nobody: the whole zone is sent instead.
            lose(zone, entries[i], bytes ? "changes that cannot be read" : bytes.error().message);
            return std::nullopt;
        }
        all.push_back(*std::move(changes));
    }
    return all;
}

std::vector<std::string> ZoneLedger::Book::damages() const {
    const std::lock_guard lock(mutex_);
    return damages_;
}

void ZoneLedger::Book::wake() {
    const std::lock_guard lock(wake_mutex_);
    has_work_ = true;
    wake_.notify_one();
}

void ZoneLedger::Book::wake_to_save() {
    const std::lock_guard lock(wake_mutex_);
    has_unsaved_ = true;
    has_work_ = true;
    wake_.notify_one();
}

void ZoneLedger::Book::run() {
    std::unique_lock lock(wake_mutex_);
    for (;;) {
        const auto is_woken = [this] { return has_work_ || is_stopping_; };
        if (has_unsaved_) {
            wake_.wait_for(lock, kRetryPause, is_woken);
        } else {
            wake_.wait(lock, is_woken);
        }
        if (is_stopping_) return;
        has_work_ = false;
        const bool is_saving = std::exchange(has_unsaved_, false);
        lock.unlock();
        if (is_saving && keeps_images_) save_unsaved();
        const bool is_clear = !store_->needs_compaction() || compact();
        lock.lock();
        // Not with each change again: what keeps it from working lasts.
        if (!is_clear) {
            wake_.wait_for(lock, kRetryPause, [this] { return is_stopping_.load(); });
            has_work_ = true;
        }
    }
}

void ZoneLedger::Book::save_unsaved() {
    std::vector<ZonePtr> unsaved;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [key, zone] : zones_) {
            if (zone->is_unsaved || zone->wants_image) unsaved.push_back(zone);
        }
    }
    for (const ZonePtr& zone : unsaved) {
        if (is_stopping_) return;
        save_unsaved(*zone);
    }
}

void ZoneLedger::Book::try_again() {
    const std::lock_guard lock(wake_mutex_);
    has_unsaved_ = true;
}

void ZoneLedger::Book::save_unsaved(Zone& zone) {
    const std::lock_guard changing(zone.changing);
    const Known before = known(zone);
    if (!before.is_unsaved && !before.wants_image) return;
    if (before.version == 0) {
        (void)bury(zone, Durability::Now);
        return;
    }
    const auto served = pin_available(zone.apex_name());
    if (!served) return;
    Step step;
    step.version = before.version;
    step.to_serial = served->version().serial();
    ImageBlock folded;
    if (served->version().has_delta()) {
        auto whole = fold_whole(served->version());
        if (!whole) return;  // No memory for it now: the next change tries again.
        folded = *std::move(whole);
    }
    step.image = folded ? folded.image() : served->version().base();
    step.origin = before.origin;
    const bool is_stored = write(zone, step).has_value();
    if (!before.is_unsaved) {
        const std::lock_guard lock(mutex_);
        zone.wants_image = false;
        if (!is_stored) zone.image_refused_at = zone.history.bytes_after_image();
    } else if (is_stored) {
        log::info("zone_stored", {{"zone", dns::to_text(zone.apex_name())},
                                  {"serial", std::to_string(step.to_serial)}});
    } else {
        try_again();  // The store has told why.
    }
}

// An entry is in no segment any more.
void ZoneLedger::Book::drop(const ReadHead& entry, EntryPlace place, const std::string& why) {
    ZonePtr zone = find(entry.apex);
    if (zone == nullptr) return;
    const std::lock_guard lock(mutex_);
    if (!why.empty() && zone->history.is_live(entry.head, place)) {
        lose_locked(*zone, {entry.head, place}, why);
    }
    if (zone->history.on_disk > 0) --zone->history.on_disk;
    // Two: this one and the book's own. Nobody else is about to change the zone.
    const bool is_over = zone->history.on_disk == 0 && !zone->is_available && zone.use_count() == 2;
    if (is_over && zone->history.is_withdrawn()) {
        zones_.erase(std::string(zone->apex.begin(), zone->apex.end()));
    }
}

bool ZoneLedger::Book::compact() {
    const std::lock_guard moving(moving_);
    const auto visit = [this](const ReadHead& entry, auto act) {
        const ZonePtr zone = find(entry.apex);
        const std::lock_guard lock(mutex_);
        return zone != nullptr && act(*zone);
    };
    const auto done = store_->compact(
        {.is_live =
             [&](const ReadHead& entry, EntryPlace place) {
                 return visit(entry,
                              [&](Zone& zone) { return zone.history.is_live(entry.head, place); });
             },
         .moved =
             [&](const ReadHead& entry, EntryPlace from, EntryPlace to) {
                 return visit(
                     entry, [&](Zone& zone) { return zone.history.move({entry.head, from}, to); });
             },
         .dropped = [&](const ReadHead& entry, EntryPlace place,
                        const std::string& why) { drop(entry, place, why); }});
    if (done) return true;
    log::error("store_not_compacted",
               {{"reason", done.error().message}, {"try", done.error().hint}});
    return false;
}

}  // namespace nearcast::zone
