// SPDX-License-Identifier: Apache-2.0

// Types of old that other servers still read: WKS, NXT, A6, ATMA, X25, GPOS.

#include <algorithm>
#include <array>

#include "dns/ascii.h"
#include "dns/datum.h"
#include "dns/encoding.h"
#include "dns/name.h"

namespace nearcast::dns {
namespace {

// The names that old zone files use (RFC 1010); any other is given by its number, for the list of
// the machine's own would make a zone mean something else elsewhere.
struct KnownNumber {
    std::string_view word;
    uint16_t number;
};
constexpr auto kProtocols = std::to_array<KnownNumber>({{"tcp", 6}, {"udp", 17}});
constexpr auto kServices = std::to_array<KnownNumber>({{"echo", 7},
                                                       {"discard", 9},
                                                       {"ftp-data", 20},
                                                       {"ftp", 21},
                                                       {"ssh", 22},
                                                       {"telnet", 23},
                                                       {"smtp", 25},
                                                       {"time", 37},
                                                       {"domain", 53},
                                                       {"tftp", 69},
                                                       {"finger", 79},
                                                       {"http", 80},
                                                       {"pop3", 110},
                                                       {"nntp", 119},
                                                       {"ntp", 123},
                                                       {"imap", 143},
                                                       {"https", 443}});

bool parse_known(std::span<const KnownNumber> known, std::string_view text, uint32_t most,
                 uint32_t& number) {
    if (parse_decimal(text, most, number)) return true;
    const auto found = std::ranges::find_if(known, [&](const KnownNumber& each) {
        return std::ranges::equal(each.word, text, [](char a, char b) {
            return static_cast<uint8_t>(a) == lower(static_cast<uint8_t>(b));
        });
    });
    if (found == known.end()) return false;
    number = found->number;
    return true;
}

void set_bit(Bytes& bits, size_t bit) {
    if (bits.size() <= bit / 8) bits.resize(bit / 8 + 1);
    bits[bit / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
}

bool has_bit(std::span<const uint8_t> bits, size_t bit) {
    return (bits[bit / 8] & 0x80 >> bit % 8) != 0;
}

Fault parse_services(TokenReader& words, Bytes& rdata) {
    if (const Fault fault = kIpv4Datum.parse(words, rdata)) return fault;
    std::string_view text;
    uint32_t number = 0;
    if (const Fault fault = words.next(text)) return fault;
    if (!parse_known(kProtocols, text, 0xFF, number)) {
        return Fault("is no protocol: write tcp, udp or a number");
    }
    rdata.push_back(static_cast<uint8_t>(number));
    Bytes ports;
    while (words.has_next()) {
        if (const Fault fault = words.next(text)) return fault;
        if (!parse_known(kServices, text, 0xFFFF, number))
            return Fault("is no port: write a number");
        set_bit(ports, number);
    }
    rdata.insert(rdata.end(), ports.begin(), ports.end());
    return {};
}

bool check_services(WireReader& rdata) {
    constexpr size_t kPortBytesMax = 65536 / 8;
    if (!rdata.skip(5) || rdata.remaining() > kPortBytesMax) return false;
    const auto ports = rdata.rest();
    return (ports.empty() || ports.back() != 0) && rdata.skip(ports.size());
}

void print_services(WireReader& rdata, std::string& text) {
    uint8_t protocol = 0;
    kIpv4Datum.print(rdata, text);
    (void)rdata.read_u8(protocol);
    text += ' ' + std::to_string(protocol);
    const auto ports = rdata.rest();
    for (size_t port = 0; port < ports.size() * 8; ++port) {
        if (has_bit(ports, port)) text += ' ' + std::to_string(port);
    }
    (void)rdata.skip(ports.size());
}

constexpr size_t kNextTypeCount = 128;

Fault parse_next_types(TokenReader& words, Bytes& rdata) {
    Bytes bits;
    std::string_view text;
    while (words.has_next()) {
        if (const Fault fault = words.next(text)) return fault;
        const auto type = parse_rr_type(text);
        const auto number = type ? static_cast<size_t>(*type) : 0;
        if (number == 0 || number >= kNextTypeCount) {
            return Fault("is not a record type below 128");
        }
        set_bit(bits, number);
    }
    if (bits.empty()) return Fault::missing();
    rdata.insert(rdata.end(), bits.begin(), bits.end());
    return {};
}

bool check_next_types(WireReader& rdata) {
    const auto bits = rdata.rest();
    if (bits.empty() || bits.size() > kNextTypeCount / 8 || bits.back() == 0) return false;
    return !has_bit(bits, 0) && rdata.skip(bits.size());
}

void print_next_types(WireReader& rdata, std::string& text) {
    const auto bits = rdata.rest();
    for (size_t type = 1; type < bits.size() * 8; ++type) {
        if (!has_bit(bits, type)) continue;
        if (text.back() != ' ') text += ' ';
        append_text(static_cast<RRType>(type), text);
    }
    (void)rdata.skip(bits.size());
}

constexpr size_t kAddressBits = 128;

size_t suffix_size(size_t prefix_length) { return (kAddressBits - prefix_length + 7) / 8; }

// The bits of the suffix's first byte that belong to the prefix.
uint8_t prefix_mask(size_t prefix_length) {
    return static_cast<uint8_t>(0xFF00U >> prefix_length % 8);
}

// Prefix length, the bytes of the address that are not all prefix, then who knows the prefix.
Fault parse_address_suffix(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    uint32_t length = 0;
    if (const Fault fault = words.next(text)) return fault;
    if (!parse_decimal(text, kAddressBits, length)) return Fault("is not a number from 0 to 128");
    rdata.push_back(static_cast<uint8_t>(length));
    if (const size_t size = suffix_size(length); size > 0) {
        Bytes address;
        if (const Fault fault = kIpv6Datum.parse(words, address)) return fault;
        address[16 - size] &= static_cast<uint8_t>(~prefix_mask(length));
        rdata.insert(rdata.end(), address.end() - static_cast<long>(size), address.end());
    }
    return length > 0 ? parse_name_datum(words, rdata) : Fault();
}

bool check_address_suffix(WireReader& rdata) {
    uint8_t length = 0;
    std::span<const uint8_t> suffix;
    if (!rdata.read_u8(length) || length > kAddressBits) return false;
    if (!rdata.read_bytes(suffix_size(length), suffix)) return false;
    if (!suffix.empty() && (suffix[0] & prefix_mask(length)) != 0) return false;
    return length == 0 || kNameDatum.check(rdata);
}

void print_address_suffix(WireReader& rdata, std::string& text) {
    uint8_t length = 0;
    std::span<const uint8_t> suffix;
    (void)rdata.read_u8(length);
    (void)rdata.read_bytes(suffix_size(length), suffix);
    text += std::to_string(length);
    if (!suffix.empty()) {
        std::array<uint8_t, 16> address{};
        std::ranges::copy(suffix, address.end() - static_cast<long>(suffix.size()));
        text += ' ';
        append_ipv6(address.data(), text);
    }
    if (length == 0) return;
    text += ' ';
    kNameDatum.print(rdata, text);
}

// The formats of an address (ATM Forum, af-saa-0069.000 §5.2).
constexpr uint8_t kAtmEndSystem = 0;  // Hex.
constexpr uint8_t kAtmE164 = 1;       // Digits.

bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return is_digit(static_cast<uint8_t>(c)); });
}

