// SPDX-License-Identifier: Apache-2.0
//
// A zone version as one contiguous block that is only read: header, index, names, RRsets.
//
// The block holds offsets and no pointers, so it can lie anywhere, in memory or in a file; see
// docs/internals/zone-image.md for each byte. Numbers are in the host's order (little-endian)
// except inside record bytes, which are as they go into a message. ImageBlock owns a block; Image,
// Node and RRset are views into one, as cheap to copy as a pointer. All of it is immutable: any
// thread reads.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/prefetch.h"
#include "dns/ascii.h"
#include "dns/rr_type.h"
#include "dnssec/nsec3.h"
#include "zone/hashed_name.h"
#include "zone/letter_lanes.h"

namespace nearcast::zone {

// A place in the block, in units of four bytes from its start: 8 GiB at most. Zero: none.
using Ref = uint32_t;
constexpr size_t kRefUnit = 4;         // As size_t: products with it do not overflow.
constexpr Ref kInBase = Ref{1} << 31;  // In a delta: the rest is a place in its base.

constexpr uint64_t kImageMagic = 0x31454E4F5A434E0A;  // "\nNCZONE1"
constexpr uint32_t kImageFormat = 4;
constexpr size_t kImageAlignment = 64;  // A bucket of the index is a cache line.
constexpr size_t kImageTail = 8;        // Readable bytes after the last name or record.

// How many buckets a look-up may touch. The builder sees to it that no name needs more, so that
// nobody can make a zone whose questions are slow by choosing names with similar hashes.
constexpr size_t kProbeMax = 16;

struct ImageHeader {
    uint64_t magic;
    uint64_t checksum;  // XXH3 of everything after this field, base_address left out.
    uint32_t format;
    uint32_t flags;  // ImageFlag
    uint64_t size;   // Of the whole block, a multiple of kImageAlignment.
    uint64_t salt;   // Mixed into the hash to choose a bucket.
    uint32_t bucket_count;
    Ref index;  // Bucket[bucket_count]
    Ref order;  // Ref[name_count]: nodes in canonical order. In a delta: DeltaEntry[name_count].
    uint32_t name_count;
    uint32_t serial;
    uint32_t label_count_max;  // No name has more labels, the root not counted.

    // Second cache line: not needed for an ordinary answer.
    Ref nsec3_order;  // The same for nodes that hold nothing but NSEC3
    uint32_t nsec3_count;
    uint32_t record_count;
    Ref nsec3_parameters;    // The rdata of the NSEC3PARAM of the chain that answers use, or none.
    uint64_t base_checksum;  // For a delta: of the image it applies to. Zero: complete in itself.
    Ref nsec3_links;         // Nsec3Link[nsec3_link_count]: that chain
    uint32_t nsec3_link_count;
    // When the first of its signatures does (RFC 4034 §3.1.5), or zero. A delta: none does before.
    uint32_t signatures_expire;
    Ref name_keys;  // uint64_t[name_count], see zone/name_key.h: of a zone with NSEC, else none.
    uint64_t reserved_words[2];
    uint64_t base_address;  // Of a delta in use: where its base is. Means nothing in a file.
};
static_assert(sizeof(ImageHeader) == 128);

// The apex node has a fixed place, so that it can be fetched together with the header.
constexpr Ref kApexRef = sizeof(ImageHeader) / kRefUnit;

enum ImageFlag : uint32_t {
    kUnavailable = 1,   // Names the zone but has no data: every question gets SERVFAIL.
    kDelta = 2,         // Has only what differs from its base.
    kChainInOrder = 4,  // nsec3_links are the nodes of nsec3_order, one for one.
};

struct Bucket {
    static constexpr size_t kSlots = 12;
    uint8_t tags[kSlots];    // Eight bits of the hash, never zero; zero: the slot is free.
    uint8_t has_overflowed;  // A name that belongs here lies in a later bucket.
    uint8_t reserved[3];
    Ref nodes[kSlots];
};
static_assert(sizeof(Bucket) == 64);

// Followed by the owner name, padded to four bytes, then RRsetEntry[rrset_count], and where the
// flags say so a Ref and Nsec3Places.
struct NodeHeader {
    uint16_t flags;  // NodeFlag
    uint8_t owner_size;
    uint8_t label_count;
    uint16_t rrset_count;  // Zero: an empty non-terminal.
    uint16_t reserved;
};
static_assert(sizeof(NodeHeader) == 8);

enum NodeFlag : uint16_t {
    kApex = 1,
    kDelegation = 2,  // A zone cut: it has NS and is not the apex.
    kDname = 4,
    kOccluded = 8,    // Below a cut or a DNAME: never an answer, at most glue.
    kTombstone = 16,  // For a delta: the name is gone.
    kPlaced = 32,     // In a zone with an NSEC3 chain, and not occluded: it has Nsec3Places.
    kProvable = 64,   // An NSEC3 of the chain matches its name: see Nsec3Places::own.
    kLinked = 128,    // It has a Ref: to what hides it if it is occluded, else to its wildcard.
};

// A node of a delta, in its place in the order of the version.
struct DeltaEntry {
    uint64_t hash;  // Of the name.
    Ref node;
    // The node of the base in whose place it is. Of a node that is new: the one of the base that
    // comes next in the order, kAtEnd if none does. Nodes lie in a block in their order, so these
    // numbers tell what comes first without a look at the names.
    Ref base;
    uint32_t base_number;  // Where in the order of the base that node is.
    uint32_t flags;        // DeltaFlag
    // Of a tombstone: how many tombstones stand here for nodes that follow each other in the base,
    // this one the last. So a search steps over all that were removed at once.
    uint32_t run;
    uint32_t reserved;

