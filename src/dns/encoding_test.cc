// SPDX-License-Identifier: Apache-2.0

#include "dns/encoding.h"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::dns {
namespace {

std::vector<uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

template <typename Decoder>
bool decode(std::initializer_list<std::string_view> pieces, std::vector<uint8_t>& bytes) {
    Decoder decoder;
    for (const std::string_view piece : pieces) {
        if (!decoder.feed(piece, bytes)) return false;
    }
    return decoder.finish();
}

// RFC 4648 §10.
constexpr struct {
    std::string_view plain, hex, base32hex, base64;
} kVectors[] = {
    {"", "", "", ""},
    {"f", "66", "co", "Zg=="},
    {"fo", "666f", "cpng", "Zm8="},
    {"foo", "666f6f", "cpnmu", "Zm9v"},
    {"foob", "666f6f62", "cpnmuog", "Zm9vYg=="},
    {"fooba", "666f6f6261", "cpnmuoj1", "Zm9vYmE="},
    {"foobar", "666f6f626172", "cpnmuoj1e8", "Zm9vYmFy"},
};

TEST(Encoding, GivesTheVectorsOfTheRfcBothWays) {
    for (const auto& vector : kVectors) {
        const auto plain = bytes_of(vector.plain);
        std::string hex;
        std::string base32hex;
        std::string base64;
        append_hex(plain, hex);
        append_base32hex(plain, base32hex);
        append_base64(plain, base64);
        EXPECT_EQ(hex, vector.hex);
        EXPECT_EQ(base32hex, vector.base32hex);
        EXPECT_EQ(base64, vector.base64);

        std::vector<uint8_t> of_hex;
        std::vector<uint8_t> of_base32hex;
        std::vector<uint8_t> of_base64;
        EXPECT_TRUE(decode<HexDecoder>({vector.hex}, of_hex));
        EXPECT_TRUE(decode_base32hex(vector.base32hex, of_base32hex));
        EXPECT_TRUE(decode<Base64Decoder>({vector.base64}, of_base64));
        EXPECT_EQ(of_hex, plain);
        EXPECT_EQ(of_base32hex, plain);
        EXPECT_EQ(of_base64, plain);
    }
}

TEST(Encoding, JoinsPiecesDividedAnywhere) {
    std::vector<uint8_t> bytes;
    EXPECT_TRUE(decode<HexDecoder>({"6", "66F", "", "6f"}, bytes));
    EXPECT_EQ(bytes, bytes_of("foo"));
    bytes.clear();
    EXPECT_TRUE(decode<Base64Decoder>({"Zm", "9vY", "g=", "="}, bytes));
    EXPECT_EQ(bytes, bytes_of("foob"));
}

TEST(Encoding, RefusesWhatIsNotWhole) {
    std::vector<uint8_t> bytes;
    EXPECT_FALSE(decode<HexDecoder>({"666"}, bytes));
    EXPECT_FALSE(decode<HexDecoder>({"6g"}, bytes));
    for (const std::string_view text : {"Zg", "Zg=", "Z===", "Zg==Zg==", "Zg=a", "=", "Z g="}) {
        EXPECT_FALSE(decode<Base64Decoder>({text}, bytes)) << text;
    }
    EXPECT_FALSE(decode_base32hex("c", bytes));
    EXPECT_FALSE(decode_base32hex("cp", bytes));  // The bits left over are not zero.
    EXPECT_FALSE(decode_base32hex("cw", bytes));
    std::array<uint8_t, 2> two{};
    EXPECT_TRUE(decode_base32hex("cpng", two));
    EXPECT_EQ(two, (std::array<uint8_t, 2>{'f', 'o'}));
    EXPECT_FALSE(decode_base32hex("cpnmu", two));  // Three bytes.
    EXPECT_FALSE(decode_base32hex("co", two));
}

}  // namespace
}  // namespace nearcast::dns
