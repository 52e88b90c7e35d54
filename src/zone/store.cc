// SPDX-License-Identifier: Apache-2.0

#include "zone/store.h"

#include <algorithm>
#include <utility>

#include "zone/segment_list.h"

namespace nearcast::zone {
namespace {

using base::Result;

// What is written and synced with one call at most: a change that comes alone meanwhile waits for
// no more than the disk needs for this.
constexpr uint64_t kGroupSizeMax = uint64_t{8} << 20;

constexpr std::string_view kDamagedEnding = ".damaged";

uint64_t size_of(const StoreEntry& entry) { return kEntryHeadMax + padded(entry.payload.size()); }

}  // namespace

struct ZoneStore::Batch {
    std::span<const StoreEntry> entries;
    Durability durability = Durability::Now;
    uint64_t size = 0;
    std::vector<StoredEntry> stored;
    Result<void> outcome;
    bool is_done = false;
};

Result<std::unique_ptr<ZoneStore>> ZoneStore::open(std::unique_ptr<StoreDisk> disk,
                                                   StoreLimits limits, const Visitor& visitor) {
    std::unique_ptr<ZoneStore> store(new ZoneStore(std::move(disk), limits));
    if (auto done = store->load(visitor); !done) return std::unexpected(done.error());
    return store;
}

Result<void> ZoneStore::load(const Visitor& visitor) {
    auto names = disk_->list();
    if (!names) return std::unexpected(names.error());
    std::ranges::sort(*names);
    std::set<uint64_t> there;
    for (const std::string& name : *names) {
        // A copy that was not finished: the segments it was made from are still there.
        if (name.ends_with(kUnfinishedEnding)) (void)disk_->remove(name);
        const auto number = Segment::number_of(name);
        if (!number) continue;
        next_number_ = std::max(next_number_, *number + 1);
        if (load_segment(name, *number, visitor)) there.insert(*number);
    }
    check_list(*names, visitor);
    // A stranger is not missed when it is gone.
    std::erase_if(there, [this](uint64_t number) {
        return !shelves_.contains(number) && !listed_.contains(number);
    });
    // What is missing was told, and is listed no more. Where this fails it is told again.
    if (listed_ != there && write_segment_list(*disk_, there)) listed_ = std::move(there);
    if (!shelves_.empty()) adopt(shelves_.rbegin()->second);
    return {};
}

// One that cannot be read is told, and leaves the others as good as they are. False: it has another
// name now.
bool ZoneStore::load_segment(const std::string& name, uint64_t number, const Visitor& visitor) {
    const auto lose = [&](const base::Error& error) {
        visitor.damage({.file = name,
                        .reason = "nothing in it is read: " + error.message,
                        .hint = error.hint});
        return true;
    };
    auto segment = Segment::open(*disk_, name);
    if (!segment) return lose(segment.error());
    if (*segment == nullptr || (*segment)->number() != number) {
        lose({"neither of its two heads is whole",
              "it is kept as " + name + std::string(kDamagedEnding)});
        return !disk_->rename(name, name + std::string(kDamagedEnding));
    }
    Shelf shelf{*segment};
    const auto end = (*segment)->scan(
        {.entry =
             [&](const ReadHead& entry, uint64_t at, std::span<const uint8_t> payload) {
                 shelf.live += entry_size(entry.head);
                 visitor.entry(entry, {number, at}, payload);
             },
         .damage = visitor.damage});
    if (!end) return lose(end.error());
    shelf.size = *end - kEntriesAt;
    shelves_[number] = std::move(shelf);
    return true;
}

// Tells of segments that were there, and are gone.
void ZoneStore::check_list(const std::vector<std::string>& names, const Visitor& visitor) {
    if (!std::ranges::binary_search(names, kSegmentListName)) return;
    const auto lose = [&](std::string file, std::string reason, std::string hint) {
        visitor.damage(
            {.file = std::move(file), .reason = std::move(reason), .hint = std::move(hint)});
    };
    auto list = read_segment_list(*disk_);
    if (!list) return lose(std::string(kSegmentListName), list.error().message, list.error().hint);
    if (!*list) {
        return lose(std::string(kSegmentListName), "it has changed since it was written",
                    "see whether a segment is gone: nobody can say that now");
    }
    listed_ = **std::move(list);
    for (const uint64_t number : listed_) {
        const std::string name = Segment::name_of(number);
        next_number_ = std::max(next_number_, number + 1);
        if (std::ranges::binary_search(names, name)) continue;
        lose(name, "it is gone, with all that it held",
             "stop the server, put it back and start again; or have its zones loaded and "
             "transferred anew");
    }
}

Result<void> ZoneStore::relist(uint64_t added, const Segments& removed) {
    const std::lock_guard lock(list_mutex_);
    std::set<uint64_t> numbers = listed_;
    numbers.insert(added);
    for (const auto& segment : removed) numbers.erase(segment->number());
    if (numbers == listed_) return {};
    auto done = write_segment_list(*disk_, numbers);
    if (done) listed_ = std::move(numbers);
    return done;
}

// The newest segment is appended to again, behind its last whole entry: what is torn goes.
void ZoneStore::adopt(const Shelf& newest) {
    const uint64_t end = kEntriesAt + newest.size;
    const auto size = newest.segment->file().size();
    const bool is_whole = size && *size == end;
    if (!is_whole && !newest.segment->file().truncate(end)) return;
    // Who wrote it may have been killed before it was synced.
    active_.emplace(newest.segment, end);
    if (!sync_active()) active_.reset();
}

Result<std::vector<StoredEntry>> ZoneStore::append(std::span<const StoreEntry> entries,
                                                   Durability durability) {
    Batch batch;
    batch.entries = entries;
    batch.durability = durability;
    for (const StoreEntry& entry : entries) batch.size += size_of(entry);
    if (auto done = commit(batch); !done) return std::unexpected(done.error());
    return std::move(batch.stored);
}

Result<void> ZoneStore::sync() {
    Batch batch;
    return commit(batch);
}

Result<void> ZoneStore::commit(Batch& batch) {
    std::unique_lock lock(mutex_);
    if (auto room = check_room(batch); !room) {
        note(room);
        return room;
    }
    queued_ += batch.size;
    waiting_.push_back(&batch);
    turn_.wait(lock, [&] { return batch.is_done || (!is_writing_ && waiting_.front() == &batch); });
    if (!batch.is_done) lead(lock);
    return std::move(batch.outcome);
}

// Withdrawals go in whenever the disk has room: each is a hundred bytes or two, and is how a full
// store is emptied.
Result<void> ZoneStore::check_room(const Batch& batch) {
    const bool only_removes = std::ranges::all_of(batch.entries, [](const StoreEntry& entry) {
        return entry.head.kind == EntryKind::Withdrawn;
    });
    if (only_removes || size_locked() + queued_ + batch.size <= limits_.size_max) return {};
    refused_ = std::max(refused_, batch.size);
    return base::fail("the zone store " + disk_->place() + " is full: it has reached " +
                          std::to_string(limits_.size_max) + " bytes",
                      "raise size_max_mib in [store], or remove zones");
}

// Writes what waits, its own first, for everybody who waits. Where that fails each is written for
// itself: a small change may find the room that a large image does not.
void ZoneStore::lead(std::unique_lock<std::mutex>& lock) {
    std::vector<Batch*> group;
    uint64_t size = 0;
    while (!waiting_.empty() && (group.empty() || size + waiting_.front()->size < kGroupSizeMax)) {
        size += waiting_.front()->size;
        group.push_back(waiting_.front());
        waiting_.pop_front();
    }
    is_writing_ = true;
    lock.unlock();
    const auto outcome = write_group(group);
    if (!outcome && group.size() > 1) {
        for (Batch* const batch : group) batch->outcome = write_group({&batch, 1});
    } else {
        for (Batch* const batch : group) batch->outcome = outcome;
    }
    lock.lock();
    is_writing_ = false;
    queued_ -= size;
    const auto failed =
        std::ranges::find_if(group, [](const Batch* batch) { return !batch->outcome.has_value(); });
    note(failed == group.end() ? Result<void>() : (*failed)->outcome);
    for (Batch* const batch : group) batch->is_done = true;
    turn_.notify_all();
}

Result<void> ZoneStore::sync_active() {
    auto done = active_->segment()->file().sync();
    if (done) synced_end_ = active_->end();
    return done;
}

// Nothing more goes into the active segment, and all of it is on the disk.
Result<void> ZoneStore::seal_active() {
    if (!active_) return {};
    auto done = sync_active();
    if (done) {
        active_.reset();
    } else {
        abandon_active(active_->end());
    }
    return done;
}

// After an error: the kernel may have dropped what it could not write, and calls the next sync of
// the same file a success. Nothing is appended to that file again. What lies behind `end` was
// acknowledged to nobody, and is not to be found by a start.
void ZoneStore::abandon_active(uint64_t end) {
    const auto segment = active_->segment();
    active_.reset();
    uint64_t written = 0;
    {
        const std::lock_guard lock(mutex_);
        Shelf& shelf = shelves_[segment->number()];
        written = shelf.size;
        shelf.doubtful_from = std::min(shelf.doubtful_from, synced_end_);
        if (written == 0) shelves_.erase(segment->number());
    }
    if (written == 0) {
        (void)disk_->remove(segment->name());  // Or a full disk fills with empty segments.
        return;
    }
    (void)segment->file().truncate(end);  // Where that fails, the next start finds what is whole.
    if (doubt_ && synced_end_ < kEntriesAt + written) doubt_(segment->number(), synced_end_);
}

Result<void> ZoneStore::ensure_active() {
    if (active_ && active_->end() < limits_.segment_size) return {};
    if (auto done = seal_active(); !done) return done;
    uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        number = next_number_++;
    }
    auto segment = Segment::create(*disk_, Segment::name_of(number), number);
    if (!segment) return std::unexpected(segment.error());
    auto done = (*segment)->file().sync();
    if (done) done = disk_->sync_names();
    if (!done) {
        (void)disk_->remove((*segment)->name());
        return done;
    }
    install(*segment, 0);
    active_.emplace(*std::move(segment), kEntriesAt);
    synced_end_ = kEntriesAt;
    return {};
}

