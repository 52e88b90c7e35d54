// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>

#include "dns/ascii.h"
#include "dns/name.h"
#include "dns/token.h"

namespace nearcast::dns {

// Writes labels straight into the name: zone files are made of names, and this is what reads them.
class NameTextReader {
 public:
    explicit NameTextReader(Name& name) : name_(name) {}

    // Reads labels up to the end of `text`. Afterwards is_absolute() tells whether a dot ended it.
    [[nodiscard]] NameTextError read(std::string_view text) {
        for (size_t at = 0; at < text.size();) {
            const char character = text[at];
            if (character == '.') {
                const NameTextError error = finish_label();
                if (error != NameTextError::None) return error;
                ++at;
                continue;
            }
            auto byte = static_cast<uint8_t>(character);
            if (character != '\\') {
                ++at;
            } else if (!read_escape(text, at, byte)) {
                return NameTextError::BadEscape;
            }
            if (end_ >= kNameSizeMax - 1) return too_long();  // The root needs a place.
            name_.bytes_[end_++] = byte;
        }
        return NameTextError::None;
    }

    [[nodiscard]] bool is_absolute() const { return end_ == start_ + 1; }

    // Ends the label at hand and begins another.
    [[nodiscard]] NameTextError finish_label() {
        const size_t size = end_ - start_ - 1;
        if (size == 0) return NameTextError::EmptyLabel;
        if (size > kLabelSizeMax) return NameTextError::LabelTooLong;
        assert(end_ < kNameSizeMax);
        name_.bytes_[start_] = static_cast<uint8_t>(size);
        name_.bytes_[end_] = 0;
        name_.size_ = static_cast<uint8_t>(end_ + 1);
        start_ = end_++;
        return NameTextError::None;
    }

 private:
    [[nodiscard]] NameTextError too_long() const {
        return end_ - start_ - 1 >= kLabelSizeMax ? NameTextError::LabelTooLong
                                                  : NameTextError::NameTooLong;
    }

    Name& name_;
    size_t start_ = 0;  // Where the length of the label at hand will stand.
    size_t end_ = 1;    // Behind its last byte.
};

namespace {

void append_byte_text(uint8_t byte, std::string& text) {
    const char character = static_cast<char>(byte);
    if (byte <= ' ' || byte >= 0x7F) {
        text += '\\';
        text += static_cast<char>('0' + byte / 100);
        text += static_cast<char>('0' + byte / 10 % 10);
        text += static_cast<char>('0' + byte % 10);
        return;
    }
    if (std::string_view("\".;\\@()$").find(character) != std::string_view::npos) text += '\\';
    text += character;
}

}  // namespace

bool read_escape(std::string_view text, size_t& at, uint8_t& byte) noexcept {
    if (at + 1 >= text.size()) return false;
    const auto digit = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
    if (!is_digit(digit(at + 1))) {
        byte = digit(at + 1);
        at += 2;
        return true;
    }
    if (at + 3 >= text.size() || !is_digit(digit(at + 2)) || !is_digit(digit(at + 3))) return false;
    const int value =
        (digit(at + 1) - '0') * 100 + (digit(at + 2) - '0') * 10 + digit(at + 3) - '0';
    if (value > 255) return false;
    byte = static_cast<uint8_t>(value);
    at += 4;
    return true;
}

NameTextError read_name_text(std::string_view text, const Name* origin, Name& name) noexcept {
    if (text.empty()) return NameTextError::Empty;
    name.clear();
    if (text == ".") return NameTextError::None;
    if (text == "@") {
        if (origin == nullptr) return NameTextError::NoOrigin;
        name = *origin;
        return NameTextError::None;
    }
    NameTextReader reader(name);
    const NameTextError error = reader.read(text);
    if (error != NameTextError::None) return error;
    if (reader.is_absolute()) return NameTextError::None;

    const NameTextError last = reader.finish_label();
    if (last != NameTextError::None) return last;
    if (origin == nullptr) return NameTextError::NoOrigin;
    return name.append(*origin) ? NameTextError::None : NameTextError::NameTooLong;
}

const char* describe(NameTextError error) {
    switch (error) {
        case NameTextError::None:
            return "is a name";
        case NameTextError::Empty:
            return "is no name: it is empty";
        case NameTextError::EmptyLabel:
            return "has an empty label (a dot too many)";
        case NameTextError::LabelTooLong:
            return "has a label of more than 63 bytes";
        case NameTextError::NameTooLong:
            return "is longer than 255 bytes";
        case NameTextError::BadEscape:
            return "has a bad escape: write \\DDD, 000 to 255, or \\X";
        case NameTextError::NoOrigin:
            return "is relative, and there is no origin: end it with a dot";
    }
    return "is no name";
}

base::Result<Name> parse_name(std::string_view text, const Name* origin) {
    Name name;
    const NameTextError error = read_name_text(text, origin, name);
    if (error == NameTextError::None) return name;
    return base::fail(quote(text) + ' ' + describe(error), "www.example.org.");
}

std::string to_text(const Name& name) { return to_text(name.wire()); }

std::string to_text(std::span<const uint8_t> wire) {
    std::string text;
    append_text(wire, text);
    return text;
}

void append_text(std::span<const uint8_t> wire, std::string& text) {
    if (wire.size() <= 1) {
        text += '.';
        return;
    }
    for (size_t at = 0; wire[at] != 0; at += wire[at] + 1U) {
        for (const uint8_t byte : wire.subspan(at + 1, wire[at])) append_byte_text(byte, text);
        text += '.';
    }
}

}  // namespace nearcast::dns
