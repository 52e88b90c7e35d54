// SPDX-License-Identifier: Apache-2.0
//
// Sizes in whole units: lines of the cache, pages, references.

#pragma once

#include <cstddef>

namespace nearcast::zone {

// The least multiple of `unit` that is not below `size`.
[[nodiscard]] constexpr size_t round_up(size_t size, size_t unit) {
    return (size + unit - 1) / unit * unit;
}

}  // namespace nearcast::zone