Result<void> ZoneStore::put_group(std::span<Batch* const> group) {
    for (Batch* const batch : group) {
        batch->stored.clear();
        for (const StoreEntry& entry : batch->entries) {
            auto stored = active_->put(entry.head, entry.apex, entry.payload);
            if (!stored) return std::unexpected(stored.error());
            batch->stored.push_back(*stored);
        }
    }
    return active_->flush();
}

Result<void> ZoneStore::write_group(std::span<Batch* const> group) {
    if (auto done = disk_->check_place(); !done) return done;
    if (auto done = ensure_active(); !done) return done;
    const uint64_t start = active_->end();
    const bool is_urgent = std::ranges::any_of(
        group, [](const Batch* batch) { return batch->durability == Durability::Now; });
    auto done = put_group(group);
    if (done && is_urgent) done = sync_active();
    if (!done) {
        abandon_active(start);
        return done;
    }
    // An empty one is not missed. Nor is this one, should its name find no room before it is lost.
    (void)relist(active_->segment()->number(), {});
    const std::lock_guard lock(mutex_);
    count(group);
    return {};
}

void ZoneStore::count(std::span<Batch* const> group) {
    for (const Batch* const batch : group) {
        for (const StoredEntry& stored : batch->stored) {
            Shelf& shelf = shelves_[stored.place.segment];
            shelf.size += entry_size(stored.head);
            shelf.live += entry_size(stored.head);
            ++shelf.unclaimed;
        }
    }
}

