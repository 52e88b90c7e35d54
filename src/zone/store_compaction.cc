// SPDX-License-Identifier: Apache-2.0

// Compaction. The order makes every moment safe to be killed at:
//
//   copy live entries to NUMBER.new ─ sync it ─ rename it ─ sync the names ─ list it in place of
//   the old ones ─ remove these
//
// Until the rename the copy is thrown away at the next start; from then on both may be found, and
// an entry that is found twice is the same entry.

#include <algorithm>
#include <utility>

#include "zone/store.h"

namespace nearcast::zone {
namespace {

using base::Result;

// A segment is copied when this part of it is garbage: then copying a byte frees one at least.
constexpr uint64_t kShare = 2;
// The same while something waits for room: a segment is copied for a sixteenth of its size. With
// more, a full store would stay full for garbage that is spread out; with much less it would be
// copied over and over.
constexpr uint64_t kFullShare = 16;

struct Move {
    ReadHead entry;
    EntryPlace from;
    EntryPlace to;
};

class Copier {
 public:
    Copier(std::shared_ptr<Segment> target, const ZoneStore::Owner& owner)
        : owner_(owner), writer_(std::move(target), kEntriesAt) {}

    Result<void> copy(const Segment& source) {
        Result<void> outcome;
        const auto end = source.scan(
            {.entry =
                 [&](const ReadHead& entry, uint64_t at, std::span<const uint8_t> payload) {
                     if (outcome) outcome = take(source, entry, at, payload);
                 },
             .damage =
                 [&](const SegmentDamage& damage) {
                     if (!damage.entry) return;
                     lost_.push_back({*damage.entry, {source.number(), damage.at}, {}});
                     reasons_.push_back(damage.to_text());
                 }});
        if (!end) return std::unexpected(end.error());
        return outcome;
    }

    Result<void> finish() {
        if (auto done = writer_.flush(); !done) return done;
        return writer_.segment()->file().sync();
    }

    // Tells the owner, once the copies are in place.
    void tell(ZoneStore& store) const {
        for (const Move& move : moves_) {
            if (!owner_.moved(move.entry, move.from, move.to)) {
                store.release({move.entry.head, move.to});
            }
        }
        for (const Move& move : garbage_) owner_.dropped(move.entry, move.from, {});
        for (size_t i = 0; i < lost_.size(); ++i) {
            owner_.dropped(lost_[i].entry, lost_[i].from, reasons_[i]);
        }
    }

    [[nodiscard]] uint64_t size() const { return writer_.end() - kEntriesAt; }

 private:
    Result<void> take(const Segment& source, const ReadHead& entry, uint64_t at,
                      std::span<const uint8_t> payload) {
        const EntryPlace from{source.number(), at};
        if (!owner_.is_live(entry, from)) {
            garbage_.push_back({entry, from, {}});
            return {};
        }
        if (entry.head.kind == EntryKind::Image) return take_image(source, entry, at);
        return put(entry, from, payload);
    }

    Result<void> take_image(const Segment& source, const ReadHead& entry, uint64_t at) {
        auto image = source.read_image(entry.head, at);
        if (!image) return lose(entry, {source.number(), at}, image.error());
        return put(entry, {source.number(), at}, image->bytes());
    }

    Result<void> put(const ReadHead& entry, EntryPlace from, std::span<const uint8_t> payload) {
        const auto stored = writer_.put(entry.head, entry.apex, payload);
        if (!stored) return std::unexpected(stored.error());
        moves_.push_back({{stored->head, entry.apex}, from, stored->place});
        return {};
    }

    Result<void> lose(const ReadHead& entry, EntryPlace from, const base::Error& error) {
        lost_.push_back({entry, from, {}});
        reasons_.push_back(error.message);
        return {};
    }

    const ZoneStore::Owner& owner_;
    SegmentWriter writer_;
    std::vector<Move> moves_;
    std::vector<Move> garbage_;
    std::vector<Move> lost_;
    std::vector<std::string> reasons_;
};

}  // namespace

// With the mutex held. While there is room, only what at least halves is copied.
bool ZoneStore::is_worth_compacting(const Shelf& shelf) const {
    const uint64_t garbage = shelf.size - shelf.live;
    if (shelf.unclaimed > 0 || garbage == 0) return false;
    return garbage >= shelf.size / (refused_ > 0 ? kFullShare : kShare);
}

bool ZoneStore::needs_compaction() const {
    const std::lock_guard lock(mutex_);
    const uint64_t garbage = garbage_locked();
    if (garbage > limits_.garbage_min && garbage * kShare > size_locked()) return true;
    return refused_ > 0 && std::ranges::any_of(shelves_, [this](const auto& each) {
               return is_worth_compacting(each.second);
           });
}

// The segments with the most garbage, as many as give one full new one. Takes the turn of a thread
// that writes: those who wait meanwhile wait for the sync of one segment.
ZoneStore::Segments ZoneStore::choose_victims() {
    std::unique_lock lock(mutex_);
    turn_.wait(lock, [this] { return !is_writing_; });
    is_writing_ = true;
    lock.unlock();
    const auto sealed = seal_active();
    lock.lock();
    is_writing_ = false;
    turn_.notify_all();
    if (!sealed) {
        // What makes older entries garbage may not be on the disk.
        note(sealed);
        return {};
    }
    std::vector<const Shelf*> shelves;
    for (const auto& [number, shelf] : shelves_) {
        if (is_worth_compacting(shelf)) shelves.push_back(&shelf);
    }
    std::ranges::sort(shelves, {}, [](const Shelf* shelf) { return shelf->live; });
    Segments victims;
    uint64_t live = 0;
    for (const Shelf* const shelf : shelves) {
        if (!victims.empty() && live + shelf->live > limits_.segment_size) break;
        live += shelf->live;
        victims.push_back(shelf->segment);
    }
    return victims;
}

Result<void> ZoneStore::compact(const Owner& owner) {
    const Segments victims = choose_victims();
    if (victims.empty()) return {};
    auto done = replace_segments(victims, owner);
    if (done) return done;
    const std::lock_guard lock(mutex_);
    note(done);
    return done;
}

Result<void> ZoneStore::replace_segments(const Segments& victims, const Owner& owner) {
    uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = next_number_++;
    }
    const std::string name = Segment::name_of(number);
    const std::string unfinished = name + std::string(kUnfinishedEnding);
    auto target = Segment::create(*disk_, unfinished, number);
    if (!target) return std::unexpected(target.error());
    Copier copier(*target, owner);
    Result<void> done;
    for (size_t i = 0; done && i < victims.size(); ++i) done = copier.copy(*victims[i]);
    if (done) done = copier.finish();
    if (done) done = disk_->rename(unfinished, name);
    if (done) done = disk_->sync_names();
    if (done) done = relist(number, victims);
    if (!done) {
        (void)disk_->remove(unfinished);
        // Under its new name nobody would know of it: after a start it would bring back zones.
        (void)disk_->remove(name);
        return done;
    }
    install(*std::move(target), copier.size());
    copier.tell(*this);
    discard(victims);
    return {};
}

void ZoneStore::discard(const Segments& victims) {
    for (const auto& victim : victims) {
        (void)disk_->remove(victim->name());
        const std::lock_guard lock(mutex_);
        shelves_.erase(victim->number());
    }
    (void)disk_->sync_names();
}

}  // namespace nearcast::zone
