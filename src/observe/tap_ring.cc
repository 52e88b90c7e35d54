// SPDX-License-Identifier: Apache-2.0

#include "observe/tap_ring.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace nearcast::observe {
namespace {

// In front of each record: its size with this word, or kSkip where the ring begins again.
using SizeWord = uint64_t;
constexpr SizeWord kSkip = 0;
constexpr size_t kAlignment = sizeof(SizeWord);

size_t aligned(size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

TapRing::TapRing() : bytes_(static_cast<uint8_t*>(std::calloc(kSize, 1))) {
    if (!bytes_) std::abort();  // At start; as operator new would end it.
}

void TapRing::put(TapHead head, std::span<const uint8_t> query,
                  std::span<const uint8_t> response) noexcept {
    head.query_size = static_cast<uint32_t>(query.size());
    head.response_size = static_cast<uint32_t>(response.size());
    const size_t size = aligned(sizeof(SizeWord) + sizeof head + query.size() + response.size());
    uint64_t put = put_.load(std::memory_order_relaxed);
    const uint64_t taken = taken_.load(std::memory_order_acquire);
    const size_t to_end = kSize - put % kSize;
    const size_t skipped = size <= to_end ? 0 : to_end;
    if (put + skipped + size - taken > kSize) {
        dropped_.add();
        return;
    }
    if (skipped > 0) std::memcpy(&bytes_[put % kSize], &kSkip, sizeof kSkip);
    put += skipped;
    uint8_t* at = &bytes_[put % kSize];
    const SizeWord word = size;
    std::memcpy(at, &word, sizeof word);
    std::memcpy(at += sizeof word, &head, sizeof head);
    at = std::ranges::copy(query, at + sizeof head).out;
    std::ranges::copy(response, at);
    put_.store(put + size, std::memory_order_release);
}

std::optional<TapRecord> TapRing::front() noexcept {
    uint64_t taken = taken_.load(std::memory_order_relaxed);
    const uint64_t put = put_.load(std::memory_order_acquire);
    if (taken == put) return std::nullopt;
    SizeWord size = 0;
    std::memcpy(&size, &bytes_[taken % kSize], sizeof size);
    if (size == kSkip) {
        taken += kSize - taken % kSize;
        taken_.store(taken, std::memory_order_release);
        std::memcpy(&size, &bytes_[taken % kSize], sizeof size);
    }
    front_size_ = size;
    const uint8_t* const at = &bytes_[taken % kSize] + sizeof size;
    const auto* const head = reinterpret_cast<const TapHead*>(at);
    const std::span query(at + sizeof *head, head->query_size);
    return TapRecord{head, query, {query.data() + query.size(), head->response_size}};
}

void TapRing::pop() noexcept {
    assert(front_size_ > 0);
    taken_.store(taken_.load(std::memory_order_relaxed) + std::exchange(front_size_, 0),
                 std::memory_order_release);
}

}  // namespace nearcast::observe
