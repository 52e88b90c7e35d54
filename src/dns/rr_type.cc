// SPDX-License-Identifier: Apache-2.0

#include "dns/rr_type.h"

#include <array>
#include <charconv>
#include <span>

#include "dns/ascii.h"
#include "dns/rr_layout.h"

namespace nearcast::dns {
namespace {

constexpr size_t kMnemonicSizeMax = 16;  // Longer words are no type: the longest known has ten.

// Spreads mnemonics over a small table; case does not matter to it, nor do digits much.
constexpr size_t hash_of(std::string_view word) {
    size_t hash = word.size();
    for (const char character : word) hash = hash * 33 + (static_cast<uint8_t>(character) | 0x20U);
    return hash ^ hash >> 7;
}

bool is_same_word(std::string_view a, std::string_view b) {
    const auto bytes = [](std::string_view text) {
        return std::span(reinterpret_cast<const uint8_t*>(text.data()), text.size());
    };
    return equal_ignoring_case(bytes(a), bytes(b));
}

// Open addressing with at least half the places free, so that a word that is no type, such as an
// owner's name or a TTL, is told apart after a step or two.
class MnemonicTable {
 public:
    MnemonicTable() {
        for (const RRLayout& row : rr_layouts()) {
            size_t at = hash_of(row.mnemonic) % kSize;
            while (rows_[at] != nullptr) at = (at + 1) % kSize;
            rows_[at] = &row;
        }
    }

    [[nodiscard]] const RRLayout* find(std::string_view word) const {
        size_t at = hash_of(word) % kSize;
        for (; rows_[at] != nullptr; at = (at + 1) % kSize) {
            if (is_same_word(word, rows_[at]->mnemonic)) return rows_[at];
        }
        return nullptr;
    }

 private:
    static constexpr size_t kSize = 256;
    std::array<const RRLayout*, kSize> rows_{};
};

// "TYPE" or "CLASS" and a number of 16 bits (RFC 3597 §5).
std::optional<uint16_t> parse_generic(std::string_view text, std::string_view prefix) {
    if (text.size() <= prefix.size() || !is_same_word(text.substr(0, prefix.size()), prefix)) {
        return std::nullopt;
    }
    uint16_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + prefix.size(), end, number);
    if (error != std::errc() || stopped != end) return std::nullopt;
    return number;
}

struct ClassMnemonic {
    RRClass rr_class;
    std::string_view mnemonic;
};
constexpr std::array<ClassMnemonic, 5> kClasses{{{RRClass::IN, "IN"},
                                                 {RRClass::CH, "CH"},
                                                 {RRClass::HS, "HS"},
                                                 {RRClass::NONE, "NONE"},
                                                 {RRClass::ANY, "ANY"}}};

}  // namespace

std::string to_text(RRType type) {
    std::string text;
    append_text(type, text);
    return text;
}

void append_text(RRType type, std::string& text) {
    const RRLayout& layout = rr_layout(type);
    if (layout.mnemonic != nullptr) {
        text += layout.mnemonic;
    } else {
        text += "TYPE" + std::to_string(static_cast<uint16_t>(type));
    }
}

std::string to_text(RRClass rr_class) {
    for (const ClassMnemonic& known : kClasses) {
        if (known.rr_class == rr_class) return std::string(known.mnemonic);
    }
    return "CLASS" + std::to_string(static_cast<uint16_t>(rr_class));
}

std::optional<RRType> parse_rr_type(std::string_view text) noexcept {
    static const MnemonicTable table;
    if (text.size() > kMnemonicSizeMax) return std::nullopt;
    if (const RRLayout* row = table.find(text)) return row->type;
    if (const auto number = parse_generic(text, "TYPE")) return static_cast<RRType>(*number);
    return std::nullopt;
}

std::optional<RRClass> parse_rr_class(std::string_view text) noexcept {
    for (const ClassMnemonic& known : kClasses) {
        if (is_same_word(text, known.mnemonic)) return known.rr_class;
    }
    if (const auto number = parse_generic(text, "CLASS")) return static_cast<RRClass>(*number);
    return std::nullopt;
}

}  // namespace nearcast::dns
