// SPDX-License-Identifier: Apache-2.0

#include "dns/rdata.h"

#include "dns/datum.h"
#include "dns/encoding.h"
#include "dns/rdata_skip.h"
#include "dns/record.h"
#include "dns/rr_layout.h"

namespace nearcast::dns {
namespace {

bool is_name(Field field) {
    return field == Field::CompressibleName || field == Field::FoldedName || field == Field::Name;
}

// The row up to its first None.
std::span<const Field> fields_of(RRType type) {
    const RRLayout& layout = rr_layout(type);
    size_t count = 0;
    while (count < kFieldCountMax && layout.fields[count] != Field::None) ++count;
    return {layout.fields.data(), count};
}

// How many fields there are up to the last name.
size_t names_end(std::span<const Field> fields) {
    size_t end = fields.size();
    while (end > 0 && !is_name(fields[end - 1])) --end;
    return end;
}

// Size and hex, after the mark (RFC 3597 §5).
Fault parse_generic(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    uint32_t size = 0;
    if (const Fault fault = words.next(text)) return fault;
    if (const Fault fault = words.next(text)) return fault;
    if (!parse_decimal(text, kRdataSizeMax, size)) return Fault("is not a number from 0 to 65535");
    const size_t start = rdata.size();
    HexDecoder decoder;
    while (words.has_next()) {
        if (words.next(text) || !decoder.feed(text, rdata)) return Fault("is not hex");
    }
    const bool is_as_said = decoder.finish() && rdata.size() - start == size;
    return is_as_said ? Fault() : Fault("ends data of another size than the number after \\# says");
}

bool is_generic(const TokenReader& words) {
    return words.has_next() && !words.peek().is_quoted && words.peek().text == "\\#";
}

Fault parse_fields(RRType type, TokenReader& words, Bytes& rdata) {
    for (const Field field : fields_of(type)) {
        if (const Fault fault = datum_of(field).parse(words, rdata)) return fault;
    }
    if (!words.has_next()) return {};
    std::string_view text;
    (void)words.next(text);
    return Fault("is one word too many");
}

bool append_expanded_name(WireReader& message, Bytes& rdata) {
    Name name;
    if (read_name(message, name) != NameError::None) return false;
    const auto wire = name.wire();
    rdata.insert(rdata.end(), wire.begin(), wire.end());
    return true;
}

}  // namespace

Fault parse_rdata(RRType type, TokenReader& words, std::vector<uint8_t>& rdata) {
    const size_t start = rdata.size();
    if (is_generic(words)) {
        if (const Fault fault = parse_generic(words, rdata)) return fault;
        if (is_valid_rdata(type, std::span(rdata).subspan(start))) return {};
        return Fault("ends data that is not of this type's form");
    }
    if (!rr_layout(type).is_known()) return Fault("is data of a type known by its number only");
    if (const Fault fault = parse_fields(type, words, rdata)) return fault;
    return rdata.size() - start <= kRdataSizeMax ? Fault() : Fault("ends data of over 65535 bytes");
}

base::Result<std::vector<uint8_t>> parse_rdata(RRType type, std::span<const Token> tokens,
                                               const Name* origin, LongStrings long_strings) {
    TokenReader words(tokens, origin, long_strings);
    std::vector<uint8_t> rdata;
    if (const Fault fault = parse_rdata(type, words, rdata)) {
        return std::unexpected(describe_fault(type, words, fault));
    }
    return rdata;
}

base::Error describe_fault(RRType type, const TokenReader& words, Fault fault) {
    const RRLayout& layout = rr_layout(type);
    std::string message = to_text(type) + " needs ";
    message += layout.is_known() ? layout.needs : "data in the form \\# size hex";
    if (const Token* last = words.last(); fault.is_missing()) {
        message +=
            last == nullptr ? ", found nothing" : ", found nothing after " + quote(last->text);
    } else {
        message += ": " + quote(last == nullptr ? "" : last->text) + ' ' + fault.reason();
    }
    return {std::move(message),
            to_text(type) + ' ' + (layout.is_known() ? layout.example : "\\# 4 c0000201")};
}

bool is_valid_rdata(RRType type, std::span<const uint8_t> rdata) {
    if (rdata.size() > kRdataSizeMax) return false;
    if (!rr_layout(type).is_known()) return true;
    WireReader reader(rdata);
    for (const Field field : fields_of(type)) {
        if (!datum_of(field).check(reader)) return false;
    }
    return reader.remaining() == 0;
}

void append_generic_rdata(std::span<const uint8_t> rdata, std::string& text) {
    text += "\\# " + std::to_string(rdata.size());
    if (!rdata.empty()) text += ' ';
    append_hex(rdata, text);
}

std::string rdata_to_text(RRType type, std::span<const uint8_t> rdata) {
    std::string text;
    append_rdata_text(type, rdata, text);
    return text;
}

void append_rdata_text(RRType type, std::span<const uint8_t> rdata, std::string& text) {
    if (!rr_layout(type).is_known() || !is_valid_rdata(type, rdata)) {
        append_generic_rdata(rdata, text);
        return;
    }
    WireReader reader(rdata);
    const size_t start = text.size();
    for (const Field field : fields_of(type)) {
        if (text.size() > start) text += ' ';
        datum_of(field).print(reader, text);
        if (text.size() > start && text.back() == ' ') text.pop_back();  // It was empty.
    }
}

RdataNames::RdataNames(RRType type, std::span<const uint8_t> rdata) noexcept
    : reader_(rdata), type_(type), fields_end_(names_end(fields_of(type))) {}

bool RdataNames::next(RdataName& name) noexcept {
    const RRLayout& layout = rr_layout(type_);
    while (field_ < fields_end_) {
        const Field field = layout.fields[field_++];
        const size_t start = reader_.offset();
        if (!datum_of(field).check(reader_)) return false;
        if (!is_name(field)) continue;
        name = {start, reader_.offset() - start, field == Field::CompressibleName,
                field != Field::Name};
        return true;
    }
    return false;
}

bool skip_rdata(RRType type, WireReader& message, size_t size) noexcept {
    if (message.remaining() < size) return false;
    const size_t end = message.offset() + size;
    WireReader reader(message.message().first(end));
    reader.seek(message.offset());
    Name name;
    for (const Field field : fields_of(type)) {
        const bool is_good = is_name(field) ? read_name(reader, name) == NameError::None
                                            : datum_of(field).check(reader);
        if (!is_good) return false;
    }
    message.seek(end);
    return reader.remaining() == 0 || !rr_layout(type).is_known();
}

bool read_rdata(RRType type, WireReader& message, size_t size, std::vector<uint8_t>& rdata) {
    if (message.remaining() < size) return false;
    const size_t end = message.offset() + size;
    const size_t start = rdata.size();
    WireReader reader(message.message().first(end));
    reader.seek(message.offset());
    const auto fields = fields_of(type);
    for (const Field field : fields.first(names_end(fields))) {
        const size_t from = reader.offset();
        if (is_name(field)) {
            if (!append_expanded_name(reader, rdata)) return false;
            continue;
        }
        if (!datum_of(field).check(reader)) return false;
        const auto datum = reader.message().subspan(from, reader.offset() - from);
        rdata.insert(rdata.end(), datum.begin(), datum.end());
    }
    const auto rest = reader.rest();
    rdata.insert(rdata.end(), rest.begin(), rest.end());
    message.seek(end);
    return is_valid_rdata(type, std::span(rdata).subspan(start));
}

}  // namespace nearcast::dns
