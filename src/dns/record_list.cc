// SPDX-License-Identifier: Apache-2.0

#include "dns/record_list.h"

#include <algorithm>

namespace nearcast::dns {

void RecordList::add(const Record& record, Place place) {
    const auto owner = record.owner.wire();
    const bool is_repeated = !empty() && std::ranges::equal(owner, owner_.wire());
    items_.push_back({.place = place,
                      .ttl = record.ttl,
                      .type = record.type,
                      .rdata_size = static_cast<uint16_t>(record.rdata.size()),
                      .owner_size = static_cast<uint8_t>(is_repeated ? 0 : owner.size())});
    if (!is_repeated) {
        owner_ = record.owner;
        bytes_.insert(bytes_.end(), owner.begin(), owner.end());
    }
    bytes_.insert(bytes_.end(), record.rdata.begin(), record.rdata.end());
}

const uint8_t* RecordList::unpack(const Item& item, const uint8_t* at, Record& record) {
    if (item.owner_size > 0) record.owner = *Name::from_wire({at, item.owner_size});
    at += item.owner_size;
    record.type = item.type;
    record.ttl = item.ttl;
    record.rdata.assign(at, at + item.rdata_size);
    return at + item.rdata_size;
}

}  // namespace nearcast::dns
