// SPDX-License-Identifier: Apache-2.0

#include "transfer/update_message.h"

#include "dns/rdata.h"

namespace nearcast::transfer {
namespace {

// What only names or deletes something bears no data (RFC 2136 §2.4, §2.5).
bool may_be_empty(dns::RRClass rr_class) {
    return rr_class == dns::RRClass::ANY || rr_class == dns::RRClass::NONE;
}

bool read_record(dns::WireReader& reader, dns::Record& record) {
    uint16_t type = 0;
    uint16_t rr_class = 0;
    uint16_t size = 0;
    if (dns::read_name(reader, record.owner) != dns::NameError::None || !reader.read_u16(type) ||
        !reader.read_u16(rr_class) || !reader.read_u32(record.ttl) || !reader.read_u16(size)) {
        return false;
    }
    record.type = static_cast<dns::RRType>(type);
    record.rr_class = static_cast<dns::RRClass>(rr_class);
    if (size == 0 && may_be_empty(record.rr_class)) return true;
    return dns::read_rdata(record.type, reader, size, record.rdata);
}

bool read_records(dns::WireReader& reader, size_t count, std::vector<dns::Record>& records) {
    records.clear();
    for (size_t i = 0; i < count; ++i) {
        if (!read_record(reader, records.emplace_back())) return false;
    }
    return true;
}

}  // namespace

bool read_update(const dns::Query& query, std::span<const uint8_t> message, UpdateMessage& update) {
    dns::WireReader reader(message);
    reader.seek(query.records_offset);
    return read_records(reader, query.header.answer_count, update.prerequisites) &&
           read_records(reader, query.header.authority_count, update.updates);
}

}  // namespace nearcast::transfer