Fault parse_atm_address(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const Fault fault("is not an address: write +61200000000, or hex");
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (!is_digits(text)) return fault;
        rdata.push_back(kAtmE164);
        rdata.insert(rdata.end(), text.begin(), text.end());
        return {};
    }
    rdata.push_back(kAtmEndSystem);
    HexDecoder decoder;
    const size_t start = rdata.size();
    for (const char& digit : text) {
        if (digit != '.' && !decoder.feed({&digit, 1}, rdata)) return fault;
    }
    return decoder.finish() && rdata.size() > start ? Fault() : fault;
}

bool check_atm_address(WireReader& rdata) {
    uint8_t format = 0;
    if (!rdata.read_u8(format) || rdata.remaining() == 0) return false;
    const auto address = rdata.rest();
    if (format == kAtmE164 && !std::ranges::all_of(address, is_digit)) return false;
    return format <= kAtmE164 && rdata.skip(address.size());
}

void print_atm_address(WireReader& rdata, std::string& text) {
    uint8_t format = 0;
    (void)rdata.read_u8(format);
    const auto address = rdata.rest();
    if (format == kAtmE164) {
        text += '+';
        text.append(address.begin(), address.end());
    } else {
        append_hex(address, text);
    }
    (void)rdata.skip(address.size());
}

