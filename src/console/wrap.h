// SPDX-License-Identifier: Apache-2.0
//
// Text in lines that a terminal does not break within words.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nearcast::console {

// What is too long goes on in the next line, below where its last column begins: behind a gap of
// two spaces or more, or where the line itself does. Words that are longer than a line stay whole.
// With a width of 0 all stays as it is. A width counts characters.
[[nodiscard]] std::string wrapped(std::string_view text, size_t width);

}  // namespace nearcast::console
