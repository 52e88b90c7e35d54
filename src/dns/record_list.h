// SPDX-License-Identifier: Apache-2.0
//
// Records of a zone file, packed one behind the other, for somebody to take later.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dns/record.h"

namespace nearcast::dns {

class RecordList {
 public:
    // Where an entry begins, in a text of less than 4 GiB.
    struct Place {
        uint32_t line = 0;
        uint32_t column = 0;
    };

    // All are of one class, which is not kept.
    void add(const Record& record, Place place);

    void clear() {
        items_.clear();
        bytes_.clear();
    }
    [[nodiscard]] bool empty() const { return items_.empty(); }

    // Fills `record` with each of them in turn, but for its class, and calls `take(place)`. It must
    // not be changed meanwhile: of records in a row with one owner only the first one sets it.
    template <typename Take>
    void replay(Record& record, Take take) const {
        const uint8_t* at = bytes_.data();
        for (const Item& item : items_) {
            at = unpack(item, at, record);
            take(item.place);
        }
    }

 private:
    struct Item {
        Place place;
        uint32_t ttl = 0;
        RRType type = RRType::None;
        uint16_t rdata_size = 0;
        uint8_t owner_size = 0;  // 0: the owner of the one before.
    };

    static const uint8_t* unpack(const Item& item, const uint8_t* at, Record& record);

    std::vector<Item> items_;
    std::vector<uint8_t> bytes_;  // Of each its owner, if it has one, and its rdata.
    Name owner_;                  // Of the last one.
};

}  // namespace nearcast::dns
