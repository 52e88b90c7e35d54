// SPDX-License-Identifier: Apache-2.0
//
// An RRset in the form that is signed: owners in lower case, data in canonical form and order
// (RFC 4034 §6.2, §6.3). Reused from set to set, so that it takes memory seldom. One thread.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/rr_type.h"

namespace nearcast::dnssec {

class CanonicalSet {
 public:
    // `owner` is a complete name in any letter case.
    void begin(std::span<const uint8_t> owner, dns::RRType type, uint32_t ttl);
    // Valid data of that type; what was added already does not count.
    void add(std::span<const uint8_t> rdata);
    // Once, behind the last one.
    void finish();

    [[nodiscard]] dns::RRType type() const { return type_; }
    [[nodiscard]] uint32_t ttl() const { return ttl_; }
    // Of the owner, without the root and without a leading asterisk (RFC 4034 §3.1.3).
    [[nodiscard]] uint8_t labels() const { return labels_; }
    [[nodiscard]] bool is_empty() const { return places_.empty(); }
    // All records, one behind the other.
    [[nodiscard]] std::span<const uint8_t> records() const { return records_; }

 private:
    struct Place {
        size_t at;
        size_t size;
    };
    [[nodiscard]] std::span<const uint8_t> data(const Place& place) const {
        return std::span(data_).subspan(place.at, place.size);
    }

    dns::RRType type_ = dns::RRType::None;
    uint32_t ttl_ = 0;
    uint8_t labels_ = 0;
    std::vector<uint8_t> head_;  // What each record begins with, to its TTL.
    std::vector<uint8_t> data_;
    std::vector<Place> places_;
    std::vector<uint8_t> records_;
};

}  // namespace nearcast::dnssec
