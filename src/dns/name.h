// SPDX-License-Identifier: Apache-2.0
//
// Domain names: length-prefixed labels that end with the root (RFC 1035 §3.1), any byte in a label.
//
// A Name owns its bytes in place, so that making one on the path of a query allocates nothing, and
// it is a legal name at every moment: one begins as the root and grows in front of it. Letter case
// is kept; comparing ignores it (RFC 4343). Text is the master-file form with its escapes (§5.1).

#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dns/wire_reader.h"

namespace nearcast::dns {

constexpr size_t kNameSizeMax = 255;    // RFC 1035 §2.3.4, all length bytes and the root included.
constexpr size_t kLabelSizeMax = 63;    // The same place; the two top bits mark a pointer.
constexpr size_t kLabelCountMax = 127;  // The root not counted: each takes two bytes or more.

enum class NameError : uint8_t {
    None,
    Truncated,     // The message ends inside the name.
    TooLong,       // More than kNameSizeMax bytes once expanded.
    BadLabelType,  // The two top bits are neither 00 nor 11.
    BadPointer,    // A compression pointer that does not go backwards.
};

// Where the labels of a name begin, from its first byte on; the root behind the last counts as one.
struct LabelStarts {
    std::array<uint8_t, kLabelCountMax + 1> at;
    uint8_t count = 0;  // Of `at`, without the root, which is there all the same.
};

class Name {
 public:
    // The root.
    Name() = default;

    // The name whose complete wire form, without compression, is `wire`; nothing may follow it.
    [[nodiscard]] static std::optional<Name> from_wire(std::span<const uint8_t> wire) noexcept;

    [[nodiscard]] std::span<const uint8_t> wire() const { return {bytes_.data(), size_}; }
    [[nodiscard]] bool is_root() const { return size_ == 1; }
    // The first label is an asterisk (RFC 4592 §2.1.1).
    [[nodiscard]] bool is_wildcard() const { return bytes_[0] == 1 && bytes_[1] == '*'; }
    // Without the root: www.example.org. has three.
    [[nodiscard]] size_t label_count() const;

    // Back to the root.
    void clear();

    // Adds a label at the end, just above the root: "www", then "example". Returns false, and
    // changes nothing, when the label is empty or too long or the name would be.
    [[nodiscard]] bool append(std::span<const uint8_t> label);
    [[nodiscard]] bool append(std::string_view label);

    // Puts `suffix` above all labels: www + example.org. False, and no change, when too long.
    [[nodiscard]] bool append(const Name& suffix);

    // One label less. The parent of the root is the root.
    [[nodiscard]] Name parent() const;

    // The same name with its letters in lower case.
    [[nodiscard]] Name lowered() const;

    // Whether it is `ancestor` or lies below it.
    [[nodiscard]] bool is_subdomain_of(const Name& ancestor) const;

    friend bool operator==(const Name& a, const Name& b);
    friend NameError read_name(WireReader& reader, Name& name) noexcept;
    friend class NameTextReader;

 private:
    std::array<uint8_t, kNameSizeMax> bytes_{};
    uint8_t size_ = 1;
};

// Reads a name at the reader's position, following compression pointers (RFC 1035 §4.1.4), and
// leaves the reader after it. On error the reader has not moved and `name` is the root.
[[nodiscard]] NameError read_name(WireReader& reader, Name& name) noexcept;

// How many bytes the uncompressed name at the start of `bytes` takes; 0 if none is there.
[[nodiscard]] size_t name_size(std::span<const uint8_t> bytes) noexcept;

// The same, telling its labels; these mean nothing when there is no name.
[[nodiscard]] size_t find_labels(std::span<const uint8_t> bytes, LabelStarts& labels) noexcept;

// The canonical order of RFC 4034 §6.1: by labels from the root down, letters folded. Both are
// complete names without compression.
[[nodiscard]] std::strong_ordering canonical_order(std::span<const uint8_t> a,
                                                   std::span<const uint8_t> b) noexcept;

enum class NameTextError : uint8_t {
    None,
    Empty,         // No text.
    EmptyLabel,    // Two dots in a row, or one at the start.
    LabelTooLong,  // More than kLabelSizeMax bytes.
    NameTooLong,   // More than kNameSizeMax bytes, the origin included.
    BadEscape,     // A backslash at the end, or before digits that are no byte.
    NoOrigin,      // A relative name where nothing says to what.
};

// Reads the master-file form into `name`: "@" is the origin, a name without a final dot is put in
// front of it. With no origin a name must be absolute. On error `name` is unspecified.
[[nodiscard]] NameTextError read_name_text(std::string_view text, const Name* origin,
                                           Name& name) noexcept;

// What is wrong, in the user's words: "has a label of more than 63 bytes".
[[nodiscard]] const char* describe(NameTextError error);

// The same, for those who want a sentence on failure.
[[nodiscard]] base::Result<Name> parse_name(std::string_view text, const Name* origin = nullptr);

// Reads the byte that an escape at text[at] (a backslash) stands for and moves `at` past it: \DDD
// in decimal, or any other character as itself. False when it is not an escape.
[[nodiscard]] bool read_escape(std::string_view text, size_t& at, uint8_t& byte) noexcept;

// The bytes of the name in lower case: what names are told apart by in maps of the library.
[[nodiscard]] std::string key_of(const Name& name);

// Always absolute; what a master file would read otherwise is escaped.
[[nodiscard]] std::string to_text(const Name& name);
[[nodiscard]] std::string to_text(std::span<const uint8_t> wire);
void append_text(std::span<const uint8_t> wire, std::string& text);

}  // namespace nearcast::dns