    static constexpr Ref kAtEnd = UINT32_MAX;
};
static_assert(sizeof(DeltaEntry) == 32);

enum DeltaFlag : uint32_t {
    kReplaces = 1,  // In the place of a node of the base.
    kGone = 2,      // And that is a tombstone.
};

struct RRsetEntry {
    dns::RRType type;
    uint16_t reserved;
    Ref rrset;
};
static_assert(sizeof(RRsetEntry) == 8);

// A link of the NSEC3 chain: they lie in the order of their hashes.
struct Nsec3Link {
    dnssec::Nsec3Hash hash;
    Ref node;
};
static_assert(sizeof(Nsec3Link) == 24);

// Which links of the chain deny what is not at a name or below it. With them only the next closer
// name of a question has to be hashed.
struct Nsec3Places {
    uint32_t own;       // The link that matches the name, or covers it: see kProvable.
    uint32_t wildcard;  // The link that covers the name's wildcard, if that does not exist.
};
static_assert(sizeof(Nsec3Places) == 8);

// The records of an RRset with their signatures, at most: with a header, the longest question and
// an OPT record they still fit in the largest message.
constexpr size_t kSetSizeMax = 65535 - 12 - 259 - 512;

// Followed by RRsetParts, Link[link_count] and Fixup[fixup_count] if it has any of these, then the
// body, and the signatures. Most RRsets are nothing but a body.
struct RRsetHeader {
    static constexpr uint16_t kHasParts = 0x8000;  // Beside the number of records.

    uint16_t records;
    uint16_t body_size;
};
static_assert(sizeof(RRsetHeader) == 4);

struct RRsetParts {
    uint16_t signature_count;
    uint16_t signatures_size;
    uint16_t link_count;
    uint16_t fixup_count;
};
static_assert(sizeof(RRsetParts) == 8);

// A name in the rdata that is in this zone: what additional data and glue need. It leads to nothing
// where no such node is, or none that may be told; and always in a delta, whose RRsets are looked
// up by name.
struct Link {
    Ref node;
    uint16_t name_at;  // Where the name begins in the body.
    uint16_t flags;    // LinkFlag
};
static_assert(sizeof(Link) == 8);

enum LinkFlag : uint16_t {
    kInDomain = 1,  // At or below the owner of this NS: without its address nobody gets there.
    kSameType = 2,  // An SVCB or HTTPS alias: the target's records of the same type help too.
    kToOwner = 4,   // The rdata says "." and means the owner: name_at is no name to point to.
};

// Whether an RRset of this type has what lies at a node with these flags added to it. Addresses
// below a cut are for finding name servers, those of the root among them (RFC 9609).
[[nodiscard]] constexpr bool may_be_told(dns::RRType type, uint16_t flags) {
    return type == dns::RRType::NS || (flags & (kOccluded | kDelegation)) == 0;
}

// A compression pointer in the body whose value depends on where the body lands in a message.
struct Fixup {
    uint16_t at;  // Where in the body the pointer is: kPointerByte and a byte of any value.
    // With kInBody: a place in the body. Otherwise a suffix of the owner, by its size.
    uint16_t target;

