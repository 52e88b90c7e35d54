// SPDX-License-Identifier: Apache-2.0

#include "dns/datum.h"

namespace nearcast::dns {
namespace {

// One item of APL: "!1:192.0.2.0/24". On the wire an address lacks its zero bytes at the end.
constexpr uint16_t kFamilyIpv4 = 1;  // The registry of address families.
constexpr uint16_t kFamilyIpv6 = 2;
constexpr uint8_t kNegation = 0x80;  // Shares its byte with the size of the address.
constexpr uint8_t kSizeMask = 0x7F;

size_t address_size(uint16_t family) {
    return family == kFamilyIpv4 ? 4 : family == kFamilyIpv6 ? 16 : 0;
}

bool parse_prefix(std::string_view text, Bytes& rdata) {
    const bool is_negated = text.starts_with('!');
    if (is_negated) text.remove_prefix(1);
    const size_t colon = text.find(':');
    const size_t slash = text.rfind('/');
    if (colon == std::string_view::npos || slash == std::string_view::npos || slash < colon) {
        return false;
    }
    uint32_t family = 0;
    uint32_t length = 0;
    Bytes address;
    const std::string_view address_text = text.substr(colon + 1, slash - colon - 1);
    if (!parse_decimal(text.substr(0, colon), kFamilyIpv6, family) || family == 0) return false;
    if (!parse_decimal(text.substr(slash + 1), family == kFamilyIpv4 ? 32 : 128, length)) {
        return false;
    }
    if (!(family == kFamilyIpv4 ? parse_ipv4(address_text, address)
                                : parse_ipv6(address_text, address))) {
        return false;
    }
    while (!address.empty() && address.back() == 0) address.pop_back();
    put_u16(rdata, static_cast<uint16_t>(family));
    rdata.push_back(static_cast<uint8_t>(length));
    rdata.push_back(static_cast<uint8_t>(address.size() | (is_negated ? kNegation : 0U)));
    rdata.insert(rdata.end(), address.begin(), address.end());
    return true;
}

Fault parse_prefixes(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    while (words.has_next()) {
        if (const Fault fault = words.next(text)) return fault;
        if (!parse_prefix(text, rdata)) return Fault("is not of the form 1:192.0.2.0/24");
    }
    return {};
}

bool check_prefixes(WireReader& rdata) {
    while (rdata.remaining() > 0) {
        uint16_t family = 0;
        uint8_t length = 0;
        uint8_t size = 0;
        std::span<const uint8_t> address;
        if (!rdata.read_u16(family) || !rdata.read_u8(length) || !rdata.read_u8(size)) return false;
        size = size & kSizeMask;
        if (size > address_size(family) || length > address_size(family) * 8) return false;
        if (!rdata.read_bytes(size, address)) return false;
        if (address_size(family) == 0 || (size > 0 && address.back() == 0)) return false;
    }
    return true;
}

void print_prefixes(WireReader& rdata, std::string& text) {
    for (bool is_first = true; rdata.remaining() > 0; is_first = false) {
        uint16_t family = 0;
        uint8_t length = 0;
        uint8_t size = 0;
        std::span<const uint8_t> bytes;
        (void)rdata.read_u16(family);
        (void)rdata.read_u8(length);
        (void)rdata.read_u8(size);
        (void)rdata.read_bytes(size & kSizeMask, bytes);
        Bytes address(bytes.begin(), bytes.end());
        address.resize(address_size(family));
        if (!is_first) text += ' ';
        if ((size & kNegation) != 0) text += '!';
        text += family == kFamilyIpv4 ? "1:" : "2:";
        family == kFamilyIpv4 ? append_ipv4(address.data(), text)
                              : append_ipv6(address.data(), text);
        text += '/' + std::to_string(length);
    }
}

}  // namespace

const Datum kAddressPrefixesDatum{parse_prefixes, check_prefixes, print_prefixes};

}  // namespace nearcast::dns
