// SPDX-License-Identifier: Apache-2.0
//
// Passwords of people, kept so that whoever reads the database learns none: argon2id (RFC 9106).
//
// Each check takes some 100 ms and 64 MiB on purpose; kAtOnceMax of them run at a time, and others
// wait. Any thread.

#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nearcast::control {

constexpr size_t kPasswordSizeMin = 12;
constexpr size_t kPasswordSizeMax = 256;
constexpr int kPasswordChecksAtOnceMax = 2;  // 128 MiB; doubled, twice as much.

// With its salt and costs, as the library's own text. Nothing without memory.
[[nodiscard]] std::optional<std::string> hash_password(std::string_view password);

// Takes as long for an empty `hash`, of a user that is not there, as for any other.
[[nodiscard]] bool is_password(const std::string& hash, std::string_view password);

}  // namespace nearcast::control
