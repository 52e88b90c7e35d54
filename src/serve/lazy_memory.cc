// SPDX-License-Identifier: Apache-2.0

#include "serve/lazy_memory.h"

#include <cassert>
#include <cerrno>
#include <utility>

#include <sys/mman.h>
#include <unistd.h>

namespace nearcast::serve {
namespace {

uintptr_t page_size() {
    static const auto size = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    return size;
}

}  // namespace

LazyMemory::LazyMemory(LazyMemory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

LazyMemory& LazyMemory::operator=(LazyMemory&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
}

LazyMemory::~LazyMemory() {
    if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

base::Result<LazyMemory> LazyMemory::reserve(size_t size) {
    void* block = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (block == MAP_FAILED) return base::fail_errno("reserve memory for buffers", errno);
    // A huge page would make the first byte cost 2 MiB.
    madvise(block, size, MADV_NOHUGEPAGE);
    return LazyMemory({static_cast<uint8_t*>(block), size});
}

void LazyMemory::give_back(std::span<uint8_t> unused) const {
    assert(unused.data() >= bytes_.data());
    assert(unused.data() + unused.size() <= bytes_.data() + bytes_.size());
    const uintptr_t within_page = page_size() - 1;
    const auto first = (reinterpret_cast<uintptr_t>(unused.data()) + within_page) & ~within_page;
    const auto last = reinterpret_cast<uintptr_t>(unused.data() + unused.size()) & ~within_page;
    // NOLINTNEXTLINE(performance-no-int-to-ptr): rounded to a page inside the same block.
    if (first < last) madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace nearcast::serve
