// SPDX-License-Identifier: Apache-2.0
//
// The zones that are served: a table from apex names to zone versions, read without locks.
//
// One slot for each zone holds an atomic pointer, so that publishing a zone touches that slot
// alone, however many zones there are. Writers take turns on a mutex that no reader ever takes. A
// replaced image is freed when every reader has passed a quiescent point (base/quiescence.h).
//
//     hash of the apex ─► slot {hash, image or delta} ─► slot … ─► empty slot: not here
//
// The table of slots itself is replaced, doubled, when it fills; readers in the old one finish
// there.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/quiescence.h"
#include "zone/version.h"

namespace nearcast::zone {

// Counts who still reads a replaced image for longer than a batch: such a one is freed last. And
// how much there is of all.
class Pins {
 public:
    // The block is published from now on.
    void own(const uint8_t* block);
    void add(const uint8_t* block);
    // Frees the block when it was replaced and nobody else has it.
    void remove(const uint8_t* block);
    // No reader can reach the block any more but by a pin: frees it, now or with its last pin.
    void reclaim(const uint8_t* block);
    // Of blocks that are published, and of those that are not yet freed.
    [[nodiscard]] uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
    void free(const uint8_t* block);

    struct Pin {
        size_t count = 0;
        bool is_replaced = false;
    };

    std::mutex mutex_;  // Guards the map.
    std::unordered_map<const uint8_t*, Pin> pins_;
    std::atomic<uint64_t> bytes_ = 0;
};

// Keeps one version readable, however long that takes, and holds up no other. Any thread; ends
// before the table does.
class PinnedVersion {
 public:
    PinnedVersion(Pins& pins, const Version& version) : pins_(&pins), version_(version) {
        pins.add(version.newest().block());
        if (version.has_delta()) pins.add(version.base().block());
    }
    PinnedVersion(PinnedVersion&& other) noexcept
        : pins_(std::exchange(other.pins_, nullptr)), version_(other.version_) {}
    PinnedVersion& operator=(PinnedVersion&& other) noexcept {
        std::swap(pins_, other.pins_);
        std::swap(version_, other.version_);
        return *this;
    }
    PinnedVersion(const PinnedVersion&) = delete;
    PinnedVersion& operator=(const PinnedVersion&) = delete;
    ~PinnedVersion() {
        if (pins_ == nullptr) return;
        if (version_.has_delta()) pins_->remove(version_.base().block());
        pins_->remove(version_.newest().block());
    }

    [[nodiscard]] Version version() const { return version_; }

 private:
    Pins* pins_;
    Version version_;
};

class ZoneTable {
 public:
    ZoneTable();
    ZoneTable(const ZoneTable&) = delete;
    ZoneTable& operator=(const ZoneTable&) = delete;
    // No reader may be left.
    ~ZoneTable();

    // Serves `image` from now on, in place of the version with the same apex if there is one. A
    // delta goes with its base, which must be the one that is served: else it returns false, with
    // nothing changed and `image` still the caller's. The base stays as long as a version needs it.
    bool publish(ImageBlock&& image);

    // Stops serving the zone. Returns false when it was not served.
    bool withdraw(const dns::Name& apex);

    // The zone as it is now, if it is served, to be read for longer than a batch. For those who
    // seldom ask: it waits for writers.
    [[nodiscard]] std::optional<PinnedVersion> pin(const dns::Name& apex);

    // The apex with this hash (HashedName::hash()), if it is served. As pin(), for who seldom asks.
    [[nodiscard]] std::optional<dns::Name> apex_with_hash(uint64_t name_hash) const;

    // How many zones are served.
    [[nodiscard]] size_t size() const;

    // Those of them that have no data (Version::is_unavailable()): how many, and which.
    [[nodiscard]] size_t unavailable_count() const;
    [[nodiscard]] std::vector<dns::Name> unavailable() const;

    // The memory of their images, and of replaced ones that somebody still reads.
    [[nodiscard]] uint64_t bytes() const { return pins_.bytes(); }

    // Frees replaced images that no reader holds any more; returns how many still wait. publish()
    // and withdraw() do so too; call it now and then when nothing changes.
    size_t collect() { return quiescence_.collect(); }

    // --- Readers: everything below is used between online() and quiescent() of a Reader. ---

    [[nodiscard]] base::Quiescence& quiescence() { return quiescence_; }

    // Upper bound on the labels (root not counted) of any apex: longer suffixes need no look-up.
    [[nodiscard]] size_t label_count_max() const {
        return label_count_max_.load(std::memory_order_relaxed);
    }

    // What a batch does before find(), so that cache misses overlap: the slot is fetched, then the
    // head of the version that lies there. That is what find() would give, unless it has another
    // name, or it is null: then find() gives none.
    void prefetch_slot(uint64_t name_hash) const;
    // Whether slots need not be fetched.
    [[nodiscard]] bool is_small() const;
    [[nodiscard]] const uint8_t* prefetch_version(uint64_t name_hash) const;

    // The zone with this apex, if it is served. The name is of a HashedName, as for
    // Image::find(), and name_hash is its hash.
    [[nodiscard]] std::optional<Version> find(uint64_t name_hash,
                                              std::span<const uint8_t> apex) const;

 private:
    struct Slot;
    struct Slots;

    // The first block with this hash of which `is_it` is true; null when there is none. Readers.
    template <typename IsIt>
    const uint8_t* search(uint64_t name_hash, IsIt is_it) const;
    // The slot that holds this apex, or the first that is free for it. Writers only.
    Slot& slot_for(Slots& slots, const HashedName& apex);
    void grow();
    // Frees what a version that was unlinked has and `successor` has not, once no reader is left.
    void retire(const uint8_t* block, const uint8_t* successor);

    Pins pins_;  // Before what frees images.
    base::Quiescence quiescence_;
    std::atomic<Slots*> slots_;
    std::atomic<size_t> label_count_max_ = 0;
    mutable std::mutex mutex_;  // Taken by writers only; guards those below.
    size_t size_ = 0;
    size_t unavailable_count_ = 0;
};

}  // namespace nearcast::zone
