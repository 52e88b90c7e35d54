// SPDX-License-Identifier: Apache-2.0

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

#include "dns/ascii.h"
#include "dns/datum.h"

namespace nearcast::dns {

bool parse_decimal(std::string_view text, uint32_t most, uint32_t& value) {
    if (text.empty() || text.size() > 10) return false;
    uint64_t sum = 0;
    for (const char character : text) {
        if (!is_digit(static_cast<uint8_t>(character))) return false;
        sum = sum * 10 + static_cast<uint64_t>(character - '0');
    }
    value = static_cast<uint32_t>(sum);
    return sum <= most;
}

bool parse_seconds(std::string_view text, uint32_t& seconds) {
    if (parse_decimal(text, UINT32_MAX, seconds)) return true;
    if (text.empty()) return false;
    uint64_t sum = 0;
    while (!text.empty()) {
        const size_t digits = text.find_first_not_of("0123456789");
        uint32_t count = 0;
        if (digits == std::string_view::npos) return false;  // A number without a unit at the end.
        if (!parse_decimal(text.substr(0, digits), UINT32_MAX, count)) return false;
        uint64_t unit = 0;
        switch (lower(static_cast<uint8_t>(text[digits]))) {
            case 's':
                unit = 1;
                break;
            case 'm':
                unit = 60;
                break;
            case 'h':
                unit = 3600;
                break;
            case 'd':
                unit = 86400;
                break;
            case 'w':
                unit = 604800;
                break;
            default:
                return false;
        }
        sum += count * unit;
        if (sum > UINT32_MAX) return false;
        text.remove_prefix(digits + 1);
    }
    seconds = static_cast<uint32_t>(sum);
    return true;
}

namespace {

struct Mnemonic {
    std::string_view word;
    uint16_t number;
};

// The registries of DNSSEC algorithms and of certificate types.
constexpr auto kAlgorithms = std::to_array<Mnemonic>({{"RSAMD5", 1},
                                                      {"DH", 2},
                                                      {"DSA", 3},
                                                      {"RSASHA1", 5},
                                                      {"DSA-NSEC3-SHA1", 6},
                                                      {"RSASHA1-NSEC3-SHA1", 7},
                                                      {"RSASHA256", 8},
                                                      {"RSASHA512", 10},
                                                      {"ECC-GOST", 12},
                                                      {"ECDSAP256SHA256", 13},
                                                      {"ECDSAP384SHA384", 14},
                                                      {"ED25519", 15},
                                                      {"ED448", 16},
                                                      {"INDIRECT", 252},
                                                      {"PRIVATEDNS", 253},
                                                      {"PRIVATEOID", 254}});
constexpr auto kCertTypes = std::to_array<Mnemonic>({{"PKIX", 1},
                                                     {"SPKI", 2},
                                                     {"PGP", 3},
                                                     {"IPKIX", 4},
                                                     {"ISPKI", 5},
                                                     {"IPGP", 6},
                                                     {"ACPKIX", 7},
                                                     {"IACPKIX", 8},
                                                     {"URI", 253},
                                                     {"OID", 254}});

constexpr auto kSchemes = std::to_array<Mnemonic>({{"NOTIFY", 1}});  // RFC 9859 §6.2

bool find_mnemonic(std::span<const Mnemonic> known, std::string_view word, uint32_t& number) {
    const auto bytes = [](std::string_view text) {
        return std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    };
    for (const Mnemonic& mnemonic : known) {
        if (!equal_ignoring_case(bytes(mnemonic.word), bytes(word))) continue;
        number = mnemonic.number;
        return true;
    }
    return false;
}

void append_number(uint32_t number, std::string& text) {
    std::array<char, 10> digits{};
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), number);
    text.append(digits.data(), end);
}

Fault parse_u8(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint32_t value = 0;
    if (!parse_decimal(text, 0xFF, value)) return Fault("is not a number from 0 to 255");
    rdata.push_back(static_cast<uint8_t>(value));
    return {};
}

Fault parse_u16(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint32_t value = 0;
    if (!parse_decimal(text, 0xFFFF, value)) return Fault("is not a number from 0 to 65535");
    put_u16(rdata, static_cast<uint16_t>(value));
    return {};
}

Fault parse_u32(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint32_t value = 0;
    if (!parse_decimal(text, UINT32_MAX, value)) {
        return Fault("is not a number from 0 to 4294967295");
    }
    put_u32(rdata, value);
    return {};
}

Fault parse_u64(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stopped != end) {
        return Fault("is not a number from 0 to 18446744073709551615");
    }
    put_u32(rdata, static_cast<uint32_t>(value >> 32));
    put_u32(rdata, static_cast<uint32_t>(value));
    return {};
}

Fault parse_ttl(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint32_t seconds = 0;
    if (!parse_seconds(text, seconds)) return Fault("is not a time, such as 3600 or 1h30m");
    put_u32(rdata, seconds);
    return {};
}

Fault parse_type(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const auto type = parse_rr_type(text);
    if (!type) return Fault("is not a record type");
    put_u16(rdata, static_cast<uint16_t>(*type));
    return {};
}

Fault parse_algorithm(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint32_t value = 0;
    if (!parse_decimal(text, 0xFF, value) && !find_mnemonic(kAlgorithms, text, value)) {
        return Fault("is not a DNSSEC algorithm");
    }
    rdata.push_back(static_cast<uint8_t>(value));
    return {};
}

