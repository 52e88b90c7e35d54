// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

#include "dns/ascii.h"
#include "dns/datum.h"
#include "dns/encoding.h"

namespace nearcast::dns {

bool parse_ipv4(std::string_view text, Bytes& to) {
    std::array<uint8_t, 4> address{};
    for (size_t i = 0; i < address.size(); ++i) {
        const size_t end = i < 3 ? text.find('.') : text.size();
        if (end == std::string_view::npos || end == 0 || end > 3) return false;
        if (end > 1 && text[0] == '0') return false;  // Some would read octal.
        uint32_t value = 0;
        if (!parse_decimal(text.substr(0, end), 255, value)) return false;
        address[i] = static_cast<uint8_t>(value);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    to.insert(to.end(), address.begin(), address.end());
    return true;
}

bool parse_ipv6(std::string_view text, Bytes& to) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != std::string_view::npos) return false;
    std::memcpy(terminated.data(), text.data(), text.size());
    std::array<uint8_t, 16> address{};
    if (inet_pton(AF_INET6, terminated.data(), address.data()) != 1) return false;
    to.insert(to.end(), address.begin(), address.end());
    return true;
}

void append_ipv4(const uint8_t* address, std::string& text) {
    std::array<char, INET_ADDRSTRLEN> terminated{};
    text += inet_ntop(AF_INET, address, terminated.data(), terminated.size());
}

void append_ipv6(const uint8_t* address, std::string& text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    text += inet_ntop(AF_INET6, address, terminated.data(), terminated.size());
}

namespace {

Fault parse_ipv4_datum(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    return parse_ipv4(text, rdata) ? Fault() : Fault("is not an IPv4 address");
}

Fault parse_ipv6_datum(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    return parse_ipv6(text, rdata) ? Fault() : Fault("is not an IPv6 address");
}

void print_ipv4(WireReader& rdata, std::string& text) {
    append_ipv4(rdata.rest().data(), text);
    (void)rdata.skip(4);
}

void print_ipv6(WireReader& rdata, std::string& text) {
    append_ipv6(rdata.rest().data(), text);
    (void)rdata.skip(16);
}

Fault parse_nsap(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const Fault fault("is not an address in hex after 0x");
    if (text.size() < 2 || text[0] != '0' || lower(static_cast<uint8_t>(text[1])) != 'x') {
        return fault;
    }
    HexDecoder decoder;
    const size_t start = rdata.size();
    for (const char& digit : text.substr(2)) {
        if (digit != '.' && !decoder.feed({&digit, 1}, rdata)) return fault;
    }
    return decoder.finish() && rdata.size() > start ? Fault() : fault;
}

bool check_nsap(WireReader& rdata) {
    return rdata.remaining() > 0 && rdata.skip(rdata.remaining());
}

void print_nsap(WireReader& rdata, std::string& text) {
    text += "0x";
    append_hex(rdata.rest(), text);
    (void)rdata.skip(rdata.remaining());
}

// Pairs of hex digits with hyphens between (RFC 7043 §3.2).
template <size_t kSize>
Fault parse_eui(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const Fault fault(kSize == 6 ? "is not of the form 00-00-5e-00-53-2a"
                                 : "is not of the form 00-00-5e-ef-10-00-00-2a");
    if (text.size() != kSize * 3 - 1) return fault;
    for (size_t i = 0; i < kSize; ++i) {
        HexDecoder decoder;
        if (i > 0 && text[i * 3 - 1] != '-') return fault;
        if (!decoder.feed(text.substr(i * 3, 2), rdata)) return fault;
    }
    return {};
}

template <size_t kSize>
void print_eui(WireReader& rdata, std::string& text) {
    for (size_t i = 0; i < kSize; ++i) {
        if (i > 0) text += '-';
        append_hex(rdata.rest().first(1), text);
        (void)rdata.skip(1);
    }
}

Fault parse_node_id(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const Fault fault("is not four groups of hex digits, such as 0014:4fff:ff20:ee64");
    for (int group = 0; group < 4; ++group) {
        const size_t end = group < 3 ? text.find(':') : text.size();
        if (end == std::string_view::npos || end == 0 || end > 4) return fault;
        uint16_t value = 0;
        const auto [stopped, error] = std::from_chars(text.data(), text.data() + end, value, 16);
        if (error != std::errc() || stopped != text.data() + end) return fault;
        put_u16(rdata, value);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return {};
}

void print_node_id(WireReader& rdata, std::string& text) {
    for (int group = 0; group < 4; ++group) {
        if (group > 0) text += ':';
        append_hex(rdata.rest().first(2), text);
        (void)rdata.skip(2);
    }
}

}  // namespace

const Datum kIpv4Datum{parse_ipv4_datum, check_fixed<4>, print_ipv4};
const Datum kIpv6Datum{parse_ipv6_datum, check_fixed<16>, print_ipv6};
const Datum kNsapDatum{parse_nsap, check_nsap, print_nsap};
const Datum kEui48Datum{parse_eui<6>, check_fixed<6>, print_eui<6>};
const Datum kEui64Datum{parse_eui<8>, check_fixed<8>, print_eui<8>};
const Datum kNodeIdDatum{parse_node_id, check_fixed<8>, print_node_id};

}  // namespace nearcast::dns
