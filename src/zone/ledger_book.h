// SPDX-License-Identifier: Apache-2.0
//
// The inside of the ledger: what it knows of each zone, and how a step goes to disk and to readers.
//
// Four kinds of lock, taken in this order: `changing` of one zone, for as long as that zone's
// change takes; `moving`, between a start that reads the store and the compaction that moves what
// lies there; `compiling`, by whoever makes a large zone anew; the book's own, for a look at what
// the zones have in the store. A thread of its own clears garbage away and stores what could not be
// stored before.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "zone/ledger.h"
#include "zone/zone_history.h"

namespace nearcast::zone {

class ZoneLedger::Book {
 public:
    // With a reason why there is no store only the history is kept, for as long as the process
    // lives, and updates are refused for that reason.
    Book(ZoneTable& table, LedgerLimits limits, std::optional<base::Error> why_nothing_is_kept);
    ~Book();

    [[nodiscard]] base::Result<void> open(std::unique_ptr<StoreDisk> disk);

    [[nodiscard]] std::vector<StoredZone> states() const;
    [[nodiscard]] std::optional<StoredZone> state(const dns::Name& apex) const;
    [[nodiscard]] base::Result<void> restore(const dns::Name& apex, Losses losses);
    void restore_all(const Claim& claim, Losses losses);
    [[nodiscard]] base::Result<SerialStep> replace(const dns::Name& apex, ImageBlock image,
                                                   const ZoneOrigin& origin, const Judge& judge);
    [[nodiscard]] base::Result<void> apply(const dns::Name& apex, const Changeset& changes);
    [[nodiscard]] base::Result<void> confirm(const dns::Name& apex, std::chrono::seconds when);
    [[nodiscard]] base::Result<void> withdraw(const dns::Name& apex);
    void make_unavailable(const dns::Name& apex);
    [[nodiscard]] base::Result<void> sync() { return store_->sync(); }
    [[nodiscard]] uint64_t store_bytes() const { return store_->size(); }
    [[nodiscard]] std::string trouble() const { return store_->trouble(); }
    void on_trouble(ZoneStore::Told told) { store_->on_trouble(std::move(told)); }
    [[nodiscard]] std::vector<std::string> damages() const;
    [[nodiscard]] std::optional<std::vector<Changeset>> changes_since(const dns::Name& apex,
                                                                      uint32_t serial);
    [[nodiscard]] std::optional<Numbered> pin(const dns::Name& apex);
    [[nodiscard]] std::optional<std::vector<Changeset>> changes_after(const dns::Name& apex,
                                                                      uint64_t number);

    std::function<void(const dns::Name&)> on_change;

 private:
    // What a change begins with.
    struct Known {
        ZoneOrigin origin;
        uint64_t version = 0;      // Of what is or was served; 0: nothing yet.
        uint32_t serial = 0;       // The same.
        bool is_unsaved = false;   // The store does not have what is served.
        bool wants_image = false;  // It has, with more changes behind an image than a start likes.
    };
    struct Zone : Known {
        [[nodiscard]] dns::Name apex_name() const { return *dns::Name::from_wire(apex); }

        std::vector<uint8_t> apex;  // In lower case.
        uint64_t number = 0;        // In the order in which they were first seen.
        std::mutex changing;        // Held through each change.

        // Guarded by the book's mutex, and so is what is Known.
        ZoneHistory history;
        uint64_t image_size = 0;
        uint64_t image_refused_at = 0;  // Bytes of changes behind the last image, when no other
                                        // could be stored.
        uint64_t origin_number = 0;     // Of the origin found at start.
        uint64_t origin_version = 0;    // The version it was written with.
        std::chrono::seconds confirmed_at{};
        bool is_available = false;
        bool is_claimed = false;  // Somebody has said what is to become of it.
        std::vector<std::string> damages;
        std::optional<uint32_t> lost_serial;
    };
    using ZonePtr = std::shared_ptr<Zone>;

    // One version on its way to disk.
    struct Step {
        uint64_t version = 0;
        uint64_t base = 0;  // Of changes.
        uint32_t from_serial = 0;
        uint32_t to_serial = 0;
        uint8_t flags = 0;
        bool cuts_history = false;
        const Changeset* changes = nullptr;
        std::optional<Image> image;
        std::optional<ZoneOrigin> origin;  // None: as it was.
        Durability durability = Durability::Now;
    };
    [[nodiscard]] static std::optional<uint32_t> went_back_from(const Known& before,
                                                                uint32_t serial, SerialStep step);
    // What a start reads of one zone.
    struct Restored {
        ImageBlock image;
        StoredEntry entry;  // The image it begins with; a place of 0: that is not stored.
        uint64_t version = 0;
        const ZoneOrigin* origin = nullptr;  // Of the file that it begins with, if it does.
    };

    // Memory that is granted to an image which is about to be published.
    class Room {
     public:
        Room(std::atomic<uint64_t>& granted, uint64_t size) : granted_(&granted), size_(size) {
            granted += size;
        }
        Room(Room&& other) noexcept
            : granted_(other.granted_), size_(std::exchange(other.size_, 0)) {}
        Room& operator=(Room&&) = delete;
        ~Room() { *granted_ -= size_; }

     private:
        std::atomic<uint64_t>* granted_;
        uint64_t size_;
    };
    [[nodiscard]] base::Result<Room> room_for(const Image& image);

    [[nodiscard]] ZonePtr zone_of(const dns::Name& apex);
    [[nodiscard]] ZonePtr find(const dns::Name& apex) const;
    // Of a start, in the order in which they were found. With the mutex held.
    [[nodiscard]] std::vector<ZonePtr> found_zones() const;
    [[nodiscard]] std::optional<PinnedVersion> pin_available(const dns::Name& apex);

