// SPDX-License-Identifier: Apache-2.0
//
// Walks the records of a name, or of a whole version of a zone in canonical order of the owners,
// names spelled out.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/rr_type.h"
#include "zone/version.h"

namespace nearcast::zone {

// Valid until the walk goes on.
struct RecordView {
    std::span<const uint8_t> owner;
    dns::RRType type = dns::RRType::None;
    uint32_t ttl = 0;
    std::span<const uint8_t> rdata;  // Not compressed.
};

// By ascending type; those of one type are followed by their signatures.
class NodeRecords {
 public:
    NodeRecords() = default;
    // The node must stay readable; one that is none has no records.
    explicit NodeRecords(const Node& node) : node_(node) {}
    // The same, for a walk that goes on with another node.
    void begin(const Node& node);

    // False when there is no further one.
    [[nodiscard]] bool next(RecordView& record);

 private:
    // Moves on to the next set; false at the end.
    bool open_set();
    std::span<const uint8_t> expand(std::span<const uint8_t> bytes, size_t from, size_t to);

    Node node_;
    size_t entry_ = 0;  // The next set of the node.
    RRset rrset_;
    size_t at_ = 0;  // In the body, then in the signatures.
    bool is_in_signatures_ = false;
    std::vector<uint8_t> expanded_;
};

// Walks all nodes: the names, then the NSEC3 chain.
class NodeWalk {
 public:
    // The version must stay readable.
    explicit NodeWalk(const Version& version) : version_(version) {}

    // None when there is no further one. The apex comes first.
    [[nodiscard]] Node next();

 private:
    Version version_;
    NodeOrder::Place place_;
    bool is_in_nsec3_chain_ = false;
};

class ImageRecords {
 public:
    // The version must stay readable.
    explicit ImageRecords(const Version& version) : nodes_(version) {}

    // False when there is no further one. The apex comes first, its SOA among its other records.
    [[nodiscard]] bool next(RecordView& record);

 private:
    NodeWalk nodes_;
    NodeRecords records_;
};

// The rdata of the zone's SOA. The version must have one (not be unavailable).
[[nodiscard]] std::vector<uint8_t> soa_rdata(const Version& version, uint32_t& ttl);

// The serial in the rdata of a SOA, of which no name is compressed.
[[nodiscard]] uint32_t soa_serial(std::span<const uint8_t> rdata);

}  // namespace nearcast::zone
