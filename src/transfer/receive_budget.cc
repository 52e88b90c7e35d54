// SPDX-License-Identifier: Apache-2.0

#include "transfer/receive_budget.h"

#include <algorithm>

#include <unistd.h>

namespace nearcast::transfer {
namespace {

// Taken at a time, so that transfers do not meet at each record.
constexpr size_t kPiece = size_t{256} << 10;

}  // namespace

size_t ReceiveBudget::half_of_memory() {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_size = sysconf(_SC_PAGESIZE);
    return static_cast<size_t>(std::max(pages, 0L)) * static_cast<size_t>(std::max(page_size, 0L)) /
           2;
}

bool ReceiveShare::grow(size_t bytes) {
    used_ += bytes;
    if (budget_ == nullptr || used_ <= taken_) return true;
    const size_t wanted = std::max(used_ - taken_, std::min(kPiece, budget_->bytes_max_ / 16));
    if (budget_->used_.fetch_add(wanted) + wanted > budget_->bytes_max_) {
        budget_->used_.fetch_sub(wanted);
        return false;
    }
    taken_ += wanted;
    return true;
}

}  // namespace nearcast::transfer
