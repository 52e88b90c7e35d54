// SPDX-License-Identifier: Apache-2.0
//
// A name folded to lower case, with the hash of each of its suffixes, ready for every look-up.
//
// One pass from right to left gives all hashes: the hash of a name is its parent's, mixed with its
// first label. So the same values find the zone, the name in it and its closest encloser. They are
// stored in images: changing the function changes the image format.

#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "dns/name.h"
#include "zone/letter_lanes.h"

namespace nearcast::zone {

constexpr uint64_t kRootHash = 0x9E3779B97F4A7C15;

// The high and the low half of the product, folded: each bit of the result hangs on all of both.
[[nodiscard]] inline uint64_t fold_multiply(uint64_t a, uint64_t b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// The lowest bytes of a word, by how many of them.
inline constexpr std::array<uint64_t, 9> kLowBytes = {
    0,
    0xFF,
    0xFFFF,
    0xFF'FFFF,
    0xFFFF'FFFF,
    0xFF'FFFF'FFFF,
    0xFFFF'FFFF'FFFF,
    0xFF'FFFF'FFFF'FFFF,
    0xFFFF'FFFF'FFFF'FFFF,
};

// The hash of `label` + the name with hash `parent`. The label is in lower case, begins with its
// length byte, and seven bytes after it must be readable (their values do not matter).
[[nodiscard]] inline uint64_t extend_hash(uint64_t parent, const uint8_t* label) {
    static_assert(std::endian::native == std::endian::little);
    constexpr uint64_t kMultiplier = 0xD6E8FEB86659FD93;
    const size_t size = label[0] + 1U;
    uint64_t hash = parent;
    uint64_t word = 0;
    size_t at = 0;
    for (; at + 8 < size; at += 8) {
        std::memcpy(&word, label + at, sizeof word);
        hash = std::rotl(hash, 29) ^ fold_multiply(hash ^ word, kMultiplier);
    }
    std::memcpy(&word, label + at, sizeof word);
    word &= kLowBytes[size - at];
    return std::rotl(hash, 29) ^ fold_multiply(hash ^ word, kMultiplier);
}

class HashedName {
 public:
    // Bytes past the end of the name that may be read: labels are hashed eight at a time.
    static constexpr size_t kPadding = 8;

    HashedName() { assign_root(); }
    explicit HashedName(std::span<const uint8_t> wire) { assign(wire); }

    // Takes the complete, legal, uncompressed name `wire`, in any letter case.
    void assign(std::span<const uint8_t> wire) {
        dns::LabelStarts labels;
        (void)dns::find_labels(wire, labels);
        assign(wire, labels);
    }

    // The same for whoever knows its labels: for each query, so that no call is worth it.
    [[gnu::always_inline]] void assign(std::span<const uint8_t> wire,
                                       const dns::LabelStarts& labels) {
        size_ = static_cast<uint16_t>(wire.size());
        uint8_t* const lowered = bytes_.data() + kFront;
        lower_in_lanes(wire.data(), wire.size(), lowered);
        copy(labels);
        hashes_[labels.count] = kRootHash;
        for (size_t label = labels.count; label-- > 0;) {
            hashes_[label] = extend_hash(hashes_[label + 1], lowered + labels.at[label]);
        }
    }

    // Labels without the root; also the index of the root as a suffix.
    [[nodiscard]] size_t label_count() const { return labels_.count; }
    [[nodiscard]] size_t size() const { return size_; }

    // The suffix that begins at label `label` (0: the whole name), its hash, its place.
    [[nodiscard]] std::span<const uint8_t> suffix(size_t label) const {
        return {bytes_.data() + kFront + labels_.at[label], size_ - labels_.at[label] + size_t{0}};
    }
    [[nodiscard]] uint64_t hash(size_t label = 0) const { return hashes_[label]; }
    [[nodiscard]] size_t start(size_t label) const { return labels_.at[label]; }
    [[nodiscard]] std::span<const uint8_t> wire() const { return {bytes_.data() + kFront, size_}; }

 private:
    // In front of the name: what a comparison of names may read.
    static constexpr size_t kFront = 16;
    static_assert(kFront >= kReadableBefore);

    void assign_root() {
        bytes_[kFront] = 0;
        labels_.at[0] = 0;
        hashes_[0] = kRootHash;
    }

    // Of most names few labels are all there is.
    void copy(const dns::LabelStarts& labels) {
        constexpr size_t kFew = 16;
        labels_.count = labels.count;
        if (labels.count < kFew) {
            std::memcpy(labels_.at.data(), labels.at.data(), kFew);
        } else {
            labels_.at = labels.at;
        }
    }

    uint16_t size_ = 1;
    alignas(16) std::array<uint8_t, kFront + dns::kNameSizeMax + kPadding + 1> bytes_;
    dns::LabelStarts labels_;
    std::array<uint64_t, dns::kLabelCountMax + 1> hashes_;
};

}  // namespace nearcast::zone
