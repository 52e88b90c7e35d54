// SPDX-License-Identifier: Apache-2.0

#include "dns/ascii.h"
#include "dns/datum.h"
#include "dns/name.h"
#include "dns/rdata.h"

namespace nearcast::dns {

bool unescape(std::string_view text, Bytes& to) {
    size_t at = 0;
    while (at < text.size()) {
        if (text[at] == '\\') {
            uint8_t byte = 0;
            if (!read_escape(text, at, byte)) return false;
            to.push_back(byte);
            continue;
        }
        const size_t end = std::min(text.find('\\', at), text.size());
        to.insert(to.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                  text.begin() + static_cast<std::ptrdiff_t>(end));
        at = end;
    }
    return true;
}

void append_escaped(std::span<const uint8_t> bytes, std::string& text) {
    for (const uint8_t byte : bytes) {
        if (byte < ' ' || byte >= 0x7F) {
            text += '\\';
            text += static_cast<char>('0' + byte / 100);
            text += static_cast<char>('0' + byte / 10 % 10);
            text += static_cast<char>('0' + byte % 10);
        } else {
            if (byte == '"' || byte == '\\') text += '\\';
            text += static_cast<char>(byte);
        }
    }
}

namespace {

// Makes several strings of what stands from `start` on without lengths.
void divide(Bytes& rdata, size_t start) {
    const Bytes whole(rdata.begin() + static_cast<std::ptrdiff_t>(start), rdata.end());
    rdata.resize(start);
    for (std::span rest(whole); !rest.empty();) {
        const auto part = rest.first(std::min(rest.size(), kStringSizeMax));
        rest = rest.subspan(part.size());
        rdata.push_back(static_cast<uint8_t>(part.size()));
        rdata.insert(rdata.end(), part.begin(), part.end());
    }
}

Fault parse_string(TokenReader& words, Bytes& rdata, LongStrings long_strings) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const size_t start = rdata.size();
    rdata.push_back(0);
    if (!unescape(text, rdata)) return Fault("has a bad escape: write \\DDD, 000 to 255, or \\X");
    const size_t size = rdata.size() - start - 1;
    if (size <= kStringSizeMax) {
        rdata[start] = static_cast<uint8_t>(size);
        return {};
    }
    if (long_strings == LongStrings::Refused)
        return Fault("is longer than 255 bytes: split it in several strings");
    rdata.erase(rdata.begin() + static_cast<std::ptrdiff_t>(start));
    divide(rdata, start);
    return {};
}

Fault parse_one_string(TokenReader& words, Bytes& rdata) {
    return parse_string(words, rdata, LongStrings::Refused);
}

bool check_string(WireReader& rdata) {
    uint8_t size = 0;
    return rdata.read_u8(size) && rdata.skip(size);
}

void print_string(WireReader& rdata, std::string& text) {
    uint8_t size = 0;
    std::span<const uint8_t> bytes;
    (void)rdata.read_u8(size);
    (void)rdata.read_bytes(size, bytes);
    text += '"';
    append_escaped(bytes, text);
    text += '"';
}

Fault parse_optional_string(TokenReader& words, Bytes& rdata) {
    return words.has_next() ? parse_one_string(words, rdata) : Fault();
}

bool check_optional_string(WireReader& rdata) {
    return rdata.remaining() == 0 || check_string(rdata);
}

void print_optional_string(WireReader& rdata, std::string& text) {
    if (rdata.remaining() > 0) print_string(rdata, text);
}

Fault parse_strings(TokenReader& words, Bytes& rdata) {
    do {
        if (const Fault fault = parse_string(words, rdata, words.long_strings())) return fault;
    } while (words.has_next());
    return {};
}

bool check_strings(WireReader& rdata) {
    do {
        if (!check_string(rdata)) return false;
    } while (rdata.remaining() > 0);
    return true;
}

void print_strings(WireReader& rdata, std::string& text) {
    for (bool is_first = true; rdata.remaining() > 0; is_first = false) {
        if (!is_first) text += ' ';
        print_string(rdata, text);
    }
}

Fault parse_text(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    return unescape(text, rdata) ? Fault()
                                 : Fault("has a bad escape: write \\DDD, 000 to 255, or \\X");
}

bool check_rest(WireReader& rdata) { return rdata.skip(rdata.remaining()); }

void print_text(WireReader& rdata, std::string& text) {
    text += '"';
    append_escaped(rdata.rest(), text);
    text += '"';
    (void)rdata.skip(rdata.remaining());
}

Fault parse_uri(TokenReader& words, Bytes& rdata) {
    const size_t start = rdata.size();
    const Fault fault = parse_text(words, rdata);
    return fault || rdata.size() > start ? fault : Fault("is empty");
}

bool check_uri(WireReader& rdata) { return rdata.remaining() > 0 && check_rest(rdata); }

bool is_tag_character(uint8_t byte) {
    return is_digit(byte) || (lower(byte) >= 'a' && lower(byte) <= 'z');
}

Fault parse_tag(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const Fault fault("is not a tag of letters and digits, such as issue");
    if (text.empty() || text.size() > kStringSizeMax) return fault;
    rdata.push_back(static_cast<uint8_t>(text.size()));
    for (const char character : text) {
        const auto byte = static_cast<uint8_t>(character);
        if (!is_tag_character(byte)) return fault;
        rdata.push_back(byte);
    }
    return {};
}

bool check_tag(WireReader& rdata) {
    uint8_t size = 0;
    std::span<const uint8_t> tag;
    if (!rdata.read_u8(size) || size == 0 || !rdata.read_bytes(size, tag)) return false;
    for (const uint8_t byte : tag) {
        if (!is_tag_character(byte)) return false;
    }
    return true;
}

void print_tag(WireReader& rdata, std::string& text) {
    uint8_t size = 0;
    std::span<const uint8_t> tag;
    (void)rdata.read_u8(size);
    (void)rdata.read_bytes(size, tag);
    append_escaped(tag, text);
}

}  // namespace

const Datum kStringDatum{parse_one_string, check_string, print_string};
const Datum kOptionalStringDatum{parse_optional_string, check_optional_string,
                                 print_optional_string};
const Datum kStringsDatum{parse_strings, check_strings, print_strings};
const Datum kTextDatum{parse_text, check_rest, print_text};
const Datum kUriDatum{parse_uri, check_uri, print_text};
const Datum kTagDatum{parse_tag, check_tag, print_tag};

}  // namespace nearcast::dns
