// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_receiver.h"

#include <algorithm>
#include <string>

#include "dns/rdata.h"
#include "zone/image_builder.h"
#include "zone/zone_check.h"

namespace nearcast::transfer {
namespace {

using base::Result;

std::unexpected<base::Error> malformed() {
    return base::fail("the primary sent a message that is no DNS message");
}

}  // namespace

ZoneReceiver::ZoneReceiver(const dns::Name& zone, uint16_t id, ReceiveLimits limits)
    : zone_(zone), id_(id), limits_(limits), draft_(zone) {}

Result<void> ZoneReceiver::take_header(dns::WireReader& reader, dns::Header& header) {
    if (reader.remaining() < dns::kHeaderSize) return malformed();
    header = dns::load_header(reader.message());
    reader.seek(dns::kHeaderSize);
    if (header.id != id_ || !header.is_response() || header.opcode() != dns::Opcode::Query) {
        return base::fail("the primary answered something else than was asked");
    }
    const auto rcode = static_cast<dns::Rcode>(header.flags & dns::kRcodeMask);
    if (rcode != dns::Rcode::NoError) {
        return base::fail("the primary said " + dns::to_text(rcode),
                          "look whether it has the zone and lets this address or key have it");
    }
    for (size_t i = 0; i < header.question_count; ++i) {
        dns::Name name;
        if (dns::read_name(reader, name) != dns::NameError::None || !reader.skip(4)) {
            return malformed();
        }
        if (!(name == zone_)) return base::fail("the primary sent " + dns::to_text(name));
    }
    return {};
}

Result<void> ZoneReceiver::read_record(dns::WireReader& reader) {
    uint16_t type = 0;
    uint16_t rr_class = 0;
    uint16_t size = 0;
    if (dns::read_name(reader, record_.owner) != dns::NameError::None || !reader.read_u16(type) ||
        !reader.read_u16(rr_class) || !reader.read_u32(record_.ttl) || !reader.read_u16(size)) {
        return malformed();
    }
    record_.type = static_cast<dns::RRType>(type);
    record_.rr_class = static_cast<dns::RRClass>(rr_class);
    record_.rdata.clear();
    record_.ttl = record_.ttl > dns::kTtlMax ? 0 : record_.ttl;  // RFC 2181 §8.
    if (!dns::read_rdata(record_.type, reader, size, record_.rdata)) {
        return base::fail("the primary sent a broken " + dns::to_text(record_.type) + " of " +
                          dns::to_text(record_.owner));
    }
    return {};
}

Result<void> ZoneReceiver::take_record() {
    const bool is_soa = record_.type == dns::RRType::SOA && record_.owner == zone_;
    if (is_complete_) return base::fail("the primary sent records behind the closing SOA");
    if (soa_.empty()) {
        if (!is_soa) return base::fail("the primary did not begin with the zone's SOA");
        soa_ = record_.rdata;
    } else if (is_soa) {
        if (record_.rdata != soa_) {
            return base::fail("the zone changed at the primary while it was sent");
        }
        is_complete_ = true;
        return {};
    }
    ++record_count_;
    byte_count_ += record_.rdata.size() + record_.owner.wire().size();
    if (record_count_ > limits_.records_max || byte_count_ > limits_.bytes_max) {
        return base::fail("the primary sent more than " + std::to_string(limits_.records_max) +
                          " records or " + std::to_string(limits_.bytes_max) + " bytes");
    }
    if (record_.rr_class != dns::RRClass::IN || dns::is_meta_type(record_.type) ||
        !draft_.add(record_, {})) {
        return base::fail("the primary sent a record that is not of the zone: " +
                          dns::to_text(record_.owner) + " " + dns::to_text(record_.type));
    }
    return {};
}

Result<bool> ZoneReceiver::take(std::span<const uint8_t> message) {
    dns::WireReader reader(message);
    dns::Header header;
    if (auto done = take_header(reader, header); !done) return std::unexpected(done.error());
    if (header.answer_count == 0) return base::fail("the primary sent a message without records");
    for (size_t i = 0; i < header.answer_count; ++i) {
        if (auto done = read_record(reader); !done) return std::unexpected(done.error());
        if (auto done = take_record(); !done) return std::unexpected(done.error());
    }
    return is_complete_;
}

Result<zone::ImageBlock> ZoneReceiver::build() {
    draft_.arrange();
    for (const zone::Finding& finding : zone::check_zone(draft_)) {
        if (finding.severity == zone::Severity::Error) {
            return base::fail("the zone at the primary: " + finding.message, finding.hint);
        }
    }
    return zone::build_image(draft_);
}

}  // namespace nearcast::transfer
