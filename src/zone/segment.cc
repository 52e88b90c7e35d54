// SPDX-License-Identifier: Apache-2.0

#include "zone/segment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <unistd.h>

namespace nearcast::zone {
namespace {

using base::Result;

constexpr std::string_view kNamePrefix = "segment-";
constexpr size_t kNumberDigits = 16;

// What a walk reads at a time: many small entries with one call, and little that is skipped over.
constexpr size_t kWindowSize = size_t{256} << 10;
// How far a walk goes on behind a place that the disk cannot read.
constexpr uint64_t kUnreadableStep = 4096;

uint64_t random_seed() {
    uint64_t seed = 0;
    // A kernel without it leaves 0: then only chance protects a search behind damage.
    if (::getentropy(&seed, sizeof seed) != 0) return 0;
    return seed;
}

// A part of the file in memory that moves along with the walk.
class Window {
 public:
    Window(const StoreFile& file, uint64_t size) : file_(file), size_(size) {}

    // The bytes at this place, as many as there are up to `count`. Empty when they cannot be read.
    std::span<const uint8_t> view(uint64_t at, uint64_t count) {
        count = std::min(count, size_ - std::min(at, size_));
        if (at < at_ || at + count > at_ + bytes_.size()) load(at, count);
        if (at + count > at_ + bytes_.size()) return {};
        return std::span(bytes_).subspan(at - at_, count);
    }

 private:
    void load(uint64_t at, uint64_t count) {
        at_ = at;
        bytes_.resize(std::min<uint64_t>(std::max<uint64_t>(count, kWindowSize), size_ - at));
        const auto got = file_.read(at, bytes_);
        bytes_.resize(got.value_or(0));
    }

    const StoreFile& file_;
    uint64_t size_;
    uint64_t at_ = 0;
    std::vector<uint8_t> bytes_;
};

class Walk {
 public:
    Walk(const Segment& segment, uint64_t seed, uint64_t size, const Segment::Visitor& visitor)
        : segment_(segment),
          seed_(seed),
          size_(size),
          visitor_(visitor),
          window_(segment.file(), size) {}

    uint64_t run() {
        for (uint64_t at = kEntriesAt; at < size_;) at = step(at);
        close_gap(size_);
        return whole_end_;
    }

 private:
    uint64_t step(uint64_t at) {
        const auto bytes = window_.view(at, kEntryHeadMax);
        if (bytes.empty()) return skip(at, kUnreadableStep);
        const auto found = read_head(bytes, seed_);
        if (!found) return skip(at, kEntryAlignment);
        close_gap(at);
        const uint64_t size = entry_size(found->head);
        if (size > size_ - at) {
            tell(at, size_ - at, "an entry is cut off", found);
            return size_;
        }
        whole_end_ = at + size;
        if (found->head.kind == EntryKind::Image) {
            visitor_.entry(*found, at, {});
            return at + size;
        }
        const auto payload = window_.view(at + head_size(found->head), found->head.payload_size);
        if (payload.size() == found->head.payload_size &&
            payload_checksum(payload, seed_) == found->head.payload_checksum) {
            visitor_.entry(*found, at, payload);
        } else {
            tell(at, size, "an entry has changed since it was written", found);
        }
        return at + size;
    }

    uint64_t skip(uint64_t at, uint64_t step) {
        if (!gap_at_) gap_at_ = at;
        return at + step;
    }

    void close_gap(uint64_t end) {
        if (!gap_at_) return;
        tell(*gap_at_, end - *gap_at_, "what is there is no entry", std::nullopt);
        gap_at_.reset();
    }

    void tell(uint64_t at, uint64_t size, std::string reason, std::optional<ReadHead> entry) {
        visitor_.damage({.file = segment_.name(),
                         .at = at,
                         .size = size,
                         .reason = std::move(reason),
                         .entry = std::move(entry)});
    }

