// SPDX-License-Identifier: Apache-2.0
//
// Walks all records of a version of a zone, in canonical order of their owners, names spelled out.

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

class ImageRecords {
 public:
    // The version must stay readable.
    explicit ImageRecords(const Version& version) : version_(version) {}

    // False when there is no further one. The apex comes first, its SOA among its other records.
    [[nodiscard]] bool next(RecordView& record);

 private:
    // Moves on to the next set that has something; false at the end.
    bool open_set();
    std::span<const uint8_t> expand(std::span<const uint8_t> bytes, size_t from, size_t to);
    void append_name(size_t at);

    Version version_;
    NodeOrder::Place place_;  // In the names, then in the NSEC3 chain.
    bool is_in_nsec3_chain_ = false;
    Node current_;
    size_t entry_ = 0;  // The next set of the node.
    RRset rrset_;
    size_t at_ = 0;  // In the body, then in the signatures.
    bool is_in_signatures_ = false;
    std::vector<uint8_t> expanded_;
};

// The rdata of the zone's SOA. The version must have one (not be unavailable).
[[nodiscard]] std::vector<uint8_t> soa_rdata(const Version& version, uint32_t& ttl);

// The serial in the rdata of a SOA, of which no name is compressed.
[[nodiscard]] uint32_t soa_serial(std::span<const uint8_t> rdata);

}  // namespace nearcast::zone
