// SPDX-License-Identifier: Apache-2.0

#include "console/json_text.h"

#include <array>
#include <ctime>

namespace nearcast::console {
namespace {

using nlohmann::json;

// "2026-11-26T01:02:03" is what of it is shown.
constexpr size_t kMomentSize = 19;

std::string to_text(const json& value) {
    if (value.is_string()) return value.get<std::string>();
    return value.is_number() || value.is_boolean() ? value.dump() : std::string();
}

}  // namespace

const json& member(const json& object, const char* name) {
    static const json kNone;
    if (!object.is_object()) return kNone;
    const auto found = object.find(name);
    return found == object.end() ? kNone : *found;
}

std::string text_of(const json& object, const char* name) { return to_text(member(object, name)); }

bool is_true(const json& object, const char* name) {
    const json& value = member(object, name);
    return value.is_boolean() && value.get<bool>();
}

std::optional<uint64_t> number_of(const json& object, const char* name) {
    const json& value = member(object, name);
    if (!value.is_number_unsigned()) return std::nullopt;
    return value.get<uint64_t>();
}

std::string list_text(const json& object, const char* name) {
    std::string text;
    for (const json& item : member(object, name)) {
        if (!text.empty()) text += ", ";
        text += to_text(item);
    }
    return text;
}

std::string moment_text(const json& object, const char* name) {
    if (const auto seconds = number_of(object, name)) {
        const auto time = static_cast<std::time_t>(*seconds);
        std::tm parts{};
        if (gmtime_r(&time, &parts) == nullptr) return {};
        std::array<char, 64> text{};
        return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts)};
    }
    std::string text = text_of(object, name).substr(0, kMomentSize);
    if (text.size() == kMomentSize && text[10] == 'T') text[10] = ' ';
    return text;
}

}  // namespace nearcast::console
