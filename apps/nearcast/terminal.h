// SPDX-License-Identifier: Apache-2.0
//
// The terminal that a person looks at, and the questions that are asked there.

#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace nearcast {

struct Terminal {
    bool is_one = false;       // Not a file or a pipe.
    size_t width = 0;          // In columns; 0: as wide as it takes.
    bool has_colours = false;  // And $NO_COLOR does not ask for none.
};

[[nodiscard]] Terminal terminal_of(int fd);

// Asks on standard error and reads a line of standard input; nothing at its end.
[[nodiscard]] std::optional<std::string> ask_person(const std::string& question);

// The same for what nobody is to see: on a terminal it is not shown while it is typed.
[[nodiscard]] std::optional<std::string> ask_secret(const std::string& question);

// Only "y" and "yes" are yes.
[[nodiscard]] bool is_agreed(const std::string& question);

// Writes text to standard output as it is.
void put(const std::string& text);

}  // namespace nearcast
