// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <array>
#include <cstring>

#include "dns/ascii.h"
#include "dns/name.h"

namespace nearcast::dns {
namespace {

// Collects one label at a time and hands it to the name.
class LabelCollector {
 public:
    explicit LabelCollector(Name& name) : name_(name) {}

    [[nodiscard]] NameTextError add(std::string_view plain) {
        if (plain.size() > kLabelSizeMax - size_) return NameTextError::LabelTooLong;
        std::memcpy(label_.data() + size_, plain.data(), plain.size());
        size_ += plain.size();
        return NameTextError::None;
    }

    [[nodiscard]] NameTextError finish_label() {
        if (size_ == 0) return NameTextError::EmptyLabel;
        if (!name_.append({label_.data(), size_})) return NameTextError::NameTooLong;
        size_ = 0;
        return NameTextError::None;
    }

    [[nodiscard]] bool is_inside_a_label() const { return size_ > 0; }

 private:
    Name& name_;
    std::array<uint8_t, kLabelSizeMax> label_{};
    size_t size_ = 0;
};

NameTextError read_labels(std::string_view text, LabelCollector& labels) {
    size_t at = 0;
    while (at < text.size()) {
        NameTextError error = NameTextError::None;
        if (text[at] == '.') {
            error = labels.finish_label();
            ++at;
        } else if (text[at] == '\\') {
            uint8_t byte = 0;
            if (!read_escape(text, at, byte)) return NameTextError::BadEscape;
            const char character = static_cast<char>(byte);
            error = labels.add({&character, 1});
        } else {
            const size_t end = std::min(text.find_first_of(".\\", at), text.size());
            error = labels.add(text.substr(at, end - at));
            at = end;
        }
        if (error != NameTextError::None) return error;
    }
    return NameTextError::None;
}

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
    LabelCollector labels(name);
    const NameTextError error = read_labels(text, labels);
    if (error != NameTextError::None) return error;
    if (!labels.is_inside_a_label()) return NameTextError::None;  // It ended with a dot.

    const NameTextError last = labels.finish_label();
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
    return base::fail("\"" + std::string(text) + "\" " + describe(error), "www.example.org.");
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
