// SPDX-License-Identifier: Apache-2.0
//
// Numbers that nobody can guess, from the kernel. For message ids; not for keys.

#pragma once

#include <cstdint>

#include <unistd.h>

namespace nearcast::base {

// The kernel refuses it only where it has no such call (before 3.17): then the number is 1, and
// whoever asked still checks the source and the question of what comes back.
[[nodiscard]] inline uint16_t random_u16() {
    uint16_t value = 0;
    return ::getentropy(&value, sizeof value) == 0 ? value : uint16_t{1};
}

// For what others must not foresee, once: a seed.
[[nodiscard]] inline uint64_t random_u64() {
    uint64_t value = 1;
    return ::getentropy(&value, sizeof value) == 0 ? value : uint64_t{1};
}

}  // namespace nearcast::base
