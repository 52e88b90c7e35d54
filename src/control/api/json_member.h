// SPDX-License-Identifier: Apache-2.0
//
// Members of the objects that clients of PowerDNS send: null is the same as absent, and whoever
// sends "true" for true means something by it, so it is refused and not left out.

#pragma once

#include <expected>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// The member, or null.
[[nodiscard]] const nlohmann::json& member(const nlohmann::json& object, const char* name);

// What `read` makes of the member; null leaves `value` as it is. Fails as `read` does.
template <typename T, typename Error>
[[nodiscard]] std::expected<void, Error> read_member(
    const nlohmann::json& object, const char* name,
    std::expected<T, Error> (*read)(const nlohmann::json&), std::optional<T>& value) {
    const nlohmann::json& found = member(object, name);
    if (found.is_null()) return {};
    auto done = read(found);
    if (!done) return std::unexpected(std::move(done.error()));
    value = *std::move(done);
    return {};
}

// Nothing when it is not there, or no Boolean.
[[nodiscard]] std::optional<bool> flag_of(const nlohmann::json& object, const char* name);

// Fails with a sentence when one of them is there and of another type.
[[nodiscard]] std::expected<void, std::string> check_types(
    const nlohmann::json& object, std::initializer_list<const char*> flags,
    std::initializer_list<const char*> texts);

[[nodiscard]] std::string in_capitals(std::string text);

}  // namespace nearcast::control_api
