// SPDX-License-Identifier: Apache-2.0
//
// Walks all records of a zone image, in canonical order of their owners, names spelled out.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/rr_type.h"
#include "zone/image.h"

namespace nearcast::transfer {

// Valid until the walk goes on.
struct RecordView {
    std::span<const uint8_t> owner;
    dns::RRType type = dns::RRType::None;
    uint32_t ttl = 0;
    std::span<const uint8_t> rdata;  // Not compressed.
};

class ImageRecords {
 public:
    // The image must stay where it is.
    explicit ImageRecords(const zone::Image& image) : image_(image) {}

    // False when there is no further one. The apex comes first, its SOA among its other records.
    [[nodiscard]] bool next(RecordView& record);

 private:
    // Moves on to the next set that has something; false at the end.
    bool open_set();
    [[nodiscard]] zone::Node node_at(size_t index) const;
    std::span<const uint8_t> expand(std::span<const uint8_t> bytes, size_t from, size_t to);
    void append_name(size_t at);

    zone::Image image_;
    size_t node_ = 0;   // Of the regular names, then of the NSEC3 chain.
    size_t entry_ = 0;  // The next set of the node.
    zone::Node current_;
    zone::RRset rrset_;
    size_t at_ = 0;  // In the body, then in the signatures.
    bool is_in_signatures_ = false;
    std::vector<uint8_t> expanded_;
};

// The rdata of the zone's SOA. The image must have one (not be unavailable).
[[nodiscard]] std::vector<uint8_t> soa_rdata(const zone::Image& image, uint32_t& ttl);

}  // namespace nearcast::transfer
