// SPDX-License-Identifier: Apache-2.0
//
// A large block of memory of which only the pages that were used cost anything.
//
// Buffers for the worst case (a thousand connections with the largest message each) are reserved at
// start, so that nothing is allocated later, and yet an idle server stays small.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace nearcast::serve {

class LazyMemory {
 public:
    LazyMemory() = default;
    LazyMemory(LazyMemory&& other) noexcept;
    LazyMemory& operator=(LazyMemory&& other) noexcept;
    LazyMemory(const LazyMemory&) = delete;
    LazyMemory& operator=(const LazyMemory&) = delete;
    ~LazyMemory();

    // Reserves `size` bytes, zero until written.
    [[nodiscard]] static base::Result<LazyMemory> reserve(size_t size);

    [[nodiscard]] std::span<uint8_t> bytes() const { return bytes_; }

    // Gives the whole pages inside `unused`, a part of bytes(), back to the system. They read as
    // zero afterwards.
    void give_back(std::span<uint8_t> unused) const;

 private:
    explicit LazyMemory(std::span<uint8_t> bytes) : bytes_(bytes) {}

    std::span<uint8_t> bytes_;
};

}  // namespace nearcast::serve
