// SPDX-License-Identifier: Apache-2.0

// What a start finds, and what it makes of it when some of that is damaged.

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/side_by_side.h"
#include "zone/apply.h"
#include "zone/ledger_book.h"

namespace nearcast::zone {
namespace {

using base::Result;
namespace log = base::log;

// Damage in many places is one disk that fails: what is told of one zone has a bound.
constexpr size_t kDamagesMax = 8;

// The versions in a segment that is not read are not known. Those made now must be the later ones
// if it is readable again some day: more than all the segments there can be have entries.
constexpr uint64_t kUnreadVersions = uint64_t{1} << 40;

// Reading a small zone takes some ten microseconds, as starting a thread does.
constexpr size_t kThreadShare = 256;

// What can be done about a place that is damaged: what it held is repaired without anybody's doing.
constexpr std::string_view kDamageHint =
    "should it come again, look for a disk or memory that fails";

std::string list_of(const std::vector<uint32_t>& serials) {
    std::string text;
    for (size_t i = 0; i < serials.size(); ++i) {
        if (i > 0) text += i + 1 == serials.size() ? " and " : ", ";
        text += std::to_string(serials[i]);
    }
    return text;
}

void add_damage(std::vector<std::string>& damages, std::string text) {
    if (damages.size() < kDamagesMax) damages.push_back(std::move(text));
}

}  // namespace

Result<void> ZoneLedger::Book::open(std::unique_ptr<StoreDisk> disk) {
    auto store = ZoneStore::open(
        std::move(disk), limits_.store,
        {.entry = [this](const ReadHead& entry, EntryPlace place,
                         std::span<const uint8_t> payload) { take_found(entry, place, payload); },
         .damage = [this](const SegmentDamage& damage) { take_damage(damage); }});
    if (!store) return std::unexpected(store.error());
    store_ = *std::move(store);
    store_->on_doubt([this](uint64_t segment, uint64_t from) { take_doubt(segment, from); });
    last_found_.reset();
    if (has_unread_) next_version_ += kUnreadVersions;
    settle_all();
    thread_ = std::thread([this] { run(); });
    return {};
}

ZoneLedger::Book::ZonePtr ZoneLedger::Book::zone_of_found(const dns::Name& apex) {
    if (!last_found_ || !std::ranges::equal(last_found_->apex, apex.wire())) {
        last_found_ = zone_of(apex);
    }
    return last_found_;
}

void ZoneLedger::Book::take_found(const ReadHead& entry, EntryPlace place,
                                  std::span<const uint8_t> payload) {
    const ZonePtr zone = zone_of_found(entry.apex);
    ++zone->history.on_disk;
    zone->history.find({entry.head, place});
    next_version_ = std::max({next_version_.load(), entry.head.version + 1, entry.head.base + 1});
    if (entry.head.kind == EntryKind::Confirmed) {
        zone->confirmed_at =
            std::max(zone->confirmed_at, std::chrono::seconds(entry.head.written_at));
    }
    if (entry.head.kind != EntryKind::Origin) return;
    // The newest comes last, but for what compaction has copied.
    if (entry.head.base < zone->origin_number) return;
    zone->origin_number = entry.head.base;
    zone->origin_version = entry.head.version;
    zone->origin = decode_origin(payload).value_or(ZoneOrigin{});
}

void ZoneLedger::Book::take_damage(const SegmentDamage& damage) {
    log::warning(
        "store_damaged",
        {{"place", damage.to_text()},
         {"zone", damage.entry ? dns::to_text(damage.entry->apex) : std::string("unknown")},
         {"try", damage.hint.empty() ? std::string(kDamageHint) : damage.hint}});
    has_unread_ |= damage.is_of_all();
    if (!damage.entry) return add_damage(damages_, damage.to_text());
    const ZonePtr zone = zone_of(damage.entry->apex);
    ++zone->history.on_disk;  // Compaction drops it as any other.
    zone->history.find_damaged(damage.entry->head);
    next_version_ = std::max(
        {next_version_.load(), damage.entry->head.version + 1, damage.entry->head.base + 1});
    add_damage(zone->damages, damage.to_text());
}

// So that what was allocated one after the other, and lies so on the disk, is visited so.
std::vector<ZoneLedger::Book::ZonePtr> ZoneLedger::Book::found_zones() const {
    std::vector<std::pair<uint64_t, ZonePtr>> numbered;
    numbered.reserve(zones_.size());
    for (const auto& [key, zone] : zones_) numbered.emplace_back(zone->number, zone);
    std::ranges::sort(numbered, {}, &std::pair<uint64_t, ZonePtr>::first);
    std::vector<ZonePtr> zones;
    zones.reserve(numbered.size());
    for (auto& [number, zone] : numbered) zones.push_back(std::move(zone));
    return zones;
}

void ZoneLedger::Book::settle_all() {
    for (const ZonePtr& zone : found_zones()) {
        release(zone->history.settle());
        const auto images = zone->history.images();
        if (images.empty()) continue;
        const EntryHead& head = images.front().head;
        const auto changes = zone->history.changes_after(head.version);
        zone->serial = changes.empty() ? head.to_serial : changes.back().head.to_serial;
        zone->image_size = head.payload_size;
        zone->confirmed_at =
            std::max(zone->confirmed_at, std::chrono::seconds(images.front().head.written_at));
    }
}

Result<std::vector<uint8_t>> ZoneLedger::Book::read(const StoredEntry& entry) const {
    const auto segment = store_->segment_of(entry.place);
    if (segment == nullptr) return base::fail("its segment is gone");
    return segment->read(entry.head, entry.place.at);
}

Result<ImageBlock> ZoneLedger::Book::read_image(const StoredEntry& entry) const {
    const auto segment = store_->segment_of(entry.place);
    if (segment == nullptr) return base::fail("its segment is gone");
    return segment->read_image(entry.head, entry.place.at);
}

void ZoneLedger::Book::lose(Zone& zone, const StoredEntry& entry, const std::string& why) {
    const std::lock_guard lock(mutex_);
    lose_locked(zone, entry, why);
}

void ZoneLedger::Book::lose_locked(Zone& zone, const StoredEntry& entry, const std::string& why) {
    log::warning("store_damaged", {{"place", why}, {"zone", dns::to_text(zone.apex_name())}});
    add_damage(zone.damages, why);
    release(zone.history.lose(entry));
    if (zone.is_available) need_image(zone);
}

// What was written and not yet synced may be on no disk. It is written again, elsewhere.
void ZoneLedger::Book::take_doubt(uint64_t segment, uint64_t from) {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, zone] : zones_) {
        // Of a zone that has expired there is nothing in memory that could be written again.
        if (!zone->is_available && zone->version != 0) continue;
        for (const StoredEntry& entry : zone->history.lying_in(segment, from)) {
            release(zone->history.lose(entry));
            need_image(*zone);
        }
    }
}

