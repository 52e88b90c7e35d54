// SPDX-License-Identifier: Apache-2.0
//
// Cuts the text of a master file into pieces that can be read by themselves.

#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace nearcast::dns {

// Pieces of `size` bytes or a little more: each but the first begins with a line that seems to give
// an owner. Whether it does is not known before the piece in front of it has been read: it may lie
// within parentheses.
[[nodiscard]] std::vector<std::string_view> cut_zone_text(std::string_view text, size_t size);

}  // namespace nearcast::dns
