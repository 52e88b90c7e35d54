// SPDX-License-Identifier: Apache-2.0
//
// The zone store on disk: entries appended to a few large segment files, one after the other.
//
// It knows entries, not zones: what an entry is worth is its user's affair, who says when one is
// garbage. Any thread appends: those who wait while another one writes are written and synced
// together with one call (group commit). When garbage passes a bound, compact() copies what is
// live into a new segment and removes the old ones; nobody who reads or appends waits for it.
//
//     append ─► active segment ─► sealed segments ─► compact ─► one new sealed segment

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "zone/segment_writer.h"

namespace nearcast::zone {

struct StoreLimits {
    // A new segment is begun beyond this. Compaction needs as much room on the disk beside what is
    // there; with smaller ones a store of a million zones has hundreds of files.
    uint64_t segment_size = uint64_t{256} << 20;
    // Of all segments. Beyond it nothing is stored any more, and that is told, before the disk of
    // the whole machine is full.
    uint64_t size_max = uint64_t{64} << 30;
    // Garbage is cleared away when it is more than what is live, and more than this.
    uint64_t garbage_min = uint64_t{64} << 20;
};

// What to append. What the head says of checksums and sizes is filled in.
struct StoreEntry {
    EntryHead head{};
    const dns::Name& apex;
    std::span<const uint8_t> payload;
};

enum class Durability : uint8_t {
    Now,    // On the disk when append() returns.
    Later,  // With the next that is, or with sync().
};

class ZoneStore {
 public:
    // What lies in the segments, oldest segment first; see Segment::Visitor.
    struct Visitor {
        std::function<void(const ReadHead& entry, EntryPlace place,
                           std::span<const uint8_t> payload)>
            entry;
        std::function<void(const SegmentDamage& damage)> damage;
    };

    // Fails when the directory cannot be read. One that cannot be written is told by append().
    [[nodiscard]] static base::Result<std::unique_ptr<ZoneStore>> open(
        std::unique_ptr<StoreDisk> disk, StoreLimits limits, const Visitor& visitor);
    ZoneStore(const ZoneStore&) = delete;
    ZoneStore& operator=(const ZoneStore&) = delete;

    // Appends all of these or none, in this order; returns where each is. After an error none of
    // them is stored, and what went before with Later may not be: see on_doubt(). A store that is
    // full takes withdrawals alone.
    [[nodiscard]] base::Result<std::vector<StoredEntry>> append(std::span<const StoreEntry> entries,
                                                                Durability durability);
    [[nodiscard]] base::Result<void> sync();

    // The segment of an entry: readable through this even when it is removed meanwhile.
    [[nodiscard]] std::shared_ptr<const Segment> segment_of(EntryPlace place) const;

    // The entry is garbage from now on.
    void release(const StoredEntry& entry);

    [[nodiscard]] bool needs_compaction() const;
    [[nodiscard]] uint64_t size() const;

    // The owner knows from now on that these are his: due after each append() that succeeded. Until
    // then compaction leaves their segment alone. False: they are in doubt by now, see on_doubt().
    [[nodiscard]] bool claim(std::span<const StoredEntry> entries);

    // What compact() asks its user, from its own thread.
    struct Owner {
        std::function<bool(const ReadHead& entry, EntryPlace place)> is_live;
        // False: it became garbage while it was copied, and is garbage where it is now.
        std::function<bool(const ReadHead& entry, EntryPlace from, EntryPlace to)> moved;
        // An entry is in no file any more: it was garbage, or it is damaged, which `why` says.
        std::function<void(const ReadHead& entry, EntryPlace place, const std::string& why)>
            dropped;
    };
    // Clears some garbage away. One thread at a time. After an error everything is as it was.
    [[nodiscard]] base::Result<void> compact(const Owner& owner);

