// SPDX-License-Identifier: Apache-2.0
//
// What a key is good for, as JSON: the members that all kinds of keys have.

#pragma once

#include <span>
#include <string_view>

#include "control/api/reply.h"
#include "control/api/zone_json.h"
#include "control/key_scope.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// Only limits, and those `others`: one that is misspelled would be none.
[[nodiscard]] Read<void> check_members(const nlohmann::json& body,
                                       std::span<const std::string_view> others);
// The scope with what the body says in its place. An end that is over by `now` is refused, unless
// it is the one that the scope has.
[[nodiscard]] Read<control::KeyScope> read_scope(const nlohmann::json& body,
                                                 control::KeyScope scope, control::Timestamp now);
[[nodiscard]] nlohmann::json limits_json(const control::KeyScope& scope);

[[nodiscard]] int64_t seconds_of(control::Timestamp time);

// Who is limited himself may not make keys: they could do more than he may.
[[nodiscard]] bool may_keep_keys(const control::KeyScope& scope);
// 403, for who is.
[[nodiscard]] Response limited();

}  // namespace nearcast::control_api
