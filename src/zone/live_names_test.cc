// SPDX-License-Identifier: Apache-2.0

#include "zone/live_names.h"

#include <gtest/gtest.h>

namespace nearcast::zone {
namespace {

const dns::Name kOne = *dns::parse_name("one.example.");
const dns::Name kTwo = *dns::parse_name("two.example.");

TEST(LiveNames, AreSeenOnceTheyAreLookedAtAgain) {
    LiveNames names;
    LiveNames::Seen seen;
    EXPECT_TRUE(names.refresh(seen));
    EXPECT_TRUE(seen.names->empty());
    EXPECT_FALSE(names.refresh(seen));

    names.add(kOne);
    names.add(kTwo);
    EXPECT_TRUE(seen.names->empty());
    EXPECT_TRUE(names.refresh(seen));
    EXPECT_EQ(*seen.names, (LiveNames::List{kOne, kTwo}));

    names.remove(kOne);
    EXPECT_TRUE(names.refresh(seen));
    EXPECT_EQ(*seen.names, LiveNames::List{kTwo});
    EXPECT_TRUE(names.has(kTwo));
    EXPECT_FALSE(names.has(kOne));
}

TEST(LiveNames, ChangeNothingByWhatIsSoAlready) {
    LiveNames names;
    names.add(kOne);
    LiveNames::Seen seen;
    (void)names.refresh(seen);
    names.add(*dns::parse_name("ONE.example."));
    names.remove(kTwo);
    EXPECT_FALSE(names.refresh(seen));
}

}  // namespace
}  // namespace nearcast::zone