    static constexpr uint16_t kInBody = 0x8000;
    [[nodiscard]] bool is_in_body() const { return (target & kInBody) != 0; }
    [[nodiscard]] size_t place() const { return target & (kInBody - 1U); }
};
static_assert(sizeof(Fixup) == 4);
constexpr uint8_t kPointerByte = 0xC0;

// In the body each record starts with this pointer to the question's name (RFC 1035 §4.1.4), right
// as it is when the owner was asked for, and is then type, class, TTL, rdata size, rdata.
constexpr uint16_t kOwnerPointer = 0xC00C;
constexpr size_t kRecordFixedSize = 12;

// The places within a record of the body.
constexpr size_t kTypeAt = 2;
constexpr size_t kTtlAt = 6;
constexpr size_t kRdataSizeAt = 10;

class Node;

class RRset {
 public:
    RRset() = default;
    RRset(const uint8_t* block, Ref ref) : block_(block), at_(block + ref * kRefUnit) {}

    [[nodiscard]] explicit operator bool() const { return at_ != nullptr; }
    [[nodiscard]] dns::RRType type() const {
        return static_cast<dns::RRType>(base::load_u16(body().data() + kTypeAt));
    }
    [[nodiscard]] uint16_t record_count() const {
        return header().records & uint16_t{RRsetHeader::kHasParts - 1};
    }
    [[nodiscard]] uint16_t signature_count() const { return parts().signature_count; }
    [[nodiscard]] std::span<const Link> links() const {
        return {reinterpret_cast<const Link*>(behind_parts()), parts().link_count};
    }
    [[nodiscard]] std::span<const Fixup> fixups() const {
        return {reinterpret_cast<const Fixup*>(behind_parts() + parts().link_count * sizeof(Link)),
                parts().fixup_count};
    }
    [[nodiscard]] std::span<const uint8_t> body() const {
        if (!has_parts()) return {at_ + sizeof(RRsetHeader), header().body_size};
        return {behind_parts() + parts().link_count * sizeof(Link) +
                    parts().fixup_count * sizeof(Fixup),
                header().body_size};
    }
    // The RRSIG records over this RRset, in the same form as the body and without fixups.
    [[nodiscard]] std::span<const uint8_t> signatures() const {
        return {body().data() + header().body_size, parts().signatures_size};
    }
    // What the record counts and sizes are read from; no more than that is known to lie in the
    // block before it has been verified.
    [[nodiscard]] const RRsetHeader& header() const {
        return *reinterpret_cast<const RRsetHeader*>(at_);
    }
    [[nodiscard]] bool has_parts() const {
        return (header().records & RRsetHeader::kHasParts) != 0;
    }
    [[nodiscard]] const RRsetParts& parts() const {
        static constexpr RRsetParts kNone{};
        return has_parts() ? *reinterpret_cast<const RRsetParts*>(at_ + sizeof(RRsetHeader))
                           : kNone;
    }
    [[nodiscard]] Node target(const Link& link) const;
    [[nodiscard]] uint32_t ttl() const { return base::load_u32(body().data() + kTtlAt); }

 private:
    [[nodiscard]] const uint8_t* behind_parts() const {
        return at_ + sizeof(RRsetHeader) + (has_parts() ? sizeof(RRsetParts) : 0);
    }

    const uint8_t* block_ = nullptr;
    const uint8_t* at_ = nullptr;
};

class Node {
 public:
    Node() = default;
    Node(const uint8_t* block, Ref ref) : block_(block), at_(block + ref * kRefUnit) {}

    [[nodiscard]] explicit operator bool() const { return at_ != nullptr; }
    friend bool operator==(const Node& a, const Node& b) { return a.at_ == b.at_; }

