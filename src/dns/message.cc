// SPDX-License-Identifier: Apache-2.0

#include "dns/message.h"

#include <algorithm>
#include <cassert>

#include "dns/client_subnet.h"
#include "dns/rdata_skip.h"

namespace nearcast::dns {
namespace {

// The part of a record between its owner and its data.
struct RecordHead {
    RRType type = RRType::None;
    uint16_t class_field = 0;
    uint32_t ttl_field = 0;
    uint16_t rdata_size = 0;
};

bool read_record_head(WireReader& reader, RecordHead& head) {
    uint16_t type = 0;
    if (!reader.read_u16(type)) return false;
    head.type = static_cast<RRType>(type);
    return reader.read_u16(head.class_field) && reader.read_u32(head.ttl_field) &&
           reader.read_u16(head.rdata_size);
}

void reset(Query& query) {
    query.qtype = RRType::None;
    query.qclass = RRClass::IN;
    query.question_size = 0;
    query.records_offset = 0;
    query.tsig_offset = 0;
    query.edns = {};
}

ParseError read_question(WireReader& reader, Query& query) {
    uint16_t type = 0;
    uint16_t rr_class = 0;
    const size_t start = reader.offset();
    const size_t name_size = find_labels(reader.rest(), query.labels);
    const bool is_whole = name_size > 0 && reader.skip(name_size) && reader.read_u16(type) &&
                          reader.read_u16(rr_class);
    if (!is_whole) return ParseError::BadQuestion;
    query.qtype = static_cast<RRType>(type);
    query.qclass = static_cast<RRClass>(rr_class);
    query.question_size = static_cast<uint16_t>(reader.offset() - start);
    return ParseError::None;
}

// An IXFR or a NOTIFY has one record with data. Names cost time to follow, and who sends hundreds
// of them wants it to be spent: what lies behind so many records is not looked into.
constexpr size_t kLooksMax = 4;

// Moves past the data of a record that says nothing here. It must be of its type all the same, in
// the class whose types we know, as long as there are looks left.
bool skip_data(WireReader& reader, const RecordHead& head, size_t& looks) {
    const bool is_known = head.class_field == static_cast<uint16_t>(RRClass::IN);
    if (!is_known || looks == 0) return reader.skip(head.rdata_size);
    --looks;
    return skip_rdata(head.type, reader, head.rdata_size);
}

// Of the sections in front of the additional one, which OPT and TSIG have no place in (RFC 6891
// §6.1.1, RFC 8945 §5.2).
bool skip_records(WireReader& reader, size_t count, size_t& looks) {
    RecordHead head;
    for (; count > 0; --count) {
        if (!skip_name(reader) || !read_record_head(reader, head)) return false;
        if (head.type == RRType::OPT || head.type == RRType::TSIG) return false;
        if (!skip_data(reader, head, looks)) return false;
    }
    return true;
}

// A row of whole options, and whole itself what is read of any of them.
bool are_options_good(std::span<const uint8_t> options) {
    OptionReader reader(options);
    EdnsOption option;
    while (reader.next(option)) {
        if (option.code == kClientSubnet && !read_client_subnet(option.data)) return false;
    }
    return !reader.is_broken();
}

// Hardly anybody compresses that name, which makes it longer.
bool is_root_at(std::span<const uint8_t> message, size_t offset) {
    if (message[offset] == 0) return true;
    WireReader reader(message);
    reader.seek(offset);
    Name name;
    return read_name(reader, name) == NameError::None && name.is_root();
}

ParseError read_opt(WireReader& reader, const RecordHead& head, size_t owner, Edns& edns) {
    if (edns.is_present) return ParseError::TwoOpts;
    if (!is_root_at(reader.message(), owner)) return ParseError::BadOpt;
    const size_t start = reader.offset();
    if (!reader.skip(head.rdata_size)) return ParseError::BadRecord;
    edns.is_present = true;
    edns.version = static_cast<uint8_t>(head.ttl_field >> 16);
    edns.dnssec_ok = (head.ttl_field & kEdnsFlagDo) != 0;
    edns.udp_payload = std::max(head.class_field, kUdpPayloadMin);
    edns.options_offset = static_cast<uint16_t>(start);
    edns.options_size = head.rdata_size;
    // Another version may mean something else by these bytes.
    if (edns.version != kEdnsVersion) return ParseError::None;
    return are_options_good(edns.options(reader.message())) ? ParseError::None : ParseError::BadOpt;
}

ParseError read_additional(WireReader& reader, size_t count, size_t& looks, Query& query) {
    for (; count > 0; --count) {
        const size_t start = reader.offset();
        RecordHead head;
        if (query.has_tsig()) return ParseError::BadTsig;
        if (!skip_name(reader)) return ParseError::BadRecord;
        if (!read_record_head(reader, head)) return ParseError::BadRecord;
        if (head.type == RRType::OPT) {
            const ParseError error = read_opt(reader, head, start, query.edns);
            if (error != ParseError::None) return error;
            continue;
        }
        if (!skip_data(reader, head, looks)) return ParseError::BadRecord;
        if (head.type == RRType::TSIG) query.tsig_offset = static_cast<uint16_t>(start);
    }
    return ParseError::None;
}

ParseError read_body(WireReader& reader, Query& query) {
    const Header& header = query.header;
    if (header.question_count > 1) return ParseError::ManyQuestions;
    if (header.question_count == 1) {
        const ParseError error = read_question(reader, query);
        if (error != ParseError::None) return error;
    }
    query.records_offset = static_cast<uint16_t>(reader.offset());
    if (query.opcode() == Opcode::Query && header.answer_count > 0) {
        return ParseError::UnexpectedRecord;
    }
    // Who carries out an update judges its records, and of another opcode we know nothing.
    const bool is_for_us = query.opcode() == Opcode::Query || query.opcode() == Opcode::Notify;
    size_t looks = is_for_us ? kLooksMax : 0;
    if (!skip_records(reader, size_t{header.answer_count} + header.authority_count, looks)) {
        return ParseError::BadRecord;
    }
    const ParseError error = read_additional(reader, header.additional_count, looks, query);
    if (error != ParseError::None) return error;
    if (reader.remaining() > 0) return ParseError::TrailingBytes;
    return header.question_count == 0 ? ParseError::NoQuestion : ParseError::None;
}

// Appends numbers in network order.
void put_u16(std::vector<uint8_t>& bytes, uint16_t value) {
    bytes.push_back(static_cast<uint8_t>(value >> 8));
    bytes.push_back(static_cast<uint8_t>(value));
}

void put_opt(std::vector<uint8_t>& bytes, const QueryDraft& draft) {
    bytes.push_back(0);
    put_u16(bytes, static_cast<uint16_t>(RRType::OPT));
    put_u16(bytes, draft.udp_payload);
    put_u16(bytes, kEdnsVersion);  // Upper half: no extended rcode, then the version.
    put_u16(bytes, draft.dnssec_ok ? kEdnsFlagDo : uint16_t{0});
    size_t size = 0;
    for (const EdnsOption& option : draft.options) size += 4 + option.data.size();
    assert(bytes.size() + 2 + size <= kMessageSizeMax);
    put_u16(bytes, static_cast<uint16_t>(size));
    for (const EdnsOption& option : draft.options) {
        put_u16(bytes, option.code);
        put_u16(bytes, static_cast<uint16_t>(option.data.size()));
        bytes.insert(bytes.end(), option.data.begin(), option.data.end());
    }
}

}  // namespace

std::optional<Rcode> rcode_of(ParseError error) {
    switch (error) {
        case ParseError::None:
            return Rcode::NoError;
        case ParseError::TooShort:
        case ParseError::IsResponse:
            return std::nullopt;
        case ParseError::UnknownOpcode:
            return Rcode::NotImp;
        default:
            return Rcode::FormErr;
    }
}

Name Query::qname(std::span<const uint8_t> message) const {
    if (question_size == 0) return {};
    return Name::from_wire(qname_wire(message)).value();
}

bool skip_name(WireReader& reader) noexcept {
    const std::span<const uint8_t> message = reader.message();
    const size_t start = reader.offset();
    size_t at = start;
    while (at < message.size() && at - start < kNameSizeMax) {
        const uint8_t length = message[at];
        if (length > kLabelSizeMax) {
            if ((length & 0xC0) != 0xC0 || at + 1 >= message.size()) return false;
            reader.seek(at + 2);
            return true;
        }
        at += length + 1U;
        if (length == 0) {
            reader.seek(at);
            return true;
        }
    }
    return false;
}

ParseError parse_query(std::span<const uint8_t> message, Query& query) noexcept {
    assert(message.size() <= kMessageSizeMax);
    reset(query);
    if (message.size() < kHeaderSize) {
        query.header = {};
        return ParseError::TooShort;
    }
    query.header = load_header(message);
    if (query.header.is_response()) return ParseError::IsResponse;
    WireReader reader(message);
    reader.seek(kHeaderSize);
    const ParseError error = read_body(reader, query);
    const Opcode opcode = query.opcode();
    if (opcode == Opcode::Query || opcode == Opcode::Notify || opcode == Opcode::Update) {
        return error;
    }
    if (error != ParseError::None && error != ParseError::NoQuestion) reset(query);
    return ParseError::UnknownOpcode;
}

std::vector<uint8_t> build_query(const QueryDraft& draft) {
    std::vector<uint8_t> message(kHeaderSize);
    store_header({.id = draft.id,
                  .flags = draft.flags,
                  .question_count = 1,
                  .additional_count = static_cast<uint16_t>(draft.has_edns ? 1 : 0)},
                 message);
    const auto qname = draft.qname.wire();
    message.insert(message.end(), qname.begin(), qname.end());
    put_u16(message, static_cast<uint16_t>(draft.qtype));
    put_u16(message, static_cast<uint16_t>(draft.qclass));
    if (draft.has_edns) put_opt(message, draft);
    return message;
}

}  // namespace nearcast::dns