// A whole image is stored soon, which needs nothing that was stored before; of a zone that was
// withdrawn, that it was.
void ZoneLedger::Book::need_image(Zone& zone) {
    zone.is_unsaved = true;
    wake_to_save();
}

// The changes behind this version, as far as they can be read.
std::vector<Changeset> ZoneLedger::Book::read_chain(Zone& zone, const ZoneHistory::Entries& chain) {
    std::vector<Changeset> all;
    for (const StoredEntry& entry : chain) {
        const auto bytes = read(entry);
        auto changes = bytes ? decode_changes(*bytes) : std::nullopt;
        if (!changes) {
            lose(zone, entry, bytes ? "changes that cannot be read" : bytes.error().message);
            break;
        }
        all.push_back(*std::move(changes));
    }
    return all;
}

// One after the other only where not all at once: letters may differ between what was added and
// what was removed later.
Result<ImageBlock> ZoneLedger::Book::apply_all(const Image& image,
                                               std::span<const Changeset> changes) {
    const auto turn = turn_to_compile(Version(image));
    auto whole = apply_changes(Version(image), compose(changes));
    if (whole || changes.size() == 1) return whole;
    auto next = apply_changes(Version(image), changes.front());
    for (const Changeset& each : changes.subspan(1)) {
        if (!next) return next;
        next = apply_changes(Version(next->image()), each);
    }
    return next;
}

