// SPDX-License-Identifier: Apache-2.0

#include "zone/segment_writer.h"

namespace nearcast::zone {
namespace {

using base::Result;

// What is gathered before it is written. A payload of this size is written from where it lies.
constexpr size_t kHeldMax = size_t{1} << 20;

}  // namespace

Result<void> SegmentWriter::flush() {
    if (held_.empty()) return {};
    auto done = segment_->file().write(end_ - held_.size(), held_);
    held_.clear();
    return done;
}

Result<void> SegmentWriter::put_bytes(std::span<const uint8_t> bytes) {
    if (held_.size() + bytes.size() > kHeldMax) {
        if (auto done = flush(); !done) return done;
    }
    if (bytes.size() > kHeldMax) {
        if (auto done = segment_->file().write(end_, bytes); !done) return done;
    } else {
        held_.insert(held_.end(), bytes.begin(), bytes.end());
    }
    end_ += bytes.size();
    return {};
}

Result<StoredEntry> SegmentWriter::put(const EntryHead& head, const dns::Name& apex,
                                       std::span<const uint8_t> payload) {
    std::vector<uint8_t> bytes;
    StoredEntry stored{segment_->seal_head(head, apex, payload, bytes), {segment_->number(), end_}};
    const std::vector<uint8_t> padding(padded(payload.size()) - payload.size());
    for (const std::span<const uint8_t> part :
         {std::span<const uint8_t>(bytes), payload, std::span<const uint8_t>(padding)}) {
        if (auto done = put_bytes(part); !done) return std::unexpected(done.error());
    }
    return stored;
}

}  // namespace nearcast::zone