    // Why the last append, sync or compaction failed; empty when it did not.
    [[nodiscard]] std::string trouble() const;
    // Called with the beginning and the end of trouble, on the thread that meets it. Set before
    // there are others.
    using Told = std::function<void(const std::optional<base::Error>& trouble)>;
    void on_trouble(Told told) { told_ = std::move(told); }

    // Called when a write or a sync has failed, on the thread that met it: what lies in the segment
    // from `from` on was never synced, and may be on no disk even if later syncs succeed. Set as
    // the one above.
    using Doubt = std::function<void(uint64_t segment, uint64_t from)>;
    void on_doubt(Doubt doubt) { doubt_ = std::move(doubt); }

 private:
    struct Shelf {
        std::shared_ptr<Segment> segment;
        uint64_t size = 0;  // Of its entries.
        uint64_t live = 0;  // Those that are not garbage.
        // Written, and not yet known to the owner as his: he would take them for garbage.
        size_t unclaimed = 0;
        // What lies from here on was written, and could not be synced.
        uint64_t doubtful_from = UINT64_MAX;
    };
    struct Batch;

    ZoneStore(std::unique_ptr<StoreDisk> disk, StoreLimits limits)
        : disk_(std::move(disk)), limits_(limits) {}

    [[nodiscard]] base::Result<void> load(const Visitor& visitor);
    bool load_segment(const std::string& name, uint64_t number, const Visitor& visitor);
    void check_list(const std::vector<std::string>& names, const Visitor& visitor);
    void adopt(const Shelf& newest);

    using Segments = std::vector<std::shared_ptr<Segment>>;
    // The file beside the segments says so when this returns.
    [[nodiscard]] base::Result<void> relist(uint64_t added, const Segments& removed);

    [[nodiscard]] base::Result<void> commit(Batch& batch);
    void lead(std::unique_lock<std::mutex>& lock);
    // With the mutex held.
    [[nodiscard]] base::Result<void> check_room(const Batch& batch);
    [[nodiscard]] base::Result<void> write_group(std::span<Batch* const> group);
    [[nodiscard]] base::Result<void> put_group(std::span<Batch* const> group);
    [[nodiscard]] base::Result<void> ensure_active();
    [[nodiscard]] base::Result<void> sync_active();
    [[nodiscard]] base::Result<void> seal_active();
    void abandon_active(uint64_t end);
    void count(std::span<Batch* const> group);  // With the mutex held, as those below.
    [[nodiscard]] uint64_t size_locked() const;
    [[nodiscard]] uint64_t garbage_locked() const;

    [[nodiscard]] Segments choose_victims();
    [[nodiscard]] bool is_worth_compacting(const Shelf& shelf) const;
    [[nodiscard]] base::Result<void> replace_segments(const Segments& victims, const Owner& owner);
    void install(std::shared_ptr<Segment> segment, uint64_t size);
    void discard(const Segments& victims);
    // With the mutex held.
    void note(const base::Result<void>& outcome);

    std::unique_ptr<StoreDisk> disk_;
    StoreLimits limits_;

    mutable std::mutex mutex_;  // Guards what follows.
    std::condition_variable turn_;
    std::deque<Batch*> waiting_;
    bool is_writing_ = false;  // Some thread leads: it alone has what is in the next group.
    std::map<uint64_t, Shelf> shelves_;
    uint64_t next_number_ = 1;
    uint64_t queued_ = 0;   // Bytes that wait, or are being written.
    uint64_t refused_ = 0;  // The most that found no room since the store is full; 0: it is not.
    std::optional<base::Error> trouble_;
    Told told_;
    Doubt doubt_;

    std::mutex list_mutex_;      // Guards what follows.
    std::set<uint64_t> listed_;  // The segments that would be missed at the next start.

    // Of the thread that set is_writing_. None: the next write begins a new segment.
    std::optional<SegmentWriter> active_;
    uint64_t synced_end_ = 0;  // What lies before it in the active segment is on the disk.
};

}  // namespace nearcast::zone
