// SPDX-License-Identifier: Apache-2.0
//
// The outcome of an operation that the environment can make fail: a value, or what went wrong.
//
// An Error is a sentence for the operator. Each layer that passes it on puts what it was doing in
// front: "zone example.org: line 14: MX needs a preference and a host". Whoever handles it logs it.

#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace nearcast::base {

struct Error {
    std::string message;    // What, where. One line, no full stop.
    std::string hint = {};  // What to do about it; may be empty.
};

template <typename T>
using Result = std::expected<T, Error>;

[[nodiscard]] inline std::unexpected<Error> fail(std::string message, std::string hint = {}) {
    return std::unexpected(Error{std::move(message), std::move(hint)});
}

// Fails with `what` and the text of `error_number` (an errno value).
[[nodiscard]] std::unexpected<Error> fail_errno(std::string_view what, int error_number);

// Passes an error on with `context` in front of it.
[[nodiscard]] std::unexpected<Error> within(std::string_view context, Error error);

// The error as a person reads it: "message" or "message\n  try: hint".
[[nodiscard]] std::string to_text(const Error& error);

}  // namespace nearcast::base
