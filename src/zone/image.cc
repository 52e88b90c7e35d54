// SPDX-License-Identifier: Apache-2.0

#include "zone/image.h"

#include <cassert>
#include <cstdlib>
#include <new>

#include <sys/mman.h>
#include <xxhash.h>

#include "zone/huge_pages.h"
#include "zone/image_verifier.h"
#include "zone/round_up.h"

namespace nearcast::zone {
namespace {

// From this size on a block is mapped by itself.
constexpr size_t kMappedSizeMin = kHugePageSize;

// The lanes of a word whose byte is `tag` have their top bit set. A lane above a true match may be
// set wrongly: the caller compares names anyway.
uint64_t matching_lanes(uint64_t word, uint8_t tag) {
    constexpr uint64_t kEach = 0x0101010101010101;
    const uint64_t difference = word ^ (kEach * tag);
    return (difference - kEach) & ~difference & (kEach << 7);
}

// Calls `visit(Ref)` for each slot whose tag fits, until one returns true.
template <typename Visit>
bool visit_matches(const Bucket& bucket, uint8_t tag, Visit visit) {
    uint64_t low = 0;
    uint32_t high = 0;
    std::memcpy(&low, bucket.tags, sizeof low);
    std::memcpy(&high, bucket.tags + sizeof low, sizeof high);
    for (uint64_t lanes = matching_lanes(low, tag); lanes != 0; lanes &= lanes - 1) {
        if (visit(bucket.nodes[std::countr_zero(lanes) / 8])) return true;
    }
    const uint64_t upper = matching_lanes(high, tag) & 0xFFFFFFFF;
    for (uint64_t lanes = upper; lanes != 0; lanes &= lanes - 1) {
        if (visit(bucket.nodes[8 + std::countr_zero(lanes) / 8])) return true;
    }
    return false;
}

bool is_inside(const ImageHeader& header, Ref start, uint64_t count, uint64_t unit) {
    const uint64_t at = uint64_t{start} * kRefUnit;
    return at <= header.size && count <= (header.size - at) / unit;
}

// The kernel keeps a huge page whole as long as a part of it is used. What is left of one moves to
// ordinary pages, at the same place.
void leave_huge_page(uint8_t* start, size_t size) {
    void* const moved =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (moved == MAP_FAILED) return;
    std::memcpy(moved, start, size);
    if (::mremap(moved, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, start) == MAP_FAILED) {
        ::munmap(moved, size);
    }
}

}  // namespace

Node Image::find(uint64_t hash, std::span<const uint8_t> lowered) const {
    const Probe start = probe(hash);
    uint32_t number = start.bucket;
    Node found;
    for (size_t probes = 0; probes < kProbeMax; ++probes) {
        const Bucket& here = bucket(number);
        const auto is_it = [&](Ref ref) {
            const Node candidate = node(ref);
            if (candidate.is_named(lowered)) found = candidate;
            return static_cast<bool>(found);
        };
        if (visit_matches(here, start.tag, is_it) || here.has_overflowed == 0) break;
        if (++number == header().bucket_count) number = 0;
    }
    return found;
}

Node Image::prefetch_node(uint64_t hash) const {
    const Probe start = probe(hash);
    Node likely;
    visit_matches(bucket(start.bucket), start.tag, [&](Ref ref) {
        likely = node(ref);
        likely.prefetch();
        return true;
    });
    return likely;
}

dnssec::Nsec3Parameters Image::nsec3_parameters() const {
    const size_t at = header().nsec3_parameters * kRefUnit;
    const std::span rest(block_ + at, header().size - at);
    return dnssec::read_nsec3_parameters(rest).value_or(dnssec::Nsec3Parameters{});
}

ImageBlock ImageBlock::allocate(size_t size) {
    assert(size % kImageAlignment == 0);
    ImageBlock block;
    void* memory = nullptr;
    if (size >= kMappedSizeMin) {
        memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return block;
        ask_for_huge_pages(memory, size);
    } else {
        memory = ::operator new(size, std::align_val_t{kImageAlignment}, std::nothrow);
        if (memory == nullptr) return block;
        std::memset(memory, 0, size);
    }
    block.bytes_ = static_cast<uint8_t*>(memory);
    block.size_ = size;
    return block;
}

ImageBlock ImageBlock::adopt(const uint8_t* bytes) {
    ImageBlock block;
    block.bytes_ = const_cast<uint8_t*>(bytes);
    block.size_ = Image(bytes).header().size;
    return block;
}

bool ImageBlock::shrink(size_t size) {
    assert(size % kImageAlignment == 0 && size <= size_);
    if (size == size_) return true;
    if (size < kMappedSizeMin) return false;
    const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
    const size_t kept = round_up(size, page);
    if (kept < size_) {
        ::munmap(bytes_ + kept, size_ - kept);
        const size_t in_last = (reinterpret_cast<uintptr_t>(bytes_) + kept) % kHugePageSize;
        if (in_last > 0 && in_last <= kept) leave_huge_page(bytes_ + kept - in_last, in_last);
    }
    size_ = size;
    return true;
}

ImageBlock::~ImageBlock() {
    if (bytes_ == nullptr) return;
    if (size_ >= kMappedSizeMin) {
        ::munmap(bytes_, size_);
    } else {
        ::operator delete(bytes_, std::align_val_t{kImageAlignment});
    }
}

uint64_t image_checksum(std::span<const uint8_t> block) {
    constexpr size_t kFrom = offsetof(ImageHeader, format);
    constexpr size_t kTo = offsetof(ImageHeader, base_address);
    const uint64_t head = XXH3_64bits(block.data() + kFrom, kTo - kFrom);
    const auto rest = block.subspan(sizeof(ImageHeader));
    return XXH3_64bits_withSeed(rest.data(), rest.size(), head);
}

ImageFault verify_image(std::span<const uint8_t> block) {
    if (block.size() < sizeof(ImageHeader)) return ImageFault::Truncated;
    const ImageHeader& header = Image(block.data()).header();
    if (header.magic != kImageMagic) return ImageFault::NotAnImage;
    if (header.format != kImageFormat) return ImageFault::UnknownFormat;
    if (header.size != block.size()) return ImageFault::Truncated;
    if (header.checksum != image_checksum(block)) return ImageFault::WrongChecksum;
    if ((header.flags & kDelta) != 0 || header.base_address != 0) return ImageFault::OutOfBounds;
    const bool is_whole =
        header.size % kImageAlignment == 0 && header.bucket_count > 0 &&
        is_inside(header, kApexRef, 1, sizeof(NodeHeader)) &&
        is_inside(header, header.index, header.bucket_count, sizeof(Bucket)) &&
        is_inside(header, header.order, header.name_count, sizeof(Ref)) &&
        is_inside(header, header.name_keys, header.name_count, sizeof(uint64_t)) &&
        header.name_keys * kRefUnit % sizeof(uint64_t) == 0 &&
        is_inside(header, header.nsec3_order, header.nsec3_count, sizeof(Ref)) &&
        is_inside(header, header.nsec3_links, header.nsec3_link_count, sizeof(Nsec3Link)) &&
        is_inside(header, header.nsec3_parameters, 1, 1);
    if (!is_whole || !ImageVerifier(Image(block.data())).is_sound()) return ImageFault::OutOfBounds;
    return ImageFault::None;
}

}  // namespace nearcast::zone
