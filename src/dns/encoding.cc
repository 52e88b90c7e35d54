// SPDX-License-Identifier: Apache-2.0

#include "dns/encoding.h"

#include <array>

namespace nearcast::dns {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase32Digits = "0123456789abcdefghijklmnopqrstuv";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 0xFF;

constexpr std::array<uint8_t, 256> values_of(std::string_view digits, bool ignores_case) {
    std::array<uint8_t, 256> values{};
    values.fill(kNoDigit);
    for (size_t i = 0; i < digits.size(); ++i) {
        const char digit = digits[i];
        values[static_cast<uint8_t>(digit)] = static_cast<uint8_t>(i);
        if (ignores_case && digit >= 'a') {
            values[static_cast<uint8_t>(digit - 'a' + 'A')] = static_cast<uint8_t>(i);
        }
    }
    return values;
}

constexpr auto kHexValues = values_of(kHexDigits, true);
constexpr auto kBase32Values = values_of(kBase32Digits, true);
constexpr auto kBase64Values = values_of(kBase64Digits, false);

}  // namespace

bool HexDecoder::feed(std::string_view text, std::vector<uint8_t>& bytes) {
    for (const char character : text) {
        const uint8_t value = kHexValues[static_cast<uint8_t>(character)];
        if (value == kNoDigit) return false;
        if (has_half_) bytes.push_back(static_cast<uint8_t>(half_ << 4 | value));
        half_ = value;
        has_half_ = !has_half_;
    }
    return true;
}

bool Base64Decoder::feed(std::string_view text, std::vector<uint8_t>& bytes) {
    for (const char character : text) {
        uint8_t value = kBase64Values[static_cast<uint8_t>(character)];
        if (character == '=') {
            if (group_size_ < 2 || is_over_) return false;
            ++padding_;
            value = 0;
        } else if (value == kNoDigit || padding_ > 0 || is_over_) {
            return false;
        }
        group_ = group_ << 6 | value;
        if (++group_size_ < 4) continue;
        bytes.push_back(static_cast<uint8_t>(group_ >> 16));
        if (padding_ < 2) bytes.push_back(static_cast<uint8_t>(group_ >> 8));
        if (padding_ < 1) bytes.push_back(static_cast<uint8_t>(group_));
        is_over_ = padding_ > 0;
        group_ = 0;
        group_size_ = 0;
    }
    return true;
}

bool decode_base32hex(std::string_view text, std::span<uint8_t> bytes) noexcept {
    if (bytes.size() != text.size() * 5 / 8) return false;
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0;
    for (const char character : text) {
        const uint8_t value = kBase32Values[static_cast<uint8_t>(character)];
        if (value == kNoDigit) return false;
        bits = bits << 5 | value;
        count += 5;
        if (count < 8) continue;
        count -= 8;
        bytes[at++] = static_cast<uint8_t>(bits >> count);
    }
    return count < 5 && (bits & ((1U << count) - 1)) == 0;  // What is left must be padding.
}

bool decode_base32hex(std::string_view text, std::vector<uint8_t>& bytes) {
    const size_t start = bytes.size();
    bytes.resize(start + text.size() * 5 / 8);
    return decode_base32hex(text, std::span(bytes).subspan(start));
}

void append_hex(std::span<const uint8_t> bytes, std::string& text) {
    for (const uint8_t byte : bytes) {
        text += kHexDigits[byte >> 4];
        text += kHexDigits[byte & 0xF];
    }
}

void append_base64(std::span<const uint8_t> bytes, std::string& text) {
    for (size_t at = 0; at < bytes.size(); at += 3) {
        const size_t size = std::min<size_t>(bytes.size() - at, 3);
        uint32_t group = static_cast<uint32_t>(bytes[at] << 16);
        if (size > 1) group |= static_cast<uint32_t>(bytes[at + 1] << 8);
        if (size > 2) group |= bytes[at + 2];
        text += kBase64Digits[group >> 18];
        text += kBase64Digits[group >> 12 & 63];
        text += size > 1 ? kBase64Digits[group >> 6 & 63] : '=';
        text += size > 2 ? kBase64Digits[group & 63] : '=';
    }
}

void append_base32hex(std::span<const uint8_t> bytes, std::string& text) {
    uint32_t bits = 0;
    unsigned count = 0;
    for (const uint8_t byte : bytes) {
        bits = bits << 8 | byte;
        count += 8;
        for (; count >= 5; count -= 5) text += kBase32Digits[bits >> (count - 5) & 31];
    }
    if (count > 0) text += kBase32Digits[bits << (5 - count) & 31];
}

}  // namespace nearcast::dns