    [[nodiscard]] const NodeHeader& header() const {
        return *reinterpret_cast<const NodeHeader*>(at_);
    }
    [[nodiscard]] bool has(NodeFlag flag) const { return (header().flags & flag) != 0; }
    [[nodiscard]] const uint8_t* block() const { return block_; }
    [[nodiscard]] Ref ref() const { return static_cast<Ref>((at_ - block_) / ptrdiff_t{kRefUnit}); }
    // In the letter case of the zone file.
    [[nodiscard]] std::span<const uint8_t> owner() const {
        return {at_ + sizeof(NodeHeader), header().owner_size};
    }
    [[nodiscard]] size_t label_count() const { return header().label_count; }
    [[nodiscard]] std::span<const RRsetEntry> rrsets() const {
        const size_t padded = (header().owner_size + kRefUnit - 1) / kRefUnit * kRefUnit;
        return {reinterpret_cast<const RRsetEntry*>(at_ + sizeof(NodeHeader) + padded),
                header().rrset_count};
    }
    [[nodiscard]] RRset rrset(const RRsetEntry& entry) const { return {block_, entry.rrset}; }
    // Of a node that is kLinked.
    [[nodiscard]] const Ref* link_field() const {
        return reinterpret_cast<const Ref*>(rrsets().data() + rrsets().size());
    }
    // Zero: it leads nowhere.
    [[nodiscard]] Ref link() const { return has(kLinked) ? *link_field() : 0; }
    // Of a node that is kPlaced.
    [[nodiscard]] const Nsec3Places& nsec3_places() const {
        return *reinterpret_cast<const Nsec3Places*>(link_field() + (has(kLinked) ? 1 : 0));
    }
    // False when the node has none of this type.
    [[nodiscard]] RRset find(dns::RRType type) const {
        for (const RRsetEntry& entry : rrsets()) {
            if (entry.type == type) return rrset(entry);
        }
        return {};
    }

    // Of an occluded node: the cut or DNAME that hides it.
    [[nodiscard]] Node hidden_by() const { return Node(block_, link()); }
    // Of any other: the node *.owner, or none.
    [[nodiscard]] Node wildcard() const { return link() == 0 ? Node() : Node(block_, link()); }

    // `lowered` is of a HashedName: readable bytes are in front of it.
    [[nodiscard]] bool is_named(std::span<const uint8_t> lowered) const {
        static_assert(sizeof(ImageHeader) >= kReadableBefore);
        return header().owner_size == lowered.size() &&
               is_lowered_to(at_ + sizeof(NodeHeader), lowered.data(), lowered.size());
    }

    void prefetch() const {
        base::prefetch(at_);
        base::prefetch(at_ + 64);
    }

 private:
    const uint8_t* block_ = nullptr;
    const uint8_t* at_ = nullptr;
};

inline Node RRset::target(const Link& link) const { return {block_, link.node}; }

// Where a hash leads in an index: a bucket, and the tag to look for in it.
struct Probe {
    uint32_t bucket;
    uint8_t tag;
};

[[nodiscard]] inline Probe probe_for(uint64_t hash, uint64_t salt, uint32_t bucket_count) {
    const uint64_t mixed = (hash ^ salt) * 0xA24BAED4963EE407;
    const auto tag = static_cast<uint8_t>(mixed >> 24);
    const auto bucket = static_cast<uint32_t>(((mixed >> 32) * bucket_count) >> 32);
    return {bucket, tag == 0 ? uint8_t{1} : tag};
}

class Image {
 public:
    explicit Image(const uint8_t* block) : block_(block) {}

    [[nodiscard]] const ImageHeader& header() const {
        return *reinterpret_cast<const ImageHeader*>(block_);
    }
    [[nodiscard]] const uint8_t* block() const { return block_; }
    [[nodiscard]] Node apex() const { return node(kApexRef); }
    [[nodiscard]] Node node(Ref ref) const { return {block_, ref}; }
    [[nodiscard]] bool is_unavailable() const { return (header().flags & kUnavailable) != 0; }
    [[nodiscard]] bool is_delta() const { return (header().flags & kDelta) != 0; }

    // Fetches what tells which zone this is and where its index lies.
    void prefetch() const {
        base::prefetch(block_);
        base::prefetch(block_ + kApexRef * kRefUnit);
    }

    // The node with this name, empty non-terminals and occluded ones included. `hash` is the
    // name's, `lowered` as Node::is_named() takes it.
    [[nodiscard]] Node find(uint64_t hash, std::span<const uint8_t> lowered) const;

    // The steps of find() that a batch takes apart: the bucket is fetched, then the node that the
    // tag in it points to, then find() touches nothing that is far away. That node is the one to be
    // found if it has the name.
    void prefetch_bucket(uint64_t hash) const { base::prefetch(&bucket(probe(hash).bucket)); }
    Node prefetch_node(uint64_t hash) const;

