// SPDX-License-Identifier: Apache-2.0

#include "transfer/expire_option.h"

#include <vector>

#include <gtest/gtest.h>

#include "dns/message.h"

namespace nearcast::transfer {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes message_with(const dns::EdnsOption& option) {
    dns::QueryDraft draft;
    draft.options = {&option, 1};
    return dns::build_query(draft);
}

TEST(ExpireOption, IsReadWhereItHasFourBytes) {
    EXPECT_EQ(read_expire(Bytes{0, 9, 0, 4, 0, 1, 0, 0}), 65536U);
    EXPECT_EQ(read_expire(Bytes{0, 3, 0, 0, 0, 9, 0, 4, 0, 0, 0, 7}), 7U);
    EXPECT_FALSE(read_expire(Bytes{0, 9, 0, 0}));
    EXPECT_FALSE(read_expire(Bytes{0, 9, 0, 3, 0, 0, 0}));
    EXPECT_FALSE(read_expire(Bytes{}));
}

TEST(ExpireOption, IsAskedForEmpty) {
    EXPECT_TRUE(asks_for_expire(Bytes{0, 9, 0, 0}));
    EXPECT_FALSE(asks_for_expire(Bytes{0, 9, 0, 4, 0, 0, 0, 7}));
    EXPECT_FALSE(asks_for_expire(Bytes{0, 3, 0, 0}));
}

TEST(ExpireOption, IsFoundInAWholeMessage) {
    const Bytes data{0, 0, 1, 0};
    Bytes message = message_with({dns::kExpire, data});
    EXPECT_EQ(find_expire(message), 256U);
    EXPECT_FALSE(find_expire(message_with({dns::kNsid, data})));
    for (size_t size = 0; size < message.size(); ++size) {
        EXPECT_FALSE(find_expire(std::span(message).first(size))) << size;
    }
}

}  // namespace
}  // namespace nearcast::transfer
