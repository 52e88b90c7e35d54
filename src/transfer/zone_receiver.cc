// SPDX-License-Identifier: Apache-2.0

#include "transfer/zone_receiver.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dns/rdata.h"
#include "dns/serial.h"
#include "transfer/expire_option.h"
#include "zone/image_builder.h"
#include "zone/image_records.h"
#include "zone/zone_check.h"

namespace nearcast::transfer {
namespace {

using base::Result;

std::unexpected<base::Error> malformed() {
    return base::fail("the primary sent a message that is no DNS message");
}

std::unexpected<base::Error> broken(std::span<const uint8_t> message,
                                    const dns::RecordPlace& place) {
    dns::WireReader reader(message);
    reader.seek(place.offset);
    dns::Name owner;
    const std::string type = dns::to_text(place.type);
    if (dns::read_name(reader, owner) != dns::NameError::None) {
        return base::fail("the primary sent a record of type " + type +
                          " whose name cannot be read");
    }
    return base::fail("the primary sent a broken " + type + " of " + dns::to_text(owner));
}

zone::RecordView view_of(const dns::Record& record) {
    return {record.owner.wire(), record.type, record.ttl, record.rdata};
}

}  // namespace

std::unexpected<base::Error> too_much(const ReceiveLimits& limits) {
    return base::fail("the primary sent more than " + std::to_string(limits.records_max) +
                          " records or " + std::to_string(limits.bytes_max) + " bytes",
                      limits.hint);
}

ZoneReceiver::ZoneReceiver(const TransferQuestion& question, ReceiveLimits limits,
                           ReceiveBudget* budget)
    : question_(question), limits_(std::move(limits)), draft_(question.zone), share_(budget) {}

Result<void> ZoneReceiver::take_header(std::span<const uint8_t> message, dns::Header& header) {
    if (message.size() < dns::kHeaderSize) return malformed();
    header = dns::load_header(message);
    dns::WireReader reader(message);
    reader.seek(dns::kHeaderSize);
    if (header.id != question_.id || !header.is_response() ||
        header.opcode() != dns::Opcode::Query) {
        return base::fail("the primary answered something else than was asked");
    }
    rcode_ = static_cast<dns::Rcode>(header.flags & dns::kRcodeMask);
    if (rcode_ != dns::Rcode::NoError) {
        return base::fail("the primary said " + dns::to_text(rcode_),
                          "look whether it has the zone and lets this address or key have it");
    }
    // RFC 5936 §2.2.1: TC is clear in each message of a transfer. AA should be set, but Knot DNS
    // leaves it clear.
    if ((header.flags & dns::kFlagTc) != 0) {
        return base::fail("the primary sent a truncated message, which a transfer has none of",
                          "look whether a proxy or load balancer stands in front of it");
    }
    for (size_t i = 0; i < header.question_count; ++i) {
        dns::Name name;
        if (dns::read_name(reader, name) != dns::NameError::None || !reader.skip(4)) {
            return malformed();
        }
        if (!(name == question_.zone)) {
            return base::fail("the primary sent " + dns::to_text(name));
        }
    }
    return {};
}

Result<void> ZoneReceiver::read_record(std::span<const uint8_t> message,
                                       const dns::RecordPlace& place) {
    if (!dns::read_record(message, place, record_)) return broken(message, place);
    if (record_.ttl > dns::kTtlMax) record_.ttl = 0;  // RFC 2181 §8.
    return {};
}

bool ZoneReceiver::is_soa() const {
    return record_.type == dns::RRType::SOA && record_.owner == question_.zone;
}

Result<void> ZoneReceiver::count_record() {
    ++record_count_;
    const size_t size =
        record_.rdata.size() + record_.owner.wire().size() + ReceiveLimits::kRecordCost;
    byte_count_ += size;
    if (record_count_ > limits_.records_max || byte_count_ > limits_.bytes_max) {
        return too_much(limits_);
    }
    if (content_ == Content::Differences && byte_count_ > limits_.difference_bytes_max) {
        return base::fail("the primary sent changes of more than " +
                          std::to_string(limits_.difference_bytes_max) + " bytes");
    }
    if (!share_.grow(size)) {
        is_over_budget_ = true;
        return base::fail("all zones that are being received take more memory than there is for it",
                          "it is tried again later; fewer or smaller zones at a time");
    }
    // A SOA of another name would be taken for the end of a part of the changes, once they are
    // kept.
    const bool is_of_zone = record_.rr_class == dns::RRClass::IN &&
                            !dns::is_meta_type(record_.type) &&
                            record_.owner.is_subdomain_of(question_.zone) &&
                            (record_.type != dns::RRType::SOA || record_.owner == question_.zone);
    if (is_of_zone) return {};
    return base::fail("the primary sent a record that is not of the zone: " +
                      dns::to_text(record_.owner) + " " + dns::to_text(record_.type));
}

Result<void> ZoneReceiver::take_record() {
    if (is_complete_) return base::fail("the primary sent records behind the closing SOA");
    if (auto counted = count_record(); !counted) return counted;
    if (soa_.empty()) return take_first();
    if (content_ == Content::Unknown) return take_second();
    return content_ == Content::Differences ? take_of_differences() : take_of_zone();
}

Result<void> ZoneReceiver::take_first() {
    if (!is_soa()) return base::fail("the primary did not begin with the zone's SOA");
    soa_ = record_.rdata;
    if (!question_.serial) content_ = Content::Whole;
    return draft_.add(record_, {}) ? Result<void>{} : malformed();
}

// RFC 1995 §4: with a SOA the changes begin, with anything else the zone goes on.
Result<void> ZoneReceiver::take_second() {
    if (!is_soa() || record_.rdata == soa_) {
        content_ = Content::Whole;
        return take_of_zone();
    }
    content_ = Content::Differences;
    is_adding_ = true;  // As if one had just ended.
    return take_soa_of_differences();
}

Result<void> ZoneReceiver::take_of_zone() {
    if (!is_soa()) return draft_.add(record_, {}) ? Result<void>{} : malformed();
    if (record_.rdata != soa_) {
        return base::fail("the zone changed at the primary while it was sent");
    }
    is_complete_ = true;
    return {};
}

Result<void> ZoneReceiver::take_of_differences() {
    if (is_soa()) return take_soa_of_differences();
    zone::Changeset& current = differences_.back();
    if (is_adding_) {
        current.add(view_of(record_));
    } else {
        current.remove(view_of(record_));
    }
    return {};
}

// The SOAs alternate: the old one opens what is removed, the new one what is added. The one behind
// the last difference closes the transfer.
Result<void> ZoneReceiver::take_soa_of_differences() {
    const uint32_t serial = zone::soa_serial(record_.rdata);
    if (!is_adding_) {
        if (!dns::is_later_serial(serial, differences_.back().from_serial())) {
            return base::fail("the primary sent changes that lead back to serial " +
                              std::to_string(serial));
        }
        differences_.back().add(view_of(record_));
        is_adding_ = true;
        return {};
    }
    const uint32_t reached =
        differences_.empty() ? *question_.serial : differences_.back().to_serial();
    if (serial != reached) {
        return base::fail("the primary sent changes from serial " + std::to_string(serial) +
                          " where " + std::to_string(reached) + " was reached");
    }
    if (!differences_.empty() && reached == zone::soa_serial(soa_)) {
        is_complete_ = true;
        return {};
    }
    differences_.emplace_back().remove(view_of(record_));
    is_adding_ = false;
    return {};
}

void ZoneReceiver::read_options(std::span<const uint8_t> message) {
    if (const auto expire = find_expire(message)) expire_ = expire;
}

Result<bool> ZoneReceiver::take(std::span<const uint8_t> message) {
    dns::Header header;
    if (auto done = take_header(message, header); !done) return std::unexpected(done.error());
    if (header.answer_count == 0) return base::fail("the primary sent a message without records");
    dns::RecordWalk walk(message);
    dns::RecordPlace place;
    for (size_t i = 0; i < header.answer_count; ++i) {
        if (!walk.next(place)) return malformed();
        if (auto done = read_record(message, place); !done) return std::unexpected(done.error());
        if (auto done = take_record(); !done) return std::unexpected(done.error());
    }
    read_options(message);
    // A SOA alone: nothing newer. One that is newer opens what the next messages bring.
    if (content_ == Content::Unknown && question_.serial &&
        !dns::is_later_serial(zone::soa_serial(soa_), *question_.serial)) {
        content_ = Content::Current;
        is_complete_ = true;
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
