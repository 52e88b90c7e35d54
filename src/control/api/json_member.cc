// SPDX-License-Identifier: Apache-2.0

#include "control/api/json_member.h"

namespace nearcast::control_api {

using nlohmann::json;

const json& member(const json& object, const char* name) {
    static const json kNone;
    const auto found = object.find(name);
    return found == object.end() ? kNone : *found;
}

std::optional<bool> flag_of(const json& object, const char* name) {
    const json& value = member(object, name);
    if (value.is_boolean()) return value.get<bool>();
    return std::nullopt;
}

std::expected<void, std::string> check_types(const json& object,
                                             std::initializer_list<const char*> flags,
                                             std::initializer_list<const char*> texts) {
    for (const char* name : flags) {
        const json& value = member(object, name);
        if (value.is_null() || value.is_boolean()) continue;
        return std::unexpected("Key '" + std::string(name) + "' is not a Boolean");
    }
    for (const char* name : texts) {
        const json& value = member(object, name);
        if (value.is_null() || value.is_string()) continue;
        return std::unexpected("Key '" + std::string(name) + "' is not a String");
    }
    return {};
}

std::string in_capitals(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
    }
    return text;
}

}  // namespace nearcast::control_api
