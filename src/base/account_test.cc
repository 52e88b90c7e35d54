// SPDX-License-Identifier: Apache-2.0

#include "base/account.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace nearcast::base {
namespace {

TEST(FindAccount, KnowsRoot) {
    const auto root = find_account("root");
    ASSERT_TRUE(root);
    EXPECT_EQ(root->name, "root");
    EXPECT_EQ(root->uid, 0U);
    EXPECT_EQ(root->gid, 0U);
}

TEST(OwnAccount, IsTheOneOfThisProgram) {
    const Account own = own_account();
    EXPECT_EQ(own.uid, ::geteuid());
    const auto by_name = find_account(own.name);
    if (by_name) {
        EXPECT_EQ(by_name->gid, own.gid);
    }
}

TEST(FindAccount, TellsHowToAddOneThatIsNotThere) {
    const auto none = find_account("no-such-user");
    ASSERT_FALSE(none);
    EXPECT_EQ(to_text(none.error()),
              "there is no user no-such-user\n  try: adduser --system --group --no-create-home "
              "no-such-user");
}

}  // namespace
}  // namespace nearcast::base
