// SPDX-License-Identifier: Apache-2.0

#include "transfer/update_message.h"

#include "dns/record_walk.h"

namespace nearcast::transfer {
namespace {

// What only names or deletes something bears no data (RFC 2136 §2.4, §2.5).
bool may_be_empty(dns::RRClass rr_class) {
    return rr_class == dns::RRClass::ANY || rr_class == dns::RRClass::NONE;
}

}  // namespace

bool read_update(const dns::Query& query, std::span<const uint8_t> message, UpdateMessage& update) {
    update.prerequisites.clear();
    update.updates.clear();
    const size_t count = size_t{query.header.answer_count} + query.header.authority_count;
    dns::RecordWalk walk(message);
    dns::RecordPlace place;
    for (size_t i = 0; i < count; ++i) {
        if (!walk.next(place)) return false;
        auto& section =
            place.section == dns::Section::Answer ? update.prerequisites : update.updates;
        dns::Record& record = section.emplace_back();
        const bool is_whole = dns::read_record(message, place, record);
        if (!is_whole && !(place.rdata_size == 0 && may_be_empty(place.rr_class))) return false;
    }
    return true;
}

}  // namespace nearcast::transfer
