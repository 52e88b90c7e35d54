// SPDX-License-Identifier: Apache-2.0
//
// Members of JSON objects as text, whatever they are: what comes from elsewhere may be anything.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace nearcast::console {

// A member; null when it is not there, or `object` is none.
[[nodiscard]] const nlohmann::json& member(const nlohmann::json& object, const char* name);

// A string itself, a number and a truth as JSON writes them; empty for anything else.
[[nodiscard]] std::string text_of(const nlohmann::json& object, const char* name);
[[nodiscard]] bool is_true(const nlohmann::json& object, const char* name);
[[nodiscard]] std::optional<uint64_t> number_of(const nlohmann::json& object, const char* name);

// The items of a list with a comma between them.
[[nodiscard]] std::string list_text(const nlohmann::json& object, const char* name);

// A moment as the API tells it, to the second: "2026-11-26 01:02:03". Seconds since 1970 too.
[[nodiscard]] std::string moment_text(const nlohmann::json& object, const char* name);

}  // namespace nearcast::console
