// SPDX-License-Identifier: Apache-2.0
//
// Memory for large arrays that follow each other, as in the steps of a load: what one has given
// back the next one gets. From the system it would come as fresh pages, which the kernel clears:
// with a million names a third of a start.

#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace nearcast::zone {

// Used by one thread.
class BlockStock {
 public:
    // Less than this comes from the heap.
    static constexpr size_t kSizeMin = size_t{1} << 20;

    BlockStock() = default;
    BlockStock(const BlockStock&) = delete;
    BlockStock& operator=(const BlockStock&) = delete;
    // Nothing is taken any more.
    ~BlockStock();

    // `size` bytes, in huge pages where the system has them. What was never written before is
    // address space alone. Where nothing that was given back will do, that goes to the system
    // first: so no more is held than without a stock, but for what a block is larger than it need
    // be. Null when the system grants no more.
    [[nodiscard]] void* take(size_t size);
    // False when it is no block of this stock.
    bool give_back(void* start) noexcept;

    // To the system, what is not taken.
    void release() noexcept;

    // Address space, for tests.
    [[nodiscard]] size_t size() const;

 private:
    struct Block {
        void* start = nullptr;
        size_t size = 0;
        bool is_taken = false;
    };
    std::vector<Block> blocks_;
};

// Keeps its stock alive; without one, all comes from the heap. New elements of trivial types are
// not written.
template <typename T>
struct StockAllocator {
    using value_type = T;
    using propagate_on_container_copy_assignment = std::true_type;
    using propagate_on_container_move_assignment = std::true_type;
    using propagate_on_container_swap = std::true_type;

    explicit(false) StockAllocator(std::shared_ptr<BlockStock> from) : stock(std::move(from)) {}
    template <typename U>
    explicit(false) StockAllocator(const StockAllocator<U>& other) : stock(other.stock) {}
    // Copied also where it would be moved: a container that was moved from still has its own.
    StockAllocator(const StockAllocator&) = default;
    StockAllocator& operator=(const StockAllocator&) = default;
    ~StockAllocator() = default;

    [[nodiscard]] T* allocate(size_t count) {
        const size_t size = count * sizeof(T);
        void* const block = is_for_stock(count) ? stock->take(size) : nullptr;
        return static_cast<T*>(block != nullptr ? block : ::operator new(size));
    }
    void deallocate(T* items, size_t count) noexcept {
        if (!is_for_stock(count) || !stock->give_back(items)) ::operator delete(items);
    }
    [[nodiscard]] bool is_for_stock(size_t count) const {
        return stock != nullptr && count * sizeof(T) >= BlockStock::kSizeMin;
    }
    template <typename U>
    void construct(U* at) noexcept(std::is_nothrow_default_constructible_v<U>) {
        ::new (static_cast<void*>(at)) U;
    }
    template <typename U, typename... Arguments>
    void construct(U* at, Arguments&&... arguments) {
        std::construct_at(at, std::forward<Arguments>(arguments)...);
    }
    bool operator==(const StockAllocator&) const = default;

    std::shared_ptr<BlockStock> stock;
};

template <typename T>
using StockVector = std::vector<T, StockAllocator<T>>;
using StockString = std::basic_string<char, std::char_traits<char>, StockAllocator<char>>;

}  // namespace nearcast::zone
