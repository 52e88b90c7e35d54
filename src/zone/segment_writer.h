// SPDX-License-Identifier: Apache-2.0
//
// Appends entries to a segment, small ones many at a time. Used by one thread.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "zone/segment.h"

namespace nearcast::zone {

class SegmentWriter {
 public:
    // Goes on at `end`, where the last entry of the segment ends.
    SegmentWriter(std::shared_ptr<Segment> segment, uint64_t end)
        : segment_(std::move(segment)), end_(end) {}

    // Where the next entry goes.
    [[nodiscard]] uint64_t end() const { return end_; }
    [[nodiscard]] const std::shared_ptr<Segment>& segment() const { return segment_; }

    // Returns the entry as it will lie there; head.payload_size and both checksums are set.
    [[nodiscard]] base::Result<StoredEntry> put(const EntryHead& head, const dns::Name& apex,
                                                std::span<const uint8_t> payload);
    // Writes what is still held back.
    [[nodiscard]] base::Result<void> flush();

 private:
    [[nodiscard]] base::Result<void> put_bytes(std::span<const uint8_t> bytes);

    std::shared_ptr<Segment> segment_;
    uint64_t end_;
    std::vector<uint8_t> held_;  // What lies right before end_.
};

}  // namespace nearcast::zone
