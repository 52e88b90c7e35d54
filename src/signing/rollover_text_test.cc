// SPDX-License-Identifier: Apache-2.0

#include "signing/rollover_text.h"

#include <gtest/gtest.h>

namespace nearcast::signing {
namespace {

RolloverState some_state() {
    RolloverPolicy policy;
    RolloverState state = unsigned_state(policy);
    Rollover rollover(state, policy);
    rollover.observe({.sets = {{{0, 8}}, {}}, .ttl = 60, .is_complete = true}, 1000);
    rollover.add_key({.ref = {1, 13}, .role = KeyRole::Csk, .added_at = 1000});
    (void)rollover.advance(1000);
    rollover.published(1001);
    policy.is_split = true;
    policy.propagation = 3600;
    rollover.add_key({.ref = {2, 13}, .role = KeyRole::Ksk, .added_at = 2000});
    rollover.add_key({.ref = {3, 13}, .role = KeyRole::Zsk, .added_at = 2000});
    (void)rollover.advance(30 * 86400);
    return state;
}

TEST(RolloverText, IsReadAsItWasWritten) {
    const std::string text = to_text(some_state());
    const auto read = parse_rollover(text);
    ASSERT_TRUE(read) << read.error().message << "\n" << text;
    EXPECT_EQ(to_text(*read), text);
    EXPECT_EQ(read->keys.size(), 3U);
    EXPECT_EQ(read->dnskeys(), some_state().dnskeys());
    EXPECT_EQ(read->asked, some_state().asked);
    EXPECT_TRUE(read->decided_at);
    EXPECT_EQ(read->reach, 3600);
    EXPECT_EQ(read->reached_until, some_state().reached_until);
    EXPECT_TRUE(read->reached_until);
}

TEST(RolloverText, IsRefusedWhenItIsCutOrChanged) {
    const std::string text = to_text(some_state());
    EXPECT_FALSE(parse_rollover(""));
    EXPECT_FALSE(parse_rollover("form 2\n" + text.substr(7)));
    EXPECT_FALSE(parse_rollover("form 1\n"));
    EXPECT_FALSE(parse_rollover(text + "more 1\n"));
    EXPECT_FALSE(parse_rollover(text + "key 1/13 esk 1 1\n"));
    EXPECT_FALSE(parse_rollover(text + "key 1/13 csk x 1\n"));
    EXPECT_FALSE(parse_rollover(text + "ds - - - 60 2/13,1/13\n"));
    EXPECT_FALSE(parse_rollover(text + "ds - - - 60 -\t\n"));
    EXPECT_FALSE(parse_rollover(text + "asked 1/13 2/13\n"));
}

}  // namespace
}  // namespace nearcast::signing