std::optional<ZoneLedger::Book::Restored> ZoneLedger::Book::read_from(Zone& zone,
                                                                      const StoredEntry& entry) {
    auto image = read_image(entry);
    const auto owner = image ? dns::Name::from_wire(image->image().apex().owner()) : std::nullopt;
    if (!owner || !(*owner == zone.apex_name())) {
        lose(zone, entry, image ? "an image of another zone" : image.error().message);
        return std::nullopt;
    }
    const auto chain = zone.history.changes_after(entry.head.version);
    const auto changes = read_chain(zone, chain);
    if (changes.empty()) return Restored{*std::move(image), entry, entry.head.version};
    auto newest = apply_all(image->image(), changes);
    if (newest) return Restored{*std::move(newest), entry, chain[changes.size() - 1].head.version};
    lose(zone, chain.front(), newest.error().message);
    return Restored{*std::move(image), entry, entry.head.version};
}

std::optional<ZoneLedger::Book::Restored> ZoneLedger::Book::read_best(Zone& zone) {
    for (const StoredEntry& image : zone.history.images()) {
        if (auto restored = read_from(zone, image)) return restored;
    }
    return std::nullopt;
}

Result<void> ZoneLedger::Book::restore(const dns::Name& apex, Losses losses) {
    const ZonePtr zone = find(apex);
    if (!zone) return base::fail("nothing is stored of " + dns::to_text(apex));
    const std::lock_guard changing(zone->changing);
    const std::lock_guard still(moving_);  // Or what was looked up is gone when it is read.
    return restore(*zone, losses);
}

Result<void> ZoneLedger::Book::restore(Zone& zone, Losses losses) {
    auto restored = read_best(zone);
    if (losses == Losses::Refused &&
        !zone.history.serials_after(restored ? restored->version : 0).empty()) {
        return base::fail("the last version of " + dns::to_text(zone.apex_name()) +
                          " is not stored whole");
    }
    if (!restored) {
        const std::lock_guard lock(mutex_);
        tell_of_loss(zone, 0, "serving nothing that was stored");
        return base::fail("nothing good is stored of " + dns::to_text(zone.apex_name()) +
                          (zone.damages.empty() ? "" : ": " + zone.damages.back()));
    }
    const auto room = room_for(restored->image.image());
    if (!room) return std::unexpected(room.error());
    begin_service(zone, *restored);
    table_.publish(std::move(restored->image));
    return {};
}

void ZoneLedger::Book::restore_all(const Claim& claim, Losses losses) {
    struct Claimed {
        ZonePtr zone;
        ZoneLedger::Restored restored;
    };
    std::vector<Claimed> claimed;
    {
        const std::lock_guard lock(mutex_);
        for (ZonePtr& zone : found_zones()) {
            if (zone->is_claimed || !zone->history.has_data()) continue;
            auto restored = claim(zone->apex_name(), zone->origin);
            if (restored) claimed.push_back({std::move(zone), std::move(restored)});
        }
    }
    const auto restore_one = [&](size_t number) {
        const Claimed& each = claimed[number];
        // Not by waiting, since moving_ is taken second elsewhere. Whoever has it serves the zone.
        const std::unique_lock changing(each.zone->changing, std::try_to_lock);
        if (!changing || !restore(*each.zone, losses)) return;
        each.restored(each.zone->apex_name(), each.zone->origin);  // As it is while this is held.
    };
    const std::lock_guard still(moving_);
    base::side_by_side(claimed.size(), kThreadShare, restore_one);
}

// By the stamps of the file, where the origin that is stored is that of this chain.
bool ZoneLedger::Book::is_made_of(const Zone& zone, const ZoneHistory::Entries& chain,
                                  const ZoneOrigin& origin) {
    const bool is_stamped =
        std::ranges::all_of(origin.files, [](const FileStamp& stamp) { return stamp.size >= 0; });
    if (!is_stamped || zone.origin.kind != origin.kind || zone.origin.files != origin.files) {
        return false;
    }
    if (zone.origin_version == chain.front().head.base) return true;
    // Updates lead to the version it was written with.
    for (const StoredEntry& entry : chain) {
        if ((entry.head.flags & kApplied) == 0) return false;
        if (entry.head.version == zone.origin_version) return true;
    }
    return false;
}

