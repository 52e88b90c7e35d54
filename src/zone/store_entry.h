// SPDX-License-Identifier: Apache-2.0
//
// An entry of a segment file: a head that checks itself, then a payload that the head checks.
//
// docs/internals/zone-store.md draws each byte. Every checksum is mixed with the segment's seed,
// a number that nobody outside knows: bytes inside a zone cannot pass for an entry when the
// reader searches for the next whole one behind damage.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dns/name.h"

namespace nearcast::zone {

constexpr uint64_t kEntryMagic = 0x59'52'54'4E'45'43'4E'0A;    // "\nNCENTRY"
constexpr uint64_t kSegmentMagic = 0x31'4D'47'45'53'43'4E'0A;  // "\nNCSEGM1"
constexpr uint32_t kSegmentFormat = 1;

// Entries and payloads begin here, so that an image lies in the file as it does in memory.
constexpr size_t kEntryAlignment = 64;

enum class EntryKind : uint8_t {
    Image = 1,      // A whole version.
    Changes = 2,    // What makes one version out of another.
    Confirmed = 3,  // A primary has said that this version is current. No payload.
    Withdrawn = 4,  // What is older of this zone is nobody's any more. No payload.
    Origin = 5,     // Where this version came from.
};

enum EntryFlag : uint8_t {
    kApplied = 1,  // Changes that came as such, and not with a whole new version.
};

// The fixed part of a head as it lies on disk. The apex follows, in lower case.
struct EntryHead {
    uint64_t magic;
    uint64_t checksum;  // Of everything from `kind` to the end of the head.
    EntryKind kind;
    uint8_t flags;  // EntryFlag
    uint8_t apex_size;
    uint8_t origin;       // ZoneOrigin::Kind
    uint32_t written_at;  // Seconds since 1970; of a Confirmed entry, when that was.
    uint64_t version;     // Numbers the versions of all zones in the order they came.
    uint64_t base;  // Changes: the version they apply to. Confirmed, Origin: a number of its own.
    uint32_t from_serial;
    uint32_t to_serial;
    uint64_t payload_size;
    uint64_t payload_checksum;
};
static_assert(sizeof(EntryHead) == 64);

constexpr size_t kEntryHeadMax = sizeof(EntryHead) + 256;

// What bounds a payload that a head may claim: an image can have 8 GiB.
constexpr uint64_t kPayloadSizeMax = uint64_t{9} << 30;

// At the start of a segment, twice.
struct SegmentHead {
    uint64_t magic;
    uint64_t checksum;  // Of everything behind it.
    uint32_t format;
    uint32_t reserved;
    uint64_t number;
    uint64_t seed;
    uint64_t reserved_words[3];
};
static_assert(sizeof(SegmentHead) == 64);
constexpr size_t kSegmentHeadCount = 2;
constexpr uint64_t kEntriesAt = kSegmentHeadCount * sizeof(SegmentHead);

[[nodiscard]] constexpr uint64_t padded(uint64_t size) {
    return (size + kEntryAlignment - 1) / kEntryAlignment * kEntryAlignment;
}

// How much of a segment the parts of this entry take.
[[nodiscard]] inline uint64_t head_size(const EntryHead& head) {
    return padded(sizeof(EntryHead) + head.apex_size);
}
[[nodiscard]] inline uint64_t entry_size(const EntryHead& head) {
    return head_size(head) + padded(head.payload_size);
}

[[nodiscard]] uint64_t payload_checksum(std::span<const uint8_t> payload, uint64_t seed);

// Appends the head and its apex as they lie in a segment with this seed; sets what depends on them.
void append_head(EntryHead& head, const dns::Name& apex, uint64_t seed,
                 std::vector<uint8_t>& bytes);

struct ReadHead {
    EntryHead head;
    dns::Name apex;
};

// The head at the start of `bytes`. Nothing when there is no whole, unchanged one.
[[nodiscard]] std::optional<ReadHead> read_head(std::span<const uint8_t> bytes,
                                                uint64_t seed) noexcept;

// Both copies of a segment's head.
[[nodiscard]] std::vector<uint8_t> segment_heads(uint64_t number, uint64_t seed);

// The head of the segment that begins with these bytes, from whichever copy is whole.
[[nodiscard]] std::optional<SegmentHead> read_segment_head(std::span<const uint8_t> bytes) noexcept;

}  // namespace nearcast::zone