// Takes a character-string's bytes without their length.
bool read_string(WireReader& rdata, std::string_view& text) {
    uint8_t size = 0;
    std::span<const uint8_t> bytes;
    if (!rdata.read_u8(size) || !rdata.read_bytes(size, bytes)) return false;
    text = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    return true;
}

constexpr size_t kNetworkDigits = 4;  // Of the network, in front of the terminal's (X.121).

bool check_psdn_address(WireReader& rdata) {
    std::string_view text;
    return read_string(rdata, text) && text.size() >= kNetworkDigits && is_digits(text);
}

Fault parse_psdn_address(TokenReader& words, Bytes& rdata) {
    const size_t start = rdata.size();
    if (const Fault fault = kStringDatum.parse(words, rdata)) return fault;
    WireReader reader(std::span<const uint8_t>(rdata).subspan(start));
    return check_psdn_address(reader) ? Fault() : Fault("is not an address of four digits or more");
}

// Digits with perhaps a sign and a point, as far from zero as `most` at most.
bool is_coordinate(std::string_view text, uint32_t most) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    const size_t point = std::min(text.find('.'), text.size());
    const std::string_view fraction = text.substr(std::min(point + 1, text.size()));
    uint32_t whole = 0;
    if (!parse_decimal(text.substr(0, point), most, whole)) return false;
    if (point < text.size() && !is_digits(fraction)) return false;
    return whole < most || fraction.find_first_not_of('0') == std::string_view::npos;
}

bool check_position(WireReader& rdata) {
    std::string_view text;
    // The RFC's text has the longitude first, its examples the latitude: both orders are in use.
    for (const uint32_t most : {180U, 180U, UINT32_MAX}) {
        if (!read_string(rdata, text) || !is_coordinate(text, most)) return false;
    }
    return true;
}

Fault parse_position(TokenReader& words, Bytes& rdata) {
    const size_t start = rdata.size();
    for (int i = 0; i < 3; ++i) {
        if (const Fault fault = kStringDatum.parse(words, rdata)) return fault;
    }
    WireReader reader(std::span<const uint8_t>(rdata).subspan(start));
    return check_position(reader)
               ? Fault()
               : Fault("ends no place: two angles of up to 180 degrees and an altitude");
}

void print_position(WireReader& rdata, std::string& text) {
    for (int i = 0; i < 3; ++i) {
        if (i > 0) text += ' ';
        kStringDatum.print(rdata, text);
    }
}

void print_psdn_address(WireReader& rdata, std::string& text) { kStringDatum.print(rdata, text); }

}  // namespace

const Datum kServicesDatum{parse_services, check_services, print_services};
const Datum kNextTypesDatum{parse_next_types, check_next_types, print_next_types};
const Datum kAddressSuffixDatum{parse_address_suffix, check_address_suffix, print_address_suffix};
const Datum kPsdnAddressDatum{parse_psdn_address, check_psdn_address, print_psdn_address};
const Datum kPositionDatum{parse_position, check_position, print_position};
const Datum kAtmAddressDatum{parse_atm_address, check_atm_address, print_atm_address};

}  // namespace nearcast::dns
