// SPDX-License-Identifier: Apache-2.0
//
// What the store has of one zone: which entries give the version that is served, which lead there
// from earlier ones, and which are garbage.
//
// Each version of a zone has a number, greater than those before it. Changes lead from one to the
// next; an image is one version as a whole.
//
//     image 4 ──changes──► 7 ──changes──► 9 = image 9 ──changes──► 12
//     └─── history, for IXFR ────────────┘ └─ what a start needs ─┘
//
// Pure: it holds heads of entries, and reads nothing. Used by one thread at a time.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "zone/segment.h"

namespace nearcast::zone {

class ZoneHistory {
 public:
    using Entries = std::vector<StoredEntry>;

    // --- At start: what was found, in any order, then settle() once. ---

    void find(const StoredEntry& entry) { found_.push_back(entry); }
    void find_damaged(const EntryHead& head) { damaged_.push_back(head); }
    // Returns what turned out to be garbage.
    [[nodiscard]] Entries settle();

    // A version, or a way to one.
    [[nodiscard]] bool has_data() const;
    // Versions that can be tried, the newest first.
    [[nodiscard]] Entries images() const;
    // The changes that lead on from this version, as far as they go.
    [[nodiscard]] Entries changes_after(uint64_t version) const;
    // Serials of versions that were there and come after this one.
    [[nodiscard]] std::vector<uint32_t> serials_after(uint64_t version) const;
    // Versions with this serial that changes lead on from, the newest first. They themselves may be
    // damaged or gone.
    [[nodiscard]] std::vector<uint64_t> bases(uint32_t serial) const;
    // The version that was this image, damaged or not; 0: none is known.
    [[nodiscard]] uint64_t version_of(const ImageHeader& image) const;
    // The image of this version, if it is whole for all that is known.
    [[nodiscard]] std::optional<StoredEntry> image_of(uint64_t version) const;
    [[nodiscard]] bool has_found() const { return !found_.empty() || !damaged_.empty(); }
    // An entry cannot be read, whatever it was good for. Returns what is garbage without it.
    [[nodiscard]] Entries lose(const StoredEntry& entry);
    // Takes up service with this version, which is `image` with all changes after it. Returns what
    // is garbage now.
    [[nodiscard]] Entries begin(const StoredEntry& image, uint64_t version);

    // --- Afterwards ---

    // Each returns what became garbage by it. With the first entry that is added before begin(), a
    // new history begins.
    [[nodiscard]] Entries add(const StoredEntry& entry);
    // The history in front of the newest version goes.
    [[nodiscard]] Entries cut();
    // Nothing is left but `tombstone`, if there is one.
    [[nodiscard]] Entries clear(std::optional<StoredEntry> tombstone);
    // The oldest changes that no start needs go, until no more are left than these.
    [[nodiscard]] Entries trim(size_t count_max, uint64_t bytes_max);

    // The entry lies elsewhere now, with the head that it has there (each segment has checksums of
    // its own). False: it is garbage.
    [[nodiscard]] bool move(const StoredEntry& entry, EntryPlace to);
    [[nodiscard]] bool is_live(const EntryHead& head, EntryPlace place) const;
    // Those that lie in this segment, at `from` or behind it.
    [[nodiscard]] Entries lying_in(uint64_t segment, uint64_t from) const;

    // The changes from the version with this serial to the newest. Nothing when it is not there.
    [[nodiscard]] std::optional<Entries> since(uint32_t serial) const;

    [[nodiscard]] std::span<const StoredEntry> changes() const {
        return std::span(changes_).subspan(first_);
    }
    [[nodiscard]] const std::optional<StoredEntry>& image() const { return image_; }
    [[nodiscard]] const std::optional<StoredEntry>& origin() const { return origin_; }
    [[nodiscard]] const std::optional<StoredEntry>& confirmed() const { return confirmed_; }
    [[nodiscard]] bool is_withdrawn() const { return tombstone_.has_value(); }
    // Of the changes that a start reads behind the image.
    [[nodiscard]] uint64_t bytes_after_image() const { return bytes_after_image_; }
    [[nodiscard]] uint64_t bytes() const { return bytes_; }

    // How many entries of this zone lie in any segment, garbage included.
    size_t on_disk = 0;

 private:
    [[nodiscard]] bool is_needed(const StoredEntry& changes) const {
        return image_ && changes.head.version > image_->head.version;
    }
    void append_changes(const StoredEntry& entry);
    [[nodiscard]] Entries take_all();

    Entries found_;                   // Until begin() or clear().
    std::vector<EntryHead> damaged_;  // The same.

    Entries changes_;  // From first_ on: each applies to the version of the one before it.
    size_t first_ = 0;
    uint64_t bytes_ = 0;  // Payloads of the changes.
    uint64_t bytes_after_image_ = 0;
    std::optional<StoredEntry> image_;
    std::optional<StoredEntry> origin_;
    std::optional<StoredEntry> confirmed_;
    std::optional<StoredEntry> tombstone_;
};

}  // namespace nearcast::zone