std::optional<ZoneLedger::Book::Restored> ZoneLedger::Book::rebuild(Zone& zone, const Image& image,
                                                                    const ZoneOrigin& origin) {
    const uint64_t same = zone.history.version_of(image.header());
    for (const uint64_t base : zone.history.bases(image.header().serial)) {
        const auto chain = zone.history.changes_after(base);
        if (base != same && !is_made_of(zone, chain, origin)) continue;
        const auto changes = read_chain(zone, chain);
        if (changes.empty()) return std::nullopt;
        auto newest = apply_all(image, changes);
        if (!newest) {
            lose(zone, chain.front(), newest.error().message);
            return std::nullopt;
        }
        return Restored{*std::move(newest), zone.history.image_of(base).value_or(StoredEntry{}),
                        chain[changes.size() - 1].head.version, &origin};
    }
    return std::nullopt;
}

bool ZoneLedger::Book::resume(Zone& zone, const Image& image, const ZoneOrigin& origin) {
    const bool is_of_file =
        zone.origin.kind == ZoneOrigin::Kind::File || zone.origin.kind == ZoneOrigin::Kind::Unknown;
    if (zone.is_claimed || !is_of_file || !zone.history.has_found()) return false;
    const std::lock_guard still(moving_);
    auto best = read_best(zone);
    auto rebuilt = rebuild(zone, image, origin);
    const bool is_resumed = rebuilt && (!best || rebuilt->version >= best->version);
    if (is_resumed) best = std::move(rebuilt);
    if (!best) {
        const std::lock_guard lock(mutex_);
        tell_of_loss(zone, zone.history.version_of(image.header()),
                     "serving what the file has, serial " + std::to_string(image.header().serial));
        return false;
    }
    begin_service(zone, *best);
    if (is_resumed) {
        log::warning("zone_rebuilt",
                     {{"zone", dns::to_text(zone.apex_name())},
                      {"serial", std::to_string(best->image.image().header().serial)},
                      {"what", "made of its file and the stored changes behind it"}});
    }
    table_.publish(std::move(best->image));
    return is_resumed;
}

void ZoneLedger::Book::tell_of_loss(Zone& zone, uint64_t version, const std::string& served) {
    const auto lost = zone.history.serials_after(version);
    if (lost.empty()) return;
    zone.lost_serial = lost.back();
    const std::string text =
        served + "; " + list_of(lost) + (lost.size() == 1 ? " is" : " are") + " lost";
    add_damage(zone.damages, text);
    log::error("zone_lost_changes", {{"zone", dns::to_text(zone.apex_name())},
                                     {"what", text},
                                     {"next", "they are transferred or loaded anew"}});
}

void ZoneLedger::Book::begin_service(Zone& zone, const Restored& restored) {
    const std::lock_guard lock(mutex_);
    const uint32_t serial = restored.image.image().header().serial;
    tell_of_loss(zone, restored.version, "serving serial " + std::to_string(serial));
    if (!zone.history.image()) {
        release(zone.history.begin(restored.entry, restored.version));
        settle_origin(zone);
    }
    if (restored.origin) {
        const auto went_back_from = zone.origin.went_back_from;
        zone.origin = *restored.origin;
        zone.origin.went_back_from = went_back_from;
        zone.origin.is_updated = true;
    }
    zone.version = restored.version;
    zone.serial = serial;
    zone.image_size = restored.image.image().header().size;
    zone.is_available = true;
    zone.is_claimed = true;
    // It may stand on an older image, or on what is told as damaged: a new one is good again.
    if (!zone.damages.empty() || restored.origin) need_image(zone);
}

// What is known of the origin holds for the version it was written with, and for those that were
// made of it by changes alone.
void ZoneLedger::Book::settle_origin(Zone& zone) {
    const auto& entry = zone.history.origin();
    if (entry && entry->head.base != zone.origin_number) {
        const auto bytes = read(*entry);
        zone.origin = (bytes ? decode_origin(*bytes) : std::nullopt).value_or(ZoneOrigin{});
    }
    bool is_good = entry.has_value();
    for (const StoredEntry& changes : zone.history.changes()) {
        if (!entry || changes.head.version <= entry->head.version) continue;
        is_good &= (changes.head.flags & kApplied) != 0;
        zone.origin.is_updated = zone.origin.kind == ZoneOrigin::Kind::File;
    }
    if (is_good) return;
    // Whatever it was, updates may have changed it.
    zone.origin = {
        .is_updated = std::ranges::any_of(
            zone.history.changes(),
            [](const StoredEntry& changes) { return (changes.head.flags & kApplied) != 0; }),
        .went_back_from = zone.origin.went_back_from};
}

}  // namespace nearcast::zone
