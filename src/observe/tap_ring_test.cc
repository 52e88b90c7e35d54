// SPDX-License-Identifier: Apache-2.0

#include "observe/tap_ring.h"

#include <algorithm>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::observe {
namespace {

std::vector<uint8_t> bytes(size_t size, uint8_t value) { return std::vector(size, value); }

TEST(TapRing, GivesBackWhatWasPutInItsOrder) {
    TapRing ring;
    EXPECT_FALSE(ring.front());
    ring.put({.query_time = std::chrono::nanoseconds(7)}, bytes(12, 1), bytes(30, 2));
    ring.put({.query_time = std::chrono::nanoseconds(8)}, bytes(13, 3), {});
    const auto first = ring.front();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->head->query_time.count(), 7);
    EXPECT_TRUE(std::ranges::equal(first->query, bytes(12, 1)));
    EXPECT_TRUE(std::ranges::equal(first->response, bytes(30, 2)));
    ring.pop();
    const auto second = ring.front();
    ASSERT_TRUE(second);
    EXPECT_TRUE(std::ranges::equal(second->query, bytes(13, 3)));
    EXPECT_TRUE(second->response.empty());
    ring.pop();
    EXPECT_FALSE(ring.front());
}

TEST(TapRing, DropsAndCountsWhatFindsNoRoom) {
    TapRing ring;
    const auto query = bytes(1000, 1);
    size_t kept = 0;
    while (ring.dropped() == 0) {
        ring.put({}, query, {});
        ++kept;
    }
    EXPECT_GT(kept, TapRing::kSize / 1200);
    ASSERT_TRUE(ring.front());
    ring.pop();
    ASSERT_TRUE(ring.front());
    ring.pop();
    ring.put({}, query, {});
    EXPECT_EQ(ring.dropped(), 1U);
}

// Runs clean under ThreadSanitizer.
TEST(TapRing, CarriesEverySizeFromThreadToThread) {
    constexpr size_t kCount = 20'000;
    TapRing ring;
    std::thread producer([&ring] {
        for (size_t i = 0; i < kCount; ++i) {
            const size_t size = i * 7919 % 9000;
            ring.put({.query_time = std::chrono::nanoseconds(i)},
                     bytes(size, static_cast<uint8_t>(i)), bytes(size % 11, 9));
        }
        ring.put({.query_time = std::chrono::nanoseconds(-1)}, {}, {});
    });
    size_t seen = 0;
    size_t wrong = 0;
    int64_t last = -1;
    for (bool is_over = false; !is_over;) {
        const auto record = ring.front();
        if (!record) continue;
        const int64_t number = record->head->query_time.count();
        is_over = number == -1 || number == static_cast<int64_t>(kCount) - 1;
        if (number >= 0) {
            const auto size = static_cast<size_t>(number) * 7919 % 9000;
            const bool is_right = number > last && record->query.size() == size &&
                                  record->response.size() == size % 11 &&
                                  std::ranges::all_of(record->query, [number](uint8_t byte) {
                                      return byte == static_cast<uint8_t>(number);
                                  });
            wrong += !is_right;
            last = number;
            ++seen;
        }
        ring.pop();
        // The producer may have dropped the last ones: it is done when nothing else comes.
        if (seen + ring.dropped() >= kCount) is_over = true;
    }
    producer.join();
    EXPECT_GT(seen, 0U);
    EXPECT_EQ(wrong, 0U);
}

}  // namespace
}  // namespace nearcast::observe