    [[nodiscard]] std::span<const Ref> order() const {
        return {reinterpret_cast<const Ref*>(block_ + header().order * kRefUnit),
                header().name_count};
    }
    [[nodiscard]] std::span<const Ref> nsec3_order() const {
        return {reinterpret_cast<const Ref*>(block_ + header().nsec3_order * kRefUnit),
                header().nsec3_count};
    }
    // Those of order(), or empty.
    [[nodiscard]] std::span<const uint64_t> name_keys() const {
        if (header().name_keys == 0) return {};
        return {reinterpret_cast<const uint64_t*>(block_ + header().name_keys * kRefUnit),
                header().name_count};
    }
    // Empty in a zone without a chain of NSEC3 that answers can use.
    [[nodiscard]] std::span<const Nsec3Link> nsec3_links() const {
        return {reinterpret_cast<const Nsec3Link*>(block_ + header().nsec3_links * kRefUnit),
                header().nsec3_link_count};
    }
    // How that chain hashes names.
    [[nodiscard]] dnssec::Nsec3Parameters nsec3_parameters() const;

    // Of a delta, in place of the two above.
    [[nodiscard]] std::span<const DeltaEntry> delta_order() const {
        return {reinterpret_cast<const DeltaEntry*>(block_ + header().order * kRefUnit),
                header().name_count};
    }
    [[nodiscard]] std::span<const DeltaEntry> delta_nsec3_order() const {
        return {reinterpret_cast<const DeltaEntry*>(block_ + header().nsec3_order * kRefUnit),
                header().nsec3_count};
    }

 private:
    [[nodiscard]] Probe probe(uint64_t hash) const {
        return probe_for(hash, header().salt, header().bucket_count);
    }
    [[nodiscard]] const Bucket& bucket(uint32_t number) const {
        return reinterpret_cast<const Bucket*>(block_ + header().index * kRefUnit)[number];
    }

    const uint8_t* block_;
};

// Owns the memory of a block. Large ones are asked for in huge pages.
class ImageBlock {
 public:
    ImageBlock() = default;
    // Zeroed memory for a block of `size` bytes. Empty (false) when there is none to be had.
    [[nodiscard]] static ImageBlock allocate(size_t size);
    // Takes back what release() gave away.
    [[nodiscard]] static ImageBlock adopt(const uint8_t* block);
    // Gives back what is behind the first `size` bytes. False, and no change, when that can only be
    // done by a copy.
    [[nodiscard]] bool shrink(size_t size);

    ImageBlock(ImageBlock&& other) noexcept
        : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    ImageBlock& operator=(ImageBlock&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        std::swap(size_, other.size_);
        return *this;
    }
    ImageBlock(const ImageBlock&) = delete;
    ImageBlock& operator=(const ImageBlock&) = delete;
    ~ImageBlock();

    [[nodiscard]] explicit operator bool() const { return bytes_ != nullptr; }
    [[nodiscard]] std::span<uint8_t> bytes() { return {bytes_, size_}; }
    [[nodiscard]] Image image() const { return Image(bytes_); }
    // Gives the memory away: adopt() takes it back.
    [[nodiscard]] const uint8_t* release() {
        size_ = 0;
        return std::exchange(bytes_, nullptr);
    }

 private:
    uint8_t* bytes_ = nullptr;
    size_t size_ = 0;
};

enum class ImageFault : uint8_t {
    None,
    Truncated,      // Shorter than its header says, or than a header.
    NotAnImage,     // The magic number is another.
    UnknownFormat,  // Written by a version of this program with another layout.
    WrongChecksum,  // Some byte has changed since it was sealed.
    OutOfBounds,    // A part lies outside of the block, or is not what it should be; or a delta.
};

// The checksum that belongs into the header of this block.
[[nodiscard]] uint64_t image_checksum(std::span<const uint8_t> block);

// Whether `block` is a whole, unchanged image of the format that this program reads, and complete
// in itself: a delta never lies in a file. It must be aligned to kImageAlignment. Follows every
// offset in it, so that no reader of an image from elsewhere is led out of it.
[[nodiscard]] ImageFault verify_image(std::span<const uint8_t> block);

}  // namespace nearcast::zone
