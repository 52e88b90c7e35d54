// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_history.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <ranges>
#include <utility>

namespace nearcast::zone {
namespace {

using Entries = ZoneHistory::Entries;

bool is_kind(const StoredEntry& entry, EntryKind kind) { return entry.head.kind == kind; }

// The same entry, found twice after a kill during compaction.
bool is_same(const StoredEntry& a, const StoredEntry& b) {
    return a.head.kind == b.head.kind && a.head.version == b.head.version &&
           a.head.base == b.head.base;
}

bool is_before(const StoredEntry& a, const StoredEntry& b) {
    if (a.head.version != b.head.version) return a.head.version < b.head.version;
    if (a.head.kind != b.head.kind) return a.head.kind < b.head.kind;
    return a.head.base < b.head.base;
}

void append_if(const std::optional<StoredEntry>& entry, Entries& entries) {
    if (entry) entries.push_back(*entry);
}

}  // namespace

Entries ZoneHistory::settle() {
    Entries garbage;
    std::ranges::sort(found_, is_before);
    Entries kept;
    kept.reserve(found_.size());
    for (const StoredEntry& entry : found_) {
        if (!kept.empty() && is_same(kept.back(), entry)) {
            garbage.push_back(entry);
            continue;
        }
        if (is_kind(entry, EntryKind::Withdrawn)) {
            // It is the newest yet, and what is older is not the zone's any more.
            garbage.insert(garbage.end(), kept.begin(), kept.end());
            kept.clear();
        }
        kept.push_back(entry);
    }
    found_ = std::move(kept);
    if (found_.empty() || !is_kind(found_.front(), EntryKind::Withdrawn)) return garbage;
    std::erase_if(damaged_, [&](const EntryHead& head) {
        return head.version < found_.front().head.version;
    });
    if (found_.size() == 1 && damaged_.empty()) tombstone_ = found_.front();
    return garbage;
}

bool ZoneHistory::has_data() const {
    return image_ || std::ranges::any_of(found_, [](const StoredEntry& entry) {
               return is_kind(entry, EntryKind::Image) || is_kind(entry, EntryKind::Changes);
           });
}

Entries ZoneHistory::images() const {
    Entries images;
    append_if(image_, images);
    std::ranges::copy_if(found_, std::back_inserter(images),
                         [](const StoredEntry& entry) { return is_kind(entry, EntryKind::Image); });
    std::ranges::reverse(images);
    return images;
}

Entries ZoneHistory::changes_after(uint64_t version) const {
    Entries chain;
    // In the order of versions, so one pass finds each behind the one it applies to. Where two
    // apply to the same version the first was not acknowledged: its end could not be cut off.
    for (const StoredEntry& entry : found_.empty() ? changes() : std::span(found_)) {
        if (!is_kind(entry, EntryKind::Changes)) continue;
        if (entry.head.base == version) {
            chain.push_back(entry);
            version = entry.head.version;
        } else if (!chain.empty() && entry.head.base == chain.back().head.base) {
            chain.back() = entry;
            version = entry.head.version;
        }
    }
    return chain;
}

std::vector<uint32_t> ZoneHistory::serials_after(uint64_t version) const {
    std::vector<std::pair<uint64_t, uint32_t>> later;
    const auto note = [&](const EntryHead& head) {
        const bool is_data = head.kind == EntryKind::Image || head.kind == EntryKind::Changes;
        if (is_data && head.version > version) later.emplace_back(head.version, head.to_serial);
    };
    for (const StoredEntry& entry : found_) note(entry.head);
    for (const EntryHead& head : damaged_) note(head);
    std::ranges::sort(later);
    std::vector<uint32_t> serials;
    for (const auto& [number, serial] : later) {
        if (serials.empty() || serials.back() != serial) serials.push_back(serial);
    }
    return serials;
}

std::vector<uint64_t> ZoneHistory::bases(uint32_t serial) const {
    std::vector<uint64_t> bases;
    for (const StoredEntry& entry : std::views::reverse(found_)) {
        if (is_kind(entry, EntryKind::Changes) && entry.head.from_serial == serial) {
            bases.push_back(entry.head.base);
        }
    }
    return bases;
}

uint64_t ZoneHistory::version_of(const ImageHeader& image) const {
    uint64_t version = 0;
    const auto look = [&](const EntryHead& head) {
        if (head.kind == EntryKind::Image && head.payload_size == image.size &&
            head.payload_checksum == image.checksum) {
            version = std::max(version, head.version);
        }
    };
    for (const StoredEntry& entry : found_) look(entry.head);
    for (const EntryHead& head : damaged_) look(head);
    return version;
}

std::optional<StoredEntry> ZoneHistory::image_of(uint64_t version) const {
    for (const StoredEntry& entry : found_) {
        if (is_kind(entry, EntryKind::Image) && entry.head.version == version) return entry;
    }
    return std::nullopt;
}

Entries ZoneHistory::lose(const StoredEntry& entry) {
    const auto is_it = [&](const StoredEntry& own) { return own.place == entry.place; };
    if (std::erase_if(found_, is_it) > 0) {
        damaged_.push_back(entry.head);
        return {entry};
    }
    for (std::optional<StoredEntry>* own : {&image_, &origin_, &confirmed_, &tombstone_}) {
        if (!*own || !is_it(**own)) continue;
        own->reset();
        return {entry};
    }
    return std::ranges::any_of(changes(), is_it) ? cut() : Entries{};
}

Entries ZoneHistory::begin(const StoredEntry& image, uint64_t version) {
    Entries garbage;
    Entries back;
    uint64_t wanted = version;
    // From the newest to the oldest: each step goes to the version it applies to.
    for (const StoredEntry& entry : std::views::reverse(found_)) {
        const bool is_about_served = entry.head.version <= version;
        if (is_kind(entry, EntryKind::Changes) && entry.head.version == wanted) {
            back.push_back(entry);
            wanted = entry.head.base;
        } else if (entry.place == image.place) {
            image_ = entry;
        } else if (is_kind(entry, EntryKind::Origin) && is_about_served && !origin_) {
            origin_ = entry;
        } else if (is_kind(entry, EntryKind::Confirmed) && is_about_served && !confirmed_) {
            confirmed_ = entry;
        } else {
            garbage.push_back(entry);
        }
    }
    found_.clear();
    found_.shrink_to_fit();
    damaged_.clear();
    for (const StoredEntry& entry : std::views::reverse(back)) append_changes(entry);
    return garbage;
}

void ZoneHistory::append_changes(const StoredEntry& entry) {
    changes_.push_back(entry);
    bytes_ += entry.head.payload_size;
    if (is_needed(entry)) bytes_after_image_ += entry.head.payload_size;
}

Entries ZoneHistory::add(const StoredEntry& entry) {
    Entries garbage = std::exchange(found_, {});
    damaged_.clear();
    append_if(std::exchange(tombstone_, std::nullopt), garbage);
    switch (entry.head.kind) {
        case EntryKind::Changes:
            append_changes(entry);
            break;
        case EntryKind::Image:
            append_if(std::exchange(image_, entry), garbage);
            bytes_after_image_ = 0;
            break;
        case EntryKind::Origin:
            append_if(std::exchange(origin_, entry), garbage);
            break;
        case EntryKind::Confirmed:
            append_if(std::exchange(confirmed_, entry), garbage);
            break;
        case EntryKind::Withdrawn:
            break;
    }
    return garbage;
}

Entries ZoneHistory::cut() {
    Entries garbage(changes().begin(), changes().end());
    changes_.clear();
    first_ = 0;
    bytes_ = 0;
    bytes_after_image_ = 0;
    return garbage;
}

Entries ZoneHistory::take_all() {
    Entries all = cut();
    all.insert(all.end(), found_.begin(), found_.end());
    found_.clear();
    damaged_.clear();
    append_if(std::exchange(image_, std::nullopt), all);
    append_if(std::exchange(origin_, std::nullopt), all);
    append_if(std::exchange(confirmed_, std::nullopt), all);
    append_if(std::exchange(tombstone_, std::nullopt), all);
    return all;
}

Entries ZoneHistory::clear(std::optional<StoredEntry> tombstone) {
    Entries garbage = take_all();
    tombstone_ = tombstone;
    return garbage;
}

Entries ZoneHistory::trim(size_t count_max, uint64_t bytes_max) {
    Entries garbage;
    while (first_ < changes_.size() &&
           (changes_.size() - first_ > count_max || bytes_ > bytes_max) &&
           !is_needed(changes_[first_])) {
        bytes_ -= changes_[first_].head.payload_size;
        garbage.push_back(changes_[first_++]);
    }
    // Moving what is left once for every so many that went costs a constant for each.
    if (first_ * 2 > changes_.size()) {
        changes_.erase(changes_.begin(), changes_.begin() + static_cast<ptrdiff_t>(first_));
        first_ = 0;
    }
    return garbage;
}

bool ZoneHistory::move(const StoredEntry& entry, EntryPlace to) {
    const auto move_if = [&](StoredEntry& own) {
        if (own.head.kind != entry.head.kind || own.place != entry.place) return false;
        own = {entry.head, to};
        return true;
    };
    for (StoredEntry& own : found_) {
        if (move_if(own)) return true;
    }
    for (std::optional<StoredEntry>* own : {&image_, &origin_, &confirmed_, &tombstone_}) {
        if (*own && move_if(**own)) return true;
    }
    for (size_t i = first_; i < changes_.size(); ++i) {
        if (move_if(changes_[i])) return true;
    }
    return false;
}

bool ZoneHistory::is_live(const EntryHead& head, EntryPlace place) const {
    const auto is_it = [&](const StoredEntry& own) {
        return own.head.kind == head.kind && own.place == place;
    };
    const auto is_there = [&](const std::optional<StoredEntry>& own) { return own && is_it(*own); };
    // Without the tombstone what is older would be taken for the zone at the next start.
    if (is_there(tombstone_)) return on_disk > 1;
    return is_there(image_) || is_there(origin_) || is_there(confirmed_) ||
           std::ranges::any_of(found_, is_it) || std::ranges::any_of(changes(), is_it);
}

Entries ZoneHistory::lying_in(uint64_t segment, uint64_t from) const {
    Entries all(changes().begin(), changes().end());
    for (const auto* own : {&image_, &origin_, &confirmed_, &tombstone_}) append_if(*own, all);
    std::erase_if(all, [&](const StoredEntry& entry) {
        return entry.place.segment != segment || entry.place.at < from;
    });
    return all;
}

std::optional<Entries> ZoneHistory::since(uint32_t serial) const {
    const auto all = changes();
    // From the newest: a serial that was used twice means its last use.
    for (size_t i = all.size(); i > 0; --i) {
        if (all[i - 1].head.from_serial == serial) {
            return Entries(all.begin() + static_cast<ptrdiff_t>(i - 1), all.end());
        }
    }
    return std::nullopt;
}

}  // namespace nearcast::zone
