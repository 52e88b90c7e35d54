// SPDX-License-Identifier: Apache-2.0

#include "transfer/served_report.h"

#include "base/bytes.h"
#include "dns/message.h"
#include "dns/record_walk.h"
#include "transfer/request_desk.h"

namespace nearcast::transfer {
namespace {

constexpr size_t kSoaDataSize = 22;  // Two roots and five numbers.

void append_u16(uint16_t value, std::vector<uint8_t>& message) {
    message.resize(message.size() + 2);
    base::store_u16(&message[message.size() - 2], value);
}

void append_record(const dns::Name& owner, dns::RRType type, std::span<const uint8_t> data,
                   std::vector<uint8_t>& message) {
    message.insert(message.end(), owner.wire().begin(), owner.wire().end());
    append_u16(static_cast<uint16_t>(type), message);
    append_u16(static_cast<uint16_t>(dns::RRClass::IN), message);
    message.insert(message.end(), 4, 0);  // The TTL.
    append_u16(static_cast<uint16_t>(data.size()), message);
    message.insert(message.end(), data.begin(), data.end());
}

std::vector<uint8_t> soa_data(uint32_t serial) {
    std::vector<uint8_t> data(kSoaDataSize);
    base::store_u32(&data[2], serial);
    return data;
}

std::vector<uint8_t> text_data(std::string_view text) {
    text = text.substr(0, ServedReport::kReasonSizeMax);
    std::vector<uint8_t> data{static_cast<uint8_t>(text.size())};
    data.insert(data.end(), text.begin(), text.end());
    return data;
}

// The first string of a TXT record, with bytes that are no text made visible.
std::string first_text(std::span<const uint8_t> data) {
    std::string text;
    for (const uint8_t byte : data.subspan(1, std::min<size_t>(data[0], data.size() - 1))) {
        text += byte >= ' ' && byte < 0x7F ? static_cast<char>(byte) : '?';
    }
    return text.substr(0, ServedReport::kReasonSizeMax);
}

}  // namespace

std::vector<uint8_t> write_served_report(const ServedReport& report, uint16_t id) {
    dns::QueryDraft draft;
    draft.id = id;
    draft.qname = report.catalog;
    draft.flags =
        static_cast<uint16_t>(static_cast<unsigned>(dns::Opcode::Notify) << 11) | dns::kFlagAa;
    draft.has_edns = false;
    std::vector<uint8_t> message = dns::build_query(draft);
    dns::Header header = dns::load_header(message);
    if (report.serial) {
        append_record(report.catalog, dns::RRType::SOA, soa_data(*report.serial), message);
        header.answer_count = 1;
    }
    for (const ServedReport::Late& late : report.late) {
        append_record(late.zone, dns::RRType::TXT, text_data(late.reason), message);
        ++header.additional_count;
    }
    dns::store_header(header, message);
    return message;
}

std::optional<ServedReport> read_served_report(std::span<const uint8_t> message,
                                               const dns::Name& catalog) {
    ServedReport report{.catalog = catalog,
                        .serial = lone_soa_serial(message, dns::Section::Answer, catalog)};
    dns::RecordWalk walk(message);
    dns::RecordPlace place;
    while (walk.next(place)) {
        if (place.section != dns::Section::Additional || place.type != dns::RRType::TXT) continue;
        dns::Record record;
        const bool is_fit = dns::read_record(message, place, record) && !record.rdata.empty();
        if (!is_fit || report.late.size() == ServedReport::kLateMax) return std::nullopt;
        report.late.push_back({record.owner.lowered(), first_text(record.rdata)});
    }
    if (!walk.is_at_end()) return std::nullopt;
    return report;
}

}  // namespace nearcast::transfer