bool ZoneStore::claim(std::span<const StoredEntry> entries) {
    const std::lock_guard lock(mutex_);
    bool is_certain = true;
    for (const StoredEntry& entry : entries) {
        const auto found = shelves_.find(entry.place.segment);
        if (found == shelves_.end()) continue;
        --found->second.unclaimed;
        is_certain &= entry.place.at < found->second.doubtful_from;
    }
    return is_certain;
}

std::shared_ptr<const Segment> ZoneStore::segment_of(EntryPlace place) const {
    const std::lock_guard lock(mutex_);
    const auto found = shelves_.find(place.segment);
    return found == shelves_.end() ? nullptr : found->second.segment;
}

void ZoneStore::release(const StoredEntry& entry) {
    const std::lock_guard lock(mutex_);
    const auto found = shelves_.find(entry.place.segment);
    if (found == shelves_.end()) return;
    found->second.live -= std::min(found->second.live, entry_size(entry.head));
}

uint64_t ZoneStore::size_locked() const {
    uint64_t size = 0;
    for (const auto& [number, shelf] : shelves_) size += shelf.size;
    return size;
}

uint64_t ZoneStore::garbage_locked() const {
    uint64_t garbage = 0;
    for (const auto& [number, shelf] : shelves_) garbage += shelf.size - shelf.live;
    return garbage;
}

uint64_t ZoneStore::size() const {
    const std::lock_guard lock(mutex_);
    return size_locked();
}

std::string ZoneStore::trouble() const {
    const std::lock_guard lock(mutex_);
    return trouble_ ? trouble_->message : std::string();
}

void ZoneStore::note(const Result<void>& outcome) {
    // A full store still has room for something small: that ends nothing.
    if (size_locked() + refused_ <= limits_.size_max) refused_ = 0;
    if (outcome && refused_ > 0) return;
    const bool was_in_trouble = trouble_.has_value();
    trouble_ = outcome ? std::nullopt : std::optional(outcome.error());
    if (told_ && was_in_trouble == outcome.has_value()) told_(trouble_);
}

void ZoneStore::install(std::shared_ptr<Segment> segment, uint64_t size) {
    const std::lock_guard lock(mutex_);
    const uint64_t number = segment->number();
    shelves_[number] = {std::move(segment), size, size};
}

}  // namespace nearcast::zone
