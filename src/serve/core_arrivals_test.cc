// SPDX-License-Identifier: Apache-2.0

#include "serve/core_arrivals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nearcast::serve {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(CoreArrivals, ReadsTheCoreFromItsColumn) {
    EXPECT_THAT(
        parse_softnet_stat("0000000a 00000000 00000001 0 0 0 0 0 0 0 0 00000000 00000000 0 0\n"
                           "ffffffff 00000000 00000002 0 0 0 0 0 0 0 0 00000000 00000003 0 0\n"),
        ElementsAre(10, 0, 0, UINT32_MAX));
}

TEST(CoreArrivals, CountsLinesOfAnOlderKernel) {
    EXPECT_THAT(parse_softnet_stat("00000001 00000000 0\n00000002 00000000 0"), ElementsAre(1, 2));
}

TEST(CoreArrivals, TakesNothingFromWhatItDoesNotKnow) {
    EXPECT_THAT(parse_softnet_stat(""), IsEmpty());
    EXPECT_THAT(parse_softnet_stat("packets 00000000\n"), IsEmpty());
    EXPECT_THAT(parse_softnet_stat("1 0\n\n"), IsEmpty());
    EXPECT_THAT(parse_softnet_stat("1 1 1 1 1 1 1 1 1 1 1 1 ffffffff\n"), IsEmpty());
}

// This machine's own: it has received something, on a core that it has.
TEST(CoreArrivals, AreToldByThisKernel) {
    const CoreArrivals told = read_core_arrivals();
    uint64_t all = 0;
    for (const uint32_t each : told.by_core) all += each;
    EXPECT_GT(all, 0U);
}

}  // namespace
}  // namespace nearcast::serve
