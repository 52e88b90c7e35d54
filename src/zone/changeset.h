// SPDX-License-Identifier: Apache-2.0
//
// The difference between two versions of a zone, exactly as an IXFR carries it (RFC 1995 §4): what
// to remove, the old SOA first, then what to add, the new SOA first.
//
// Records are kept end to end in wire form, nothing compressed: owner, type, class IN, TTL, size of
// the rdata, rdata. These bytes are also what a journal keeps. Used by one thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "zone/image_records.h"

namespace nearcast::zone {

class Changeset {
 public:
    // The SOA records come first, each in its part. The owner and the rdata are valid.
    void remove(const RecordView& record);
    void add(const RecordView& record);
    // All records of another one behind those that are there.
    void append(const Changeset& other);

    [[nodiscard]] std::span<const uint8_t> removed() const { return removed_.bytes; }
    [[nodiscard]] std::span<const uint8_t> added() const { return added_.bytes; }
    [[nodiscard]] size_t removed_count() const { return removed_.count; }
    [[nodiscard]] size_t added_count() const { return added_.count; }

    // Of the two SOA records; both must be there.
    [[nodiscard]] uint32_t from_serial() const { return serial_of(removed_); }
    [[nodiscard]] uint32_t to_serial() const { return serial_of(added_); }
    // Whether each part begins with a SOA and has no other.
    [[nodiscard]] bool is_complete() const;

 private:
    struct Part {
        std::vector<uint8_t> bytes;
        size_t count = 0;
    };

    static void append(Part& part, const RecordView& record);
    [[nodiscard]] static uint32_t serial_of(const Part& part);

    Part removed_;
    Part added_;
};

// Walks the records of one part. Stops where the bytes are no whole record.
class RecordSequence {
 public:
    // The bytes must stay where they are.
    explicit RecordSequence(std::span<const uint8_t> bytes) : rest_(bytes) {}

    // False when there is no further one. The view stays valid as long as the bytes do.
    [[nodiscard]] bool next(RecordView& record);

    // Whether the walk has come to the end, and not to something that is no record.
    [[nodiscard]] bool is_at_end() const { return rest_.empty(); }

 private:
    std::span<const uint8_t> rest_;
};

}  // namespace nearcast::zone
