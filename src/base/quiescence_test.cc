// SPDX-License-Identifier: Apache-2.0

#include "base/quiescence.h"

#include <thread>

#include <gtest/gtest.h>

namespace nearcast::base {
namespace {

class QuiescenceTest : public testing::Test {
 protected:
    void retire() {
        domain_.retire([this] { ++freed_; });
    }

    Quiescence domain_;
    int freed_ = 0;
};

TEST_F(QuiescenceTest, FreesAtOnceWhenNobodyReads) {
    retire();
    EXPECT_EQ(freed_, 1);
}

TEST_F(QuiescenceTest, KeepsWhatAnOnlineReaderMayHold) {
    Quiescence::Reader reader(domain_);
    reader.online();
    retire();
    EXPECT_EQ(domain_.collect(), 1U);
    EXPECT_EQ(freed_, 0);
    reader.quiescent();
    EXPECT_EQ(domain_.collect(), 0U);
    EXPECT_EQ(freed_, 1);
}

TEST_F(QuiescenceTest, DoesNotWaitForAnOfflineReader) {
    Quiescence::Reader reader(domain_);
    reader.online();
    reader.offline();
    retire();
    EXPECT_EQ(freed_, 1);
}

TEST_F(QuiescenceTest, AReaderThatComesLaterDoesNotDelayFreeing) {
    Quiescence::Reader early(domain_);
    early.online();
    retire();
    Quiescence::Reader late(domain_);
    late.online();
    early.offline();
    EXPECT_EQ(domain_.collect(), 0U);
}

TEST_F(QuiescenceTest, ADepartedReaderDelaysNothing) {
    {
        Quiescence::Reader reader(domain_);
        reader.online();
    }
    retire();
    EXPECT_EQ(freed_, 1);
}

// Run under ThreadSanitizer: a reader never sees an object after it was freed.
TEST_F(QuiescenceTest, ReadersNeverSeeAFreedObject) {
    constexpr int kVersions = 5000;
    std::atomic<int*> current = new int(1);
    std::atomic<bool> is_done = false;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
        readers.emplace_back([&] {
            Quiescence::Reader reader(domain_);
            while (!is_done) {
                reader.online();
                for (int batch = 0; batch < 10; ++batch) {
                    ASSERT_GT(*current.load(std::memory_order_seq_cst), 0);
                    reader.quiescent();
                }
                reader.offline();
            }
        });
    }
    for (int n = 2; n < kVersions; ++n) {
        int* old = current.exchange(new int(n), std::memory_order_seq_cst);
        domain_.retire([old] {
            *old = 0;
            delete old;
        });
    }
    is_done = true;
    for (auto& reader : readers) reader.join();
    EXPECT_EQ(domain_.collect(), 0U);
    delete current.load();
}

}  // namespace
}  // namespace nearcast::base