Fault parse_cert_type(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint32_t value = 0;
    if (!parse_decimal(text, 0xFFFF, value) && !find_mnemonic(kCertTypes, text, value)) {
        return Fault("is not a certificate type");
    }
    put_u16(rdata, static_cast<uint16_t>(value));
    return {};
}

Fault parse_scheme(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint32_t value = 0;
    if (!parse_decimal(text, 0xFF, value) && !find_mnemonic(kSchemes, text, value)) {
        return Fault("is not a scheme: write NOTIFY or a number from 0 to 255");
    }
    rdata.push_back(static_cast<uint8_t>(value));
    return {};
}

// YYYYMMDDHHmmSS, up to what 32 bits of seconds hold, in February 2106.
bool parse_date(std::string_view text, uint32_t& seconds) {
    namespace chrono = std::chrono;
    const auto part = [&](size_t at, size_t size) {
        uint32_t value = UINT32_MAX;
        return parse_decimal(text.substr(at, size), 9999, value) ? value : UINT32_MAX;
    };
    const uint32_t year = part(0, 4);
    if (year < 1970 || year > 2106) return false;
    const chrono::year_month_day day{chrono::year(static_cast<int>(year)),
                                     chrono::month(part(4, 2)), chrono::day(part(6, 2))};
    const uint32_t hour = part(8, 2);
    const uint32_t minute = part(10, 2);
    const uint32_t second = part(12, 2);
    if (!day.ok() || hour > 23 || minute > 59 || second > 59) return false;
    const auto days = chrono::sys_days(day).time_since_epoch().count();
    const uint64_t sum = static_cast<uint64_t>(days) * 86400 + hour * 3600 + minute * 60 + second;
    seconds = static_cast<uint32_t>(sum);
    return sum <= UINT32_MAX;
}

Fault parse_timestamp(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint32_t seconds = 0;
    const bool is_time =
        text.size() == 14 ? parse_date(text, seconds) : parse_decimal(text, UINT32_MAX, seconds);
    if (!is_time) return Fault("is not a time of the form YYYYMMDDHHmmSS");
    put_u32(rdata, seconds);
    return {};
}

void print_u8(WireReader& rdata, std::string& text) {
    uint8_t value = 0;
    (void)rdata.read_u8(value);
    append_number(value, text);
}

void print_u16(WireReader& rdata, std::string& text) {
    uint16_t value = 0;
    (void)rdata.read_u16(value);
    append_number(value, text);
}

void print_u32(WireReader& rdata, std::string& text) {
    uint32_t value = 0;
    (void)rdata.read_u32(value);
    append_number(value, text);
}

void print_u64(WireReader& rdata, std::string& text) {
    uint32_t high = 0;
    uint32_t low = 0;
    (void)rdata.read_u32(high);
    (void)rdata.read_u32(low);
    text += std::to_string(uint64_t{high} << 32 | low);
}

void print_scheme(WireReader& rdata, std::string& text) {
    uint8_t value = 0;
    (void)rdata.read_u8(value);
    for (const Mnemonic& scheme : kSchemes) {
        if (scheme.number == value) {
            text += scheme.word;
            return;
        }
    }
    append_number(value, text);
}

void print_type(WireReader& rdata, std::string& text) {
    uint16_t value = 0;
    (void)rdata.read_u16(value);
    append_text(static_cast<RRType>(value), text);
}

void print_timestamp(WireReader& rdata, std::string& text) {
    namespace chrono = std::chrono;
    uint32_t value = 0;
    (void)rdata.read_u32(value);
    const chrono::sys_seconds time{chrono::seconds(value)};
    const auto days = chrono::floor<chrono::days>(time);
    const chrono::year_month_day day(days);
    const chrono::hh_mm_ss clock(time - days);
    std::array<char, 16> digits{};
    std::snprintf(digits.data(), digits.size(), "%04d%02u%02u%02u%02u%02u",
                  static_cast<int>(day.year()) % 10000, static_cast<unsigned>(day.month()) % 100,
                  static_cast<unsigned>(day.day()) % 100,
                  static_cast<unsigned>(clock.hours().count()) % 100,
                  static_cast<unsigned>(clock.minutes().count()) % 100,
                  static_cast<unsigned>(clock.seconds().count()) % 100);
    text += digits.data();
}

}  // namespace

const Datum kU8Datum{parse_u8, check_fixed<1>, print_u8};
const Datum kU16Datum{parse_u16, check_fixed<2>, print_u16};
const Datum kU32Datum{parse_u32, check_fixed<4>, print_u32};
const Datum kU64Datum{parse_u64, check_fixed<8>, print_u64};
const Datum kTtlDatum{parse_ttl, check_fixed<4>, print_u32};
const Datum kTypeDatum{parse_type, check_fixed<2>, print_type};
const Datum kTimestampDatum{parse_timestamp, check_fixed<4>, print_timestamp};
const Datum kAlgorithmDatum{parse_algorithm, check_fixed<1>, print_u8};
const Datum kCertTypeDatum{parse_cert_type, check_fixed<2>, print_u16};
const Datum kSchemeDatum{parse_scheme, check_fixed<1>, print_scheme};

}  // namespace nearcast::dns
