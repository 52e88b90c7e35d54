// SPDX-License-Identifier: Apache-2.0

#include "lab/pop_node.h"

#include <array>

#include <gtest/gtest.h>

namespace nearcast::lab {
namespace {

const ProcessInfo kBird{.pid = 1, .name = "bird", .command = "bird -f -c bird.conf "};

TEST(HasNode, KnowsTheServerAndWhatBecomesIt) {
    for (const char* command : {"/usr/bin/nearcastd --config node.toml ",
                                "/usr/bin/nearcast node join --foreground https://10.0.0.1 ", ""}) {
        const std::array processes{kBird, ProcessInfo{.pid = 2, .name = "", .command = command}};
        EXPECT_TRUE(has_node(processes)) << command;
    }
}

TEST(HasNode, KnowsThatNoneIsLeft) {
    EXPECT_FALSE(has_node({}));
    EXPECT_FALSE(has_node(std::array{kBird}));
}

}  // namespace
}  // namespace nearcast::lab
