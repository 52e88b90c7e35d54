// SPDX-License-Identifier: Apache-2.0

#include "base/result.h"

#include <system_error>

namespace nearcast::base {

std::unexpected<Error> fail_errno(std::string_view what, int error_number) {
    return fail(std::string(what) + ": " + std::generic_category().message(error_number));
}

std::unexpected<Error> within(std::string_view context, Error error) {
    error.message.insert(0, std::string(context) + ": ");
    return std::unexpected(std::move(error));
}

std::string to_text(const Error& error) {
    return error.hint.empty() ? error.message : error.message + "\n  try: " + error.hint;
}

}  // namespace nearcast::base
