// SPDX-License-Identifier: Apache-2.0
//
// Writes the records of one RRset as an image keeps them, names in the rdata compressed beforehand.
//
// A name that ends like the owner, or like a name earlier in the same body, is cut short by a
// pointer. Where it points in a message is known only when the body is copied into one; a Fixup
// says how to find out. Only names that RFC 3597 §4 lets us compress are touched.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dns/rr_type.h"
#include "zone/image.h"

namespace nearcast::zone {

class BodyWriter {
 public:
    // Pointers have 14 bits. A body that begins in the first half of what they reach may point
    // into its own first half; one that begins later is expanded by whoever copies it.
    static constexpr size_t kPointerTargetMax = 0x1FFF;

    // `owner` stays valid while the writer is used.
    explicit BodyWriter(std::span<const uint8_t> owner) : owner_(owner) {}

    void begin();

    // Adds a record of class IN.
    void add(dns::RRType type, uint32_t ttl, std::span<const uint8_t> rdata);

    // What was written since begin(). The body is complete even when it is too large for an RRset.
    [[nodiscard]] const std::vector<uint8_t>& body() const { return body_; }
    [[nodiscard]] const std::vector<Fixup>& fixups() const { return fixups_; }

    // Where in the body the rdata of the record added last begins.
    [[nodiscard]] size_t last_rdata_at() const { return last_rdata_at_; }

 private:
    struct Written {
        size_t at;  // In the body.
        std::vector<uint8_t> suffix;
    };

    void put_name(std::span<const uint8_t> name);
    // The pointer that can stand for this suffix, as a Fixup without a place; 0 if none can.
    [[nodiscard]] uint16_t pointer_for(std::span<const uint8_t> suffix) const;

    std::span<const uint8_t> owner_;
    std::vector<uint8_t> body_;
    std::vector<Fixup> fixups_;
    std::vector<Written> written_;
    size_t last_rdata_at_ = 0;
};

}  // namespace nearcast::zone
