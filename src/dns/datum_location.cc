// SPDX-License-Identifier: Apache-2.0

// Places on the earth (RFC 1876): angles in thousandths of a second around 2^31, the altitude in
// centimetres above -100 km, sizes in centimetres as a digit and a power of ten. All that is of
// version 0; of another nothing is known (§2), and so it is any bytes, printed as such.

#include <array>
#include <cstdio>

#include "base/bytes.h"
#include "dns/datum.h"
#include "dns/rdata.h"

namespace nearcast::dns {
namespace {

constexpr uint8_t kVersion = 0;
constexpr size_t kLocationSize = 16;
constexpr uint32_t kEquator = 1U << 31;
constexpr int64_t kGround = 10'000'000;  // Centimetres from the lowest altitude to the geoid.
constexpr uint32_t kPerDegree = 3'600'000;
constexpr int kPowerMax = 9;

struct Sizes {
    uint8_t size = 0x12;        // 1 m
    uint8_t horizontal = 0x16;  // 10 km
    uint8_t vertical = 0x13;    // 10 m
};

// A decimal number with up to `places` digits after the point, in units of the last place.
bool parse_fixed_point(std::string_view text, size_t places, uint64_t most, uint64_t& value) {
    const size_t point = std::min(text.find('.'), text.size());
    const std::string_view whole = text.substr(0, point);
    const std::string_view fraction = point < text.size() ? text.substr(point + 1) : "";
    if (fraction.size() > places || (point < text.size() && fraction.empty())) return false;
    uint32_t part = 0;
    if (!parse_decimal(whole, UINT32_MAX, part)) return false;
    value = part;
    uint32_t scale = 1;
    for (size_t i = 0; i < places; ++i) scale *= 10;
    value *= scale;
    if (!fraction.empty()) {
        if (!parse_decimal(fraction, UINT32_MAX, part)) return false;
        for (size_t i = fraction.size(); i < places; ++i) part *= 10;
        value += part;
    }
    return value <= most;
}

bool is_hemisphere(std::string_view text, std::string_view letters) {
    return text.size() == 1 && letters.find(text[0]) != std::string_view::npos;
}

// Degrees, perhaps minutes and seconds, then one of `letters`: positive, negative, both also small.
Fault parse_angle(TokenReader& words, std::string_view letters, uint32_t degrees_max,
                  Bytes& rdata) {
    const Fault fault("is no part of degrees, minutes, seconds and N, S, E or W");
    uint64_t angle = 0;
    std::string_view text;
    for (int part = 0;; ++part) {
        if (const Fault missing = words.next(text)) return missing;
        if (part > 0 && is_hemisphere(text, letters)) break;
        uint64_t value = 0;
        if (part > 2) return fault;
        if (!parse_fixed_point(text, part == 2 ? 3 : 0, part == 0 ? degrees_max : 59999, value)) {
            return fault;
        }
        if (part == 1 && value > 59) return fault;
        angle += part == 0 ? value * kPerDegree : part == 1 ? value * 60'000 : value;
    }
    if (angle > uint64_t{degrees_max} * kPerDegree) return fault;
    const bool is_positive = text[0] == letters[0] || text[0] == letters[2];
    const auto offset = static_cast<uint32_t>(angle);
    put_u32(rdata, is_positive ? kEquator + offset : kEquator - offset);
    return {};
}

std::string_view without_unit(std::string_view text) {
    if (!text.empty() && (text.back() == 'm' || text.back() == 'M')) text.remove_suffix(1);
    return text;
}

Fault parse_altitude(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const Fault fault("is not an altitude in metres, from -100000.00 to 42849672.95");
    text = without_unit(text);
    const bool is_below = text.starts_with('-');
    if (is_below || text.starts_with('+')) text.remove_prefix(1);
    uint64_t value = 0;
    if (!parse_fixed_point(text, 2, UINT32_MAX - uint64_t{kGround}, value)) return fault;
    if (is_below && value > uint64_t{kGround}) return fault;
    const auto centimetres = static_cast<int64_t>(value);
    put_u32(rdata, static_cast<uint32_t>(is_below ? kGround - centimetres : kGround + centimetres));
    return {};
}

Fault parse_size(TokenReader& words, uint8_t& size) {
    if (!words.has_next()) return {};
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    uint64_t value = 0;
    if (!parse_fixed_point(without_unit(text), 2, 9'000'000'000, value)) {
        return Fault("is not a size in metres, up to 90000000.00");
    }
    int power = 0;
    for (; value > 9; value /= 10) ++power;  // Only the first digit counts.
    size = static_cast<uint8_t>(value << 4 | static_cast<unsigned>(power));
    return {};
}

Fault parse_location(TokenReader& words, Bytes& rdata) {
    Bytes angles;
    Sizes sizes;
    if (const Fault fault = parse_angle(words, "NSns", 90, angles)) return fault;
    if (const Fault fault = parse_angle(words, "EWew", 180, angles)) return fault;
    if (const Fault fault = parse_altitude(words, angles)) return fault;
    for (uint8_t* size : {&sizes.size, &sizes.horizontal, &sizes.vertical}) {
        if (const Fault fault = parse_size(words, *size)) return fault;
    }
    rdata.insert(rdata.end(), {kVersion, sizes.size, sizes.horizontal, sizes.vertical});
    rdata.insert(rdata.end(), angles.begin(), angles.end());
    return {};
}

bool is_size(uint8_t byte) {
    return byte == 0 || (byte >> 4 >= 1 && byte >> 4 <= 9 && (byte & 0xF) <= kPowerMax);
}

bool is_angle(uint32_t value, uint32_t degrees_max) {
    const uint32_t distance = value >= kEquator ? value - kEquator : kEquator - value;
    return distance <= degrees_max * kPerDegree;
}

bool is_of_other_version(std::span<const uint8_t> rdata) {
    return !rdata.empty() && rdata[0] != kVersion;
}

bool check_location(WireReader& rdata) {
    if (is_of_other_version(rdata.rest())) return rdata.skip(rdata.remaining());
    std::span<const uint8_t> bytes;
    if (!rdata.read_bytes(kLocationSize, bytes)) return false;
    return is_size(bytes[1]) && is_size(bytes[2]) && is_size(bytes[3]) &&
           is_angle(base::load_u32(&bytes[4]), 90) && is_angle(base::load_u32(&bytes[8]), 180);
}

void append_angle(uint32_t value, char positive, char negative, std::string& text) {
    const uint32_t angle = value >= kEquator ? value - kEquator : kEquator - value;
    std::array<char, 32> part{};
    std::snprintf(part.data(), part.size(), "%u %u %u.%03u %c ", angle / kPerDegree,
                  angle / 60'000 % 60, angle / 1000 % 60, angle % 1000,
                  value >= kEquator ? positive : negative);
    text += part.data();
}

void append_metres(int64_t centimetres, std::string& text) {
    const auto size = static_cast<uint64_t>(centimetres < 0 ? -centimetres : centimetres);
    std::array<char, 32> part{};
    std::snprintf(part.data(), part.size(), "%s%llu.%02llum", centimetres < 0 ? "-" : "",
                  static_cast<unsigned long long>(size / 100),
                  static_cast<unsigned long long>(size % 100));
    text += part.data();
}

void print_location(WireReader& rdata, std::string& text) {
    if (is_of_other_version(rdata.rest())) return append_generic_rdata(rdata.rest(), text);
    std::span<const uint8_t> bytes;
    (void)rdata.read_bytes(kLocationSize, bytes);
    append_angle(base::load_u32(&bytes[4]), 'N', 'S', text);
    append_angle(base::load_u32(&bytes[8]), 'E', 'W', text);
    append_metres(int64_t{base::load_u32(&bytes[12])} - kGround, text);
    for (const uint8_t size : bytes.subspan(1, 3)) {
        int64_t centimetres = size >> 4;
        for (int power = size & 0xF; power > 0; --power) centimetres *= 10;
        text += ' ';
        append_metres(centimetres, text);
    }
}

}  // namespace

const Datum kLocationDatum{parse_location, check_location, print_location};

}  // namespace nearcast::dns
