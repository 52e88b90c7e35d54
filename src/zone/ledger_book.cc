// SPDX-License-Identifier: Apache-2.0

// Changes: how a step goes to disk, then to readers.

#include "zone/ledger_book.h"

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/log.h"
#include "dns/serial.h"
#include "zone/apply.h"
#include "zone/difference.h"
#include "zone/image_builder.h"
#include "zone/next_version.h"

namespace nearcast::zone {
namespace {

using base::Result;
namespace log = base::log;

// Changes behind the last image are read and applied at each start. A new image is stored when they
// are more than this part of it, and more than so many bytes: twice as many double the work of a
// start, half as many double what is written.
constexpr uint64_t kImageShare = 8;
constexpr uint64_t kChangesMin = uint64_t{16} << 10;
// An image that could not be stored is tried again when so many times as many changes lie behind
// the last one. Each attempt fills the disk for a moment and leaves a segment behind.
constexpr uint64_t kRefusedGrowth = 2;

// Zones with larger images are compiled one at a time: the records of one lie in memory beside the
// image, which takes a few times its size. Twice as much doubles what a node needs beside its
// zones when all its threads compile at once; half as much lets zones wait that take a second.
constexpr uint64_t kLargeImage = uint64_t{64} << 20;

uint32_t unix_time() { return static_cast<uint32_t>(::time(nullptr)); }

// Nothing but the SOA goes and comes, and it is the same one.
bool changes_nothing(const Changeset& changes) {
    return changes.removed_count() == 1 && changes.added_count() == 1 &&
           std::ranges::equal(changes.removed(), changes.added());
}

SerialStep step_between(uint32_t from, uint32_t to, const Changeset& changes) {
    if (from == to) return changes_nothing(changes) ? SerialStep::Same : SerialStep::Reused;
    return dns::is_later_serial(to, from) ? SerialStep::Later : SerialStep::Earlier;
}

}  // namespace

ZoneLedger::Book::ZonePtr ZoneLedger::Book::zone_of(const dns::Name& apex) {
    const std::lock_guard lock(mutex_);
    ZonePtr& zone = zones_[dns::key_of(apex)];
    if (!zone) {
        zone = std::make_shared<Zone>();
        zone->number = zones_.size();
        const dns::Name lowered = apex.lowered();
        zone->apex.assign(lowered.wire().begin(), lowered.wire().end());
    }
    return zone;
}

ZoneLedger::Book::ZonePtr ZoneLedger::Book::find(const dns::Name& apex) const {
    const std::lock_guard lock(mutex_);
    const auto found = zones_.find(dns::key_of(apex));
    return found == zones_.end() ? nullptr : found->second;
}

std::optional<PinnedVersion> ZoneLedger::Book::pin_available(const dns::Name& apex) {
    auto pinned = table_.pin(apex);
    if (pinned && pinned->version().is_unavailable()) pinned.reset();
    return pinned;
}

Result<ZoneLedger::Book::Room> ZoneLedger::Book::room_for(const Image& image) {
    const uint64_t size = image.header().size;
    Room room(granted_, size);
    const uint64_t most = limits_.memory_max;
    const auto fits = [&] { return most == 0 || table_.bytes() + granted_ <= most; };
    if (!fits()) table_.collect();  // Nobody may read any more what was replaced just now.
    if (fits()) return room;
    const auto kib = [](uint64_t bytes) { return std::to_string((bytes + 1023) / 1024) + " KiB"; };
    return base::fail("no room in memory: the zones have " + kib(table_.bytes()) + " of " +
                          kib(most) + ", and this version needs " + kib(size) + " beside them",
                      "raise memory_max_mib in [zones] and restart, or serve fewer zones here");
}

// Of the version that is to follow what was known before.
std::optional<uint32_t> ZoneLedger::Book::went_back_from(const Known& before, uint32_t serial,
                                                         SerialStep step) {
    const auto& known = before.origin.went_back_from;
    // It was served once, though not now.
    const bool is_earlier = step == SerialStep::First && before.version != 0 &&
                            dns::is_later_serial(before.serial, serial);
    const bool goes_back = is_earlier || step == SerialStep::Earlier || step == SerialStep::Reused;
    if (!goes_back || (known && dns::is_later_serial(*known, before.serial))) return known;
    return before.serial;
}

Result<SerialStep> ZoneLedger::Book::replace(const dns::Name& apex, ImageBlock image,
                                             const ZoneOrigin& origin, const Judge& judge) {
    const ZonePtr zone = zone_of(apex);
    std::unique_lock changing(zone->changing);
    const auto room = room_for(image.image());
    if (room && origin.kind == ZoneOrigin::Kind::File && resume(*zone, image.image(), origin)) {
        changing.unlock();
        if (on_change) on_change(apex);
        return SerialStep::Resumed;
    }
    if (judge && !judge(*state(apex))) return SerialStep::Refused;
    const Known before = known(*zone);
    Step step;
    step.to_serial = image.image().header().serial;
    step.image = image.image();
    step.origin = origin;
    step.durability = origin.kind == ZoneOrigin::Kind::File ? Durability::Later : Durability::Now;
    SerialStep kind = SerialStep::First;
    Changeset changes;
    if (const auto served = pin_available(apex)) {
        step.from_serial = served->version().serial();
        changes = difference(served->version(), Version(image.image()));
        kind = step_between(step.from_serial, step.to_serial, changes);
    }
    step.origin->went_back_from = went_back_from(before, step.to_serial, kind);
    if (kind == SerialStep::Same) {
        step.version = before.version;
        if (!before.is_unsaved) step.image.reset();
        if (auto done = save(*zone, step); !done) return std::unexpected(done.error());
        const std::lock_guard lock(mutex_);
        zone->origin = *step.origin;
        return SerialStep::Same;
    }
    if (!room) return std::unexpected(room.error());
    step.version = next_version();
    step.base = before.version;
    // A difference larger than the zone is of no use to anyone.
    const bool is_useful =
        changes.removed().size() + changes.added().size() < image.image().header().size;
    if (kind == SerialStep::Later && is_useful) step.changes = &changes;
    step.cuts_history = step.changes == nullptr;
    if (auto done = save(*zone, step); !done) return std::unexpected(done.error());
    serve(*zone, step, std::move(image));
    changing.unlock();
    if (on_change) on_change(apex);
    return kind;
}

Result<void> ZoneLedger::Book::apply(const dns::Name& apex, const Changeset& changes) {
    const ZonePtr zone = zone_of(apex);
    std::unique_lock changing(zone->changing);
    const auto served = pin_available(apex);
    if (!served) return base::fail(dns::to_text(apex) + " has no data that could be changed");
    if (served->version().serial() != changes.from_serial()) {
        return base::fail(dns::to_text(apex) + " has serial " +
                          std::to_string(served->version().serial()) +
                          ", and the changes begin with " + std::to_string(changes.from_serial()));
    }
    const Known before = known(*zone);
    if (why_nothing_is_kept_ && is_update(before)) return std::unexpected(*why_nothing_is_kept_);
    auto image = make_next(served->version(), changes);
    if (!image) return std::unexpected(image.error());
    const auto room = room_for(image->image());
    if (!room) return std::unexpected(room.error());
    Step step;
    step.version = next_version();
    step.base = before.version;
    step.from_serial = changes.from_serial();
    step.to_serial = changes.to_serial();
    step.flags = kApplied;
    step.changes = &changes;
    // Beside the first update, too, it is known of which file it was made.
    if (before.origin.kind == ZoneOrigin::Kind::File && !before.origin.is_updated) {
        step.origin = before.origin;
        step.origin->is_updated = true;
    }
    // They lead on from nothing that is stored.
    if (before.is_unsaved) {
        if (image->image().is_delta()) image = fold_whole(Version(image->image()));
        if (!image) return std::unexpected(image.error());
        step.image = image->image();
        step.origin = before.origin;
        step.origin->is_updated = step.origin->kind == ZoneOrigin::Kind::File;
    }
    if (auto done = save(*zone, step); !done) return done;
    serve(*zone, step, *std::move(image));
    changing.unlock();
    want_image_if_due(*zone);
    if (on_change) on_change(apex);
    return {};
}

// Not with the change itself: that is stored also where an image finds no room.
void ZoneLedger::Book::want_image_if_due(Zone& zone) {
    const std::lock_guard lock(mutex_);
    const uint64_t behind = zone.history.bytes_after_image();
    if (behind <= std::max(kChangesMin, zone.image_size / kImageShare)) return;
    if (behind <= kRefusedGrowth * zone.image_refused_at) return;
    zone.wants_image = true;
    wake_to_save();
}

ZoneLedger::Book::Known ZoneLedger::Book::known(const Zone& zone) const {
    const std::lock_guard lock(mutex_);
    return zone;
}

Result<void> ZoneLedger::Book::save(Zone& zone, const Step& step) {
    auto done = write(zone, step);
    const std::lock_guard lock(mutex_);
    // Who sent an update must not be told that it was taken.
    if (done || ((step.flags & kApplied) != 0 && is_update(zone))) return done;
    log::error("zone_not_stored", {{"zone", dns::to_text(zone.apex_name())},
                                   {"reason", done.error().message},
                                   {"try", done.error().hint},
                                   {"next", "it is served from memory, and stored later"}});
    release(zone.history.cut());
    need_image(zone);
    return {};
}

Result<void> ZoneLedger::Book::write(Zone& zone, const Step& step) {
    const dns::Name apex = zone.apex_name();
    EntryHead head{};
    head.written_at = unix_time();
    head.version = step.version;
    head.from_serial = step.from_serial;
    head.to_serial = step.to_serial;
    std::vector<StoreEntry> entries;
    std::vector<uint8_t> changes;
    std::vector<uint8_t> origin;
    const auto add = [&](EntryKind kind, uint64_t base, std::span<const uint8_t> payload) {
        entries.push_back({head, apex, payload});
        entries.back().head.kind = kind;
        entries.back().head.base = base;
    };
    if (step.changes != nullptr) {
        changes = encode_changes(*step.changes);
        add(EntryKind::Changes, step.base, changes);
        entries.back().head.flags = step.flags;
    }
    if (step.image && keeps_images_) {
        add(EntryKind::Image, 0, {step.image->block(), step.image->header().size});
    }
    if (step.origin && keeps_images_) {
        origin = encode_origin(*step.origin);
        add(EntryKind::Origin, next_version(), origin);
    }
    if (entries.empty()) {
        count_in(zone, step, {});
        return {};
    }
    const auto stored = store_->append(entries, step.durability);
    if (!stored) {
        if (store_->needs_compaction()) wake();
        return std::unexpected(stored.error());
    }
    count_in(zone, step, *stored);
    return {};
}

void ZoneLedger::Book::claim(Zone& zone, std::span<const StoredEntry> stored) {
    for (const StoredEntry& entry : stored) {
        ++zone.history.on_disk;
        release(zone.history.add(entry));
    }
    if (!store_->claim(stored)) need_image(zone);
}

void ZoneLedger::Book::count_in(Zone& zone, const Step& step, std::span<const StoredEntry> stored) {
    const std::lock_guard lock(mutex_);
    if (step.cuts_history) release(zone.history.cut());
    if (step.image) {
        zone.is_unsaved = false;
        zone.wants_image = false;
        zone.image_refused_at = 0;
    }
    claim(zone, stored);
    release(zone.history.trim(limits_.journal_count_max, limits_.journal_bytes_max));
    if (store_->needs_compaction()) wake();
}

void ZoneLedger::Book::serve(Zone& zone, const Step& step, ImageBlock image) {
    {
        const std::lock_guard lock(mutex_);
        zone.version = step.version;
        zone.serial = step.to_serial;
        zone.image_size = Version(image.image()).base().header().size;
        zone.is_available = true;
        zone.is_claimed = true;
        if (step.origin) {
            zone.origin = *step.origin;
        } else if ((step.flags & kApplied) != 0) {
            zone.origin.is_updated = zone.origin.kind == ZoneOrigin::Kind::File;
        }
    }
    publish(zone, std::move(image));
}

// A delta whose base is not the one that is served, as when somebody else has published the zone,
// still says what the zone is: with its base, which is pinned, it makes a whole image.
void ZoneLedger::Book::publish(Zone& zone, ImageBlock image) {
    if (table_.publish(std::move(image))) return;
    // NOLINTNEXTLINE(bugprone-use-after-move): it was not taken.
    auto whole = fold_whole(Version(image.image()));
    if (whole) {
        table_.publish(*std::move(whole));
        return;
    }
    log::error("zone_not_served", {{"zone", dns::to_text(zone.apex_name())},
                                   {"reason", whole.error().message},
                                   {"next", "it answers SERVFAIL until it is loaded again"}});
    table_.publish(build_unavailable_image(zone.apex_name()));
    const std::lock_guard lock(mutex_);
    zone.is_available = false;
}

bool ZoneLedger::Book::is_update(const Known& zone) {
    return zone.origin.kind != ZoneOrigin::Kind::Primary &&
           zone.origin.kind != ZoneOrigin::Kind::Derived;
}

std::unique_lock<std::mutex> ZoneLedger::Book::turn_to_compile(const Version& version) {
    const bool is_large = version.base().header().size > kLargeImage;
    return is_large ? std::unique_lock(compiling_) : std::unique_lock<std::mutex>();
}

Result<ImageBlock> ZoneLedger::Book::fold_whole(const Version& version) {
    const auto turn = turn_to_compile(version);
    return fold(version);
}

Result<ImageBlock> ZoneLedger::Book::make_next(const Version& from, const Changeset& changes) {
    auto delta = next_delta(from, changes);
    if (!delta) return std::unexpected(delta.error());
    if (*delta) return **std::move(delta);
    const auto turn = turn_to_compile(from);
    return apply_changes(from, changes);
}

void ZoneLedger::Book::release(std::span<const StoredEntry> garbage) {
    for (const StoredEntry& entry : garbage) store_->release(entry);
}

Result<void> ZoneLedger::Book::confirm(const dns::Name& apex, std::chrono::seconds when) {
    const ZonePtr zone = find(apex);
    if (!zone) return base::fail(dns::to_text(apex) + " is not served");
    const std::lock_guard changing(zone->changing);
    StoreEntry entry{{}, apex, {}};
    entry.head.kind = EntryKind::Confirmed;
    entry.head.written_at = static_cast<uint32_t>(when.count());
    entry.head.version = known(*zone).version;
    entry.head.base = next_version();
    const auto stored = store_->append({&entry, 1}, Durability::Later);
    const std::lock_guard lock(mutex_);
    zone->confirmed_at = when;
    if (store_->needs_compaction()) wake();
    if (!stored) return {};  // The store says so itself, and the zone is as fresh as before.
    claim(*zone, *stored);
    return {};
}

Result<void> ZoneLedger::Book::withdraw(const dns::Name& apex) {
    const ZonePtr zone = find(apex);
    if (!zone) return {};
    auto done = forget(*zone);
    if (on_change) on_change(apex);
    return done;
}

Result<void> ZoneLedger::Book::forget(Zone& zone) {
    const std::lock_guard changing(zone.changing);
    table_.withdraw(zone.apex_name());
    {
        const std::lock_guard lock(mutex_);
        zone.is_available = false;
        zone.is_claimed = true;
        zone.is_unsaved = false;
        zone.version = 0;
        zone.origin = {};
        zone.damages.clear();
    }
    auto done = bury(zone, Durability::Later);
    wake();
    return done;
}

// What is stored of a zone that was withdrawn is nobody's any more. Where that cannot be written it
// is tried again, or the next start would find the zone.
Result<void> ZoneLedger::Book::bury(Zone& zone, Durability durability) {
    const dns::Name apex = zone.apex_name();
    StoreEntry entry{{}, apex, {}};
    entry.head.kind = EntryKind::Withdrawn;
    entry.head.written_at = unix_time();
    entry.head.version = next_version();
    auto stored = store_->append({&entry, 1}, durability);
    const std::lock_guard lock(mutex_);
    zone.is_unsaved = !stored;
    if (!stored) {
        try_again();
        return std::unexpected(stored.error());
    }
    ++zone.history.on_disk;
    release(zone.history.clear(stored->front()));
    if (!store_->claim(*stored)) need_image(zone);
    return {};
}

void ZoneLedger::Book::make_unavailable(const dns::Name& apex) {
    const ZonePtr zone = zone_of(apex);
    const std::lock_guard changing(zone->changing);
    table_.publish(build_unavailable_image(apex));
    const std::lock_guard lock(mutex_);
    zone->is_available = false;
    zone->is_claimed = true;
}

}  // namespace nearcast::zone
