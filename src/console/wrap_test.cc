// SPDX-License-Identifier: Apache-2.0

#include "console/wrap.h"

#include <gtest/gtest.h>

namespace nearcast::console {
namespace {

TEST(Wrapped, BreaksBetweenWords) {
    EXPECT_EQ(wrapped("Make a zone, and more\nshort\n\n", 10),
              "Make a\nzone, and\nmore\nshort\n\n");
    EXPECT_EQ(wrapped("a b", 3), "a b");
    EXPECT_EQ(wrapped("", 10), "");
}

TEST(Wrapped, GoesOnBelowTheColumn) {
    EXPECT_EQ(wrapped("  list      The zones that there are\n  add       One\n", 24),
              "  list      The zones\n"
              "            that there\n"
              "            are\n"
              "  add       One\n");
    EXPECT_EQ(wrapped("      below it all that is long", 20),
              "      below it all\n      that is long");
}

TEST(Wrapped, CountsCharacters) {
    EXPECT_EQ(wrapped("\xC3\xA4\xC3\xB6\xC3\xBC x", 5), "\xC3\xA4\xC3\xB6\xC3\xBC x");
    EXPECT_EQ(wrapped("A, MX, \xE2\x80\xA6 x", 7), "A, MX,\n\xE2\x80\xA6 x");
}

TEST(Wrapped, LeavesWhatCannotBeBroken) {
    EXPECT_EQ(wrapped("averylongword b", 5), "averylongword\nb");
    EXPECT_EQ(wrapped("a                    long way", 10), "a                    long way");
    EXPECT_EQ(wrapped("as long as it takes", 0), "as long as it takes");
}

}  // namespace
}  // namespace nearcast::console
