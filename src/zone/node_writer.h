// SPDX-License-Identifier: Apache-2.0
//
// Writes an image from its start: nodes with their RRsets, then the index, then the seal.
//
// What one node says of another is left zero, for the builder to fill in once it knows where each
// node is; pending() lists the links that it may. Used by one thread.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "zone/block_buffer.h"
#include "zone/draft.h"
#include "zone/image.h"
#include "zone/nsec3_chain.h"

namespace nearcast::zone {

// A name for the index.
struct IndexedNode {
    uint64_t hash = 0;
    Ref node = 0;
};

class NodeWriter {
 public:
    // A link whose target is a node of the draft and may be told.
    struct PendingLink {
        size_t at;        // Of the Link's node field.
        uint32_t target;  // A number in the draft's nodes.
    };

    // Which nodes have room for a link: those that the draft knows one of, or all.
    enum class Links : uint8_t { WhereUsed, InAll };

    // `size` is about what the image will have.
    NodeWriter(size_t size, Links links) : bytes_(size), room_for_links_(links) {
        bytes_.resize(sizeof(ImageHeader));
    }

    // An arranged node of the draft, with its places in the NSEC3 chain if there is one. Fails when
    // an RRset fits in no message, or the image is full.
    [[nodiscard]] base::Result<Ref> put_node(const ZoneDraft& draft, const ZoneDraft::Node& node,
                                             const Nsec3Standing* standing = nullptr);

    // A node with no records, these flags, and room for a link.
    Ref put_bare_node(std::span<const uint8_t> owner, uint16_t flags);

    // A node as it lies in another delta, with its RRsets.
    [[nodiscard]] base::Result<Ref> copy_node(const Node& node);

    // The index over these nodes. Fails when too many hashes collide.
    [[nodiscard]] base::Result<void> put_index(std::span<const IndexedNode> nodes);

    // The image, with magic number, size and checksum; all else in the header is the caller's.
    // Once: the writer is of no use any more.
    [[nodiscard]] base::Result<ImageBlock> seal();

    [[nodiscard]] ImageHeader& header() { return at<ImageHeader>(0); }
    [[nodiscard]] NodeHeader& node(Ref ref) { return at<NodeHeader>(ref * kRefUnit); }
    // Of a node that has room for it.
    [[nodiscard]] Ref& link(Ref ref);
    template <typename T>
    [[nodiscard]] T& at(size_t place) {
        return *reinterpret_cast<T*>(bytes_.data() + place);
    }
    template <typename T>
    void put(const T& value) {
        bytes_.append({reinterpret_cast<const uint8_t*>(&value), sizeof value});
    }
    void put_bytes(std::span<const uint8_t> bytes) { bytes_.append(bytes); }
    void pad(size_t unit);
    [[nodiscard]] Ref here() const { return static_cast<Ref>(bytes_.size() / kRefUnit); }
    [[nodiscard]] std::span<const PendingLink> pending() const { return pending_; }

 private:
    [[nodiscard]] base::Result<void> put_set(const ZoneDraft& draft, const ZoneDraft::Node& node,
                                             const ZoneDraft::Set& set);
    void add_link(const ZoneDraft& draft, const ZoneDraft::Node& node, dns::RRType type,
                  std::span<const uint8_t> rdata);
    [[nodiscard]] bool fill_index(std::span<Bucket> buckets, std::span<const IndexedNode> nodes,
                                  uint64_t salt);
    [[nodiscard]] base::Result<void> check_size() const;

    BlockBuffer bytes_;
    Links room_for_links_;
    std::vector<PendingLink> pending_;
    std::vector<Link> links_;  // Of the set being written; node is still a number of the draft.
};

}  // namespace nearcast::zone
