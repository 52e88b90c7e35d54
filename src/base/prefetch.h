// SPDX-License-Identifier: Apache-2.0
//
// Asks for a cache line that will be read soon, so that others can be asked for in the meantime.

#pragma once

namespace nearcast::base {

// The line that `place` is in; any address will do.
inline void prefetch(const void* place) {
    __builtin_prefetch(place);
    // GCC takes a function that does nothing else for one without effect, and drops calls of it.
    asm volatile("" : : "r"(place));
}

}  // namespace nearcast::base
