// SPDX-License-Identifier: Apache-2.0

#include "zone/store_entry.h"

#include <algorithm>
#include <cstring>

#include <xxhash.h>

namespace nearcast::zone {
namespace {

uint64_t head_checksum(std::span<const uint8_t> head, uint64_t seed) {
    constexpr size_t kFrom = offsetof(EntryHead, kind);
    return XXH3_64bits_withSeed(head.data() + kFrom, head.size() - kFrom, seed);
}

uint64_t segment_checksum(const SegmentHead& head) {
    constexpr size_t kFrom = offsetof(SegmentHead, format);
    const auto* const bytes = reinterpret_cast<const uint8_t*>(&head);
    return XXH3_64bits(bytes + kFrom, sizeof head - kFrom);
}

bool is_known(EntryKind kind) { return kind >= EntryKind::Image && kind <= EntryKind::Origin; }

bool is_whole(const SegmentHead& head) {
    return head.magic == kSegmentMagic && head.format == kSegmentFormat &&
           head.checksum == segment_checksum(head);
}

}  // namespace

uint64_t payload_checksum(std::span<const uint8_t> payload, uint64_t seed) {
    return XXH3_64bits_withSeed(payload.data(), payload.size(), seed);
}

void append_head(EntryHead& head, const dns::Name& apex, uint64_t seed,
                 std::vector<uint8_t>& bytes) {
    const dns::Name lowered = apex.lowered();
    head.magic = kEntryMagic;
    head.apex_size = static_cast<uint8_t>(lowered.wire().size());
    const size_t at = bytes.size();
    bytes.resize(at + head_size(head));
    const std::span<uint8_t> own = std::span(bytes).subspan(at);
    std::memcpy(own.data(), &head, sizeof head);
    std::ranges::copy(lowered.wire(), own.begin() + sizeof head);
    head.checksum = head_checksum(own, seed);
    std::memcpy(own.data(), &head, sizeof head);
}

std::optional<ReadHead> read_head(std::span<const uint8_t> bytes, uint64_t seed) noexcept {
    ReadHead found{};
    EntryHead& head = found.head;
    if (bytes.size() < sizeof head) return std::nullopt;
    std::memcpy(&head, bytes.data(), sizeof head);
    if (head.magic != kEntryMagic || head_size(head) > bytes.size()) return std::nullopt;
    const auto own = bytes.first(head_size(head));
    if (head.checksum != head_checksum(own, seed)) return std::nullopt;
    const auto apex = dns::Name::from_wire(own.subspan(sizeof head, head.apex_size));
    if (!apex || !is_known(head.kind) || head.payload_size > kPayloadSizeMax) return std::nullopt;
    found.apex = *apex;
    return found;
}

std::vector<uint8_t> segment_heads(uint64_t number, uint64_t seed) {
    SegmentHead head{};
    head.magic = kSegmentMagic;
    head.format = kSegmentFormat;
    head.number = number;
    head.seed = seed;
    head.checksum = segment_checksum(head);
    std::vector<uint8_t> bytes(kEntriesAt);
    for (size_t i = 0; i < kSegmentHeadCount; ++i) {
        std::memcpy(bytes.data() + i * sizeof head, &head, sizeof head);
    }
    return bytes;
}

std::optional<SegmentHead> read_segment_head(std::span<const uint8_t> bytes) noexcept {
    for (size_t at = 0; at < kEntriesAt && at + sizeof(SegmentHead) <= bytes.size();
         at += sizeof(SegmentHead)) {
        SegmentHead head{};
        std::memcpy(&head, bytes.data() + at, sizeof head);
        if (is_whole(head)) return head;
    }
    return std::nullopt;
}

}  // namespace nearcast::zone
