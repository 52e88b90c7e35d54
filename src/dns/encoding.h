// SPDX-License-Identifier: Apache-2.0
//
// Bytes as text: base 16, 32 and 64 (RFC 4648), decoded piece by piece as master files spread them.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nearcast::dns {

// Two digits a byte, either case. A byte may be divided between pieces.
class HexDecoder {
 public:
    // Appends the bytes that `text` completes. False when it has something that is no digit.
    [[nodiscard]] bool feed(std::string_view text, std::vector<uint8_t>& bytes);
    // Whether the pieces together were whole bytes.
    [[nodiscard]] bool finish() const { return !has_half_; }

 private:
    uint8_t half_ = 0;
    bool has_half_ = false;
};

// Four characters for three bytes, padded with '='.
class Base64Decoder {
 public:
    [[nodiscard]] bool feed(std::string_view text, std::vector<uint8_t>& bytes);
    // Whether the pieces ended with a whole group.
    [[nodiscard]] bool finish() const { return group_size_ == 0; }

 private:
    uint32_t group_ = 0;
    uint8_t group_size_ = 0;
    uint8_t padding_ = 0;
    bool is_over_ = false;  // The padding has come.
};

// The alphabet with extended hex digits, without padding, either case (RFC 5155 §3.3).
[[nodiscard]] bool decode_base32hex(std::string_view text, std::vector<uint8_t>& bytes);
// The same for who knows the size, which must be the right one. Takes no memory.
[[nodiscard]] bool decode_base32hex(std::string_view text, std::span<uint8_t> bytes) noexcept;

// In lower case.
void append_hex(std::span<const uint8_t> bytes, std::string& text);
void append_base64(std::span<const uint8_t> bytes, std::string& text);
// In lower case, without padding.
void append_base32hex(std::span<const uint8_t> bytes, std::string& text);

}  // namespace nearcast::dns