    [[nodiscard]] ZonePtr zone_of_found(const dns::Name& apex);
    void take_found(const ReadHead& entry, EntryPlace place, std::span<const uint8_t> payload);
    void take_damage(const SegmentDamage& damage);
    void settle_all();
    // With the zone's lock and moving_ held.
    [[nodiscard]] base::Result<void> restore(Zone& zone, Losses losses);
    [[nodiscard]] std::optional<Restored> read_best(Zone& zone);
    [[nodiscard]] std::optional<Restored> read_from(Zone& zone, const StoredEntry& image);
    [[nodiscard]] base::Result<std::vector<uint8_t>> read(const StoredEntry& entry) const;
    [[nodiscard]] base::Result<ImageBlock> read_image(const StoredEntry& entry) const;
    [[nodiscard]] std::vector<Changeset> read_chain(Zone& zone, const ZoneHistory::Entries& chain);
    [[nodiscard]] base::Result<ImageBlock> apply_all(const Image& image,
                                                     std::span<const Changeset> changes);
    // What stored changes make of a file that is the same as when it was stored.
    [[nodiscard]] std::optional<Restored> rebuild(Zone& zone, const Image& image,
                                                  const ZoneOrigin& origin);
    [[nodiscard]] static bool is_made_of(const Zone& zone, const ZoneHistory::Entries& chain,
                                         const ZoneOrigin& origin);
    // A file was loaded whose zone is stored and was not restored. True: what is stored goes on
    // from it, and is served.
    [[nodiscard]] bool resume(Zone& zone, const Image& image, const ZoneOrigin& origin);
    void begin_service(Zone& zone, const Restored& restored);
    // What is known to have come behind that version, and cannot be served.
    void tell_of_loss(Zone& zone, uint64_t version, const std::string& served);
    void settle_origin(Zone& zone);
    void lose(Zone& zone, const StoredEntry& entry, const std::string& why);
    // With the mutex held; what it gives, without.
    using Reading = std::pair<ZoneHistory::Entries, std::vector<std::shared_ptr<const Segment>>>;
    [[nodiscard]] Reading begin_reading(ZoneHistory::Entries entries) const;
    [[nodiscard]] std::optional<std::vector<Changeset>> read_all(Zone& zone,
                                                                 const Reading& reading);
    void lose_locked(Zone& zone, const StoredEntry& entry, const std::string& why);
    void need_image(Zone& zone);
    void take_doubt(uint64_t segment, uint64_t from);

    // What the next version is made with: see compiling_.
    [[nodiscard]] base::Result<ImageBlock> make_next(const Version& from, const Changeset& changes);
    [[nodiscard]] base::Result<ImageBlock> fold_whole(const Version& version);
    [[nodiscard]] std::unique_lock<std::mutex> turn_to_compile(const Version& version);

    // First to disk. For a zone that can be had again from elsewhere a full disk is told, and no
    // reason to serve old data.
    [[nodiscard]] base::Result<void> save(Zone& zone, const Step& step);
    [[nodiscard]] base::Result<void> write(Zone& zone, const Step& step);
    void count_in(Zone& zone, const Step& step, std::span<const StoredEntry> stored);
    // With the mutex held.
    void claim(Zone& zone, std::span<const StoredEntry> stored);
    // Then to readers.
    void serve(Zone& zone, const Step& step, ImageBlock image);
    void publish(Zone& zone, ImageBlock image);
    base::Result<void> forget(Zone& zone);
    base::Result<void> bury(Zone& zone, Durability durability);
    // Nobody but the client who sent it has what makes this version.
    [[nodiscard]] static bool is_update(const Known& zone);
    void release(std::span<const StoredEntry> garbage);
    void want_image_if_due(Zone& zone);
    // What the thread that changes a zone may know of it.
    [[nodiscard]] Known known(const Zone& zone) const;
    [[nodiscard]] StoredZone state_of(const Zone& zone) const;

    void wake();
    void wake_to_save();
    void run();
    // False when the disk does not let it.
    bool compact();
    void drop(const ReadHead& entry, EntryPlace place, const std::string& why);
    void save_unsaved();
    void save_unsaved(Zone& zone);
    void try_again();  // After a pause.
    [[nodiscard]] uint64_t next_version() { return next_version_.fetch_add(1); }

    ZoneTable& table_;
    const LedgerLimits limits_;
    const std::optional<base::Error> why_nothing_is_kept_;
    const bool keeps_images_;
    std::unique_ptr<ZoneStore> store_;
    std::atomic<uint64_t> next_version_ = 1;
    std::atomic<uint64_t> granted_ = 0;  // Bytes, see Room.

    std::mutex moving_;  // Held while versions are looked up and read, and by compaction.
    // Held while a large zone is compiled: the memory for that is taken once, whatever the number
    // of threads.
    std::mutex compiling_;

    mutable std::mutex mutex_;  // Guards what follows, and the zones as they say.
    std::unordered_map<std::string, ZonePtr> zones_;
    std::vector<std::string> damages_;  // Of which nobody knows what zone they hit.
    bool has_unread_ = false;           // A segment of which nothing was read at start.
    ZonePtr last_found_;                // While a start reads: entries of a zone lie together.

    std::mutex wake_mutex_;  // Guards what follows. Taken last.
    std::condition_variable wake_;
    bool has_work_ = false;
    bool has_unsaved_ = false;
    std::atomic<bool> is_stopping_ = false;
    std::thread thread_;
};

}  // namespace nearcast::zone
