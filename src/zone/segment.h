// SPDX-License-Identifier: Apache-2.0
//
// One segment file of the zone store, and the walk over its entries that survives any damage.
//
//     heads │ entry │ entry │ ▒▒▒▒▒▒▒▒ │ entry │ torn
//                             └ told, and skipped to the next whole head
//
// A segment is appended to by one thread; any thread reads what was appended before.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "zone/image.h"
#include "zone/store_disk.h"
#include "zone/store_entry.h"

namespace nearcast::zone {

// Where an entry begins.
struct EntryPlace {
    uint64_t segment = 0;
    uint64_t at = 0;

    bool operator==(const EntryPlace&) const = default;
};

// An entry of the store as one remembers it.
struct StoredEntry {
    EntryHead head{};
    EntryPlace place;
};

// Bytes of a segment that are no whole entry, or all of a file of which nothing is read.
struct SegmentDamage {
    std::string file;
    uint64_t at = 0;
    uint64_t size = 0;  // 0: all of the file.
    std::string reason;
    std::optional<ReadHead> entry = {};  // When its head is whole.
    std::string hint = {};

    [[nodiscard]] bool is_of_all() const { return size == 0; }

    [[nodiscard]] std::string to_text() const;
};

class Segment {
 public:
    // An empty segment in a new file of this name. Its heads are written, not yet synced.
    [[nodiscard]] static base::Result<std::shared_ptr<Segment>> create(StoreDisk& disk,
                                                                       const std::string& name,
                                                                       uint64_t number);
    // One that is there. Nothing when neither of its heads can be read.
    [[nodiscard]] static base::Result<std::shared_ptr<Segment>> open(StoreDisk& disk,
                                                                     const std::string& name);

    [[nodiscard]] static std::string name_of(uint64_t number);
    // The number in a name; nothing when it is not that of a segment.
    [[nodiscard]] static std::optional<uint64_t> number_of(const std::string& name);

    [[nodiscard]] uint64_t number() const { return number_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] StoreFile& file() const { return *file_; }

    struct Visitor {
        // `payload` is empty for an image, and valid during the call.
        std::function<void(const ReadHead& entry, uint64_t at, std::span<const uint8_t> payload)>
            entry;
        std::function<void(const SegmentDamage& damage)> damage;
    };

    // Walks all entries. The payloads of images are not read (they check themselves when they are
    // loaded), all others are verified. Returns where the last whole entry ends.
    [[nodiscard]] base::Result<uint64_t> scan(const Visitor& visitor) const;

    // The payload of the entry at `at`, verified. For other kinds than images.
    [[nodiscard]] base::Result<std::vector<uint8_t>> read(const EntryHead& head, uint64_t at) const;
    [[nodiscard]] base::Result<ImageBlock> read_image(const EntryHead& head, uint64_t at) const;

    // Appends to `bytes` the head that this payload has in this segment, and returns it. The
    // payload follows it, padded.
    EntryHead seal_head(EntryHead head, const dns::Name& apex, std::span<const uint8_t> payload,
                        std::vector<uint8_t>& bytes) const;

 private:
    Segment(std::string name, std::shared_ptr<StoreFile> file, uint64_t number, uint64_t seed)
        : name_(std::move(name)), file_(std::move(file)), number_(number), seed_(seed) {}

    std::string name_;
    std::shared_ptr<StoreFile> file_;
    uint64_t number_;
    uint64_t seed_;
};

}  // namespace nearcast::zone