    const Segment& segment_;
    uint64_t seed_;
    uint64_t size_;
    const Segment::Visitor& visitor_;
    Window window_;
    std::optional<uint64_t> gap_at_;
    uint64_t whole_end_ = kEntriesAt;
};

}  // namespace

std::string SegmentDamage::to_text() const {
    if (is_of_all()) return file + ": " + reason;
    return file + " at byte " + std::to_string(at) + ": " + reason + " (" + std::to_string(size) +
           " bytes)";
}

std::string Segment::name_of(uint64_t number) {
    std::string digits(kNumberDigits, '0');
    std::array<char, kNumberDigits> room{};
    const auto end = std::to_chars(room.data(), room.data() + room.size(), number, 16).ptr;
    const auto count = static_cast<size_t>(end - room.data());
    std::copy_n(room.data(), count, digits.end() - static_cast<ptrdiff_t>(count));
    return std::string(kNamePrefix) + digits;
}

std::optional<uint64_t> Segment::number_of(const std::string& name) {
    if (name.size() != kNamePrefix.size() + kNumberDigits || !name.starts_with(kNamePrefix)) {
        return std::nullopt;
    }
    uint64_t number = 0;
    const char* const end = name.data() + name.size();
    const auto read = std::from_chars(name.data() + kNamePrefix.size(), end, number, 16);
    return read.ec == std::errc() && read.ptr == end ? std::optional(number) : std::nullopt;
}

Result<std::shared_ptr<Segment>> Segment::create(StoreDisk& disk, const std::string& name,
                                                 uint64_t number) {
    auto file = disk.create(name);
    if (!file) return std::unexpected(file.error());
    const uint64_t seed = random_seed();
    if (auto done = (*file)->write(0, segment_heads(number, seed)); !done) {
        (void)disk.remove(name);
        return std::unexpected(done.error());
    }
    return std::shared_ptr<Segment>(new Segment(name_of(number), *std::move(file), number, seed));
}

Result<std::shared_ptr<Segment>> Segment::open(StoreDisk& disk, const std::string& name) {
    auto file = disk.open(name);
    if (!file) return std::unexpected(file.error());
    std::array<uint8_t, kEntriesAt> bytes{};
    const auto got = (*file)->read(0, bytes);
    if (!got) return std::unexpected(got.error());
    const auto head = read_segment_head(std::span(bytes).first(*got));
    if (!head) return std::shared_ptr<Segment>();
    return std::shared_ptr<Segment>(new Segment(name, *std::move(file), head->number, head->seed));
}

Result<uint64_t> Segment::scan(const Visitor& visitor) const {
    const auto size = file_->size();
    if (!size) return std::unexpected(size.error());
    return Walk(*this, seed_, *size, visitor).run();
}

Result<std::vector<uint8_t>> Segment::read(const EntryHead& head, uint64_t at) const {
    std::vector<uint8_t> payload(head.payload_size);
    const auto got = file_->read(at + head_size(head), payload);
    if (!got) return std::unexpected(got.error());
    if (*got != payload.size() || payload_checksum(payload, seed_) != head.payload_checksum) {
        return base::fail(name_ + " at byte " + std::to_string(at) + " is damaged");
    }
    return payload;
}

Result<ImageBlock> Segment::read_image(const EntryHead& head, uint64_t at) const {
    if (head.payload_size % kImageAlignment != 0 || head.payload_size < sizeof(ImageHeader)) {
        return base::fail(name_ + " at byte " + std::to_string(at) + " is damaged");
    }
    ImageBlock block = ImageBlock::allocate(head.payload_size);
    if (!block) return base::fail("an image is larger than the memory");
    const auto got = file_->read(at + head_size(head), block.bytes());
    if (!got) return std::unexpected(got.error());
    switch (*got == head.payload_size ? verify_image(block.bytes()) : ImageFault::Truncated) {
        case ImageFault::None:
            if (block.image().header().checksum == head.payload_checksum) return block;
            break;
        case ImageFault::UnknownFormat:
            return base::fail("it was written by another version of this program");
        default:
            break;
    }
    return base::fail(name_ + " at byte " + std::to_string(at) + " is damaged");
}

EntryHead Segment::seal_head(EntryHead head, const dns::Name& apex,
                             std::span<const uint8_t> payload, std::vector<uint8_t>& bytes) const {
    head.payload_size = payload.size();
    // An image has a checksum of its own over all of it: one pass over a gigabyte is enough.
    head.payload_checksum = head.kind == EntryKind::Image ? Image(payload.data()).header().checksum
                                                          : payload_checksum(payload, seed_);
    append_head(head, apex, seed_, bytes);
    return head;
}

}  // namespace nearcast::zone
