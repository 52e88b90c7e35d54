// SPDX-License-Identifier: Apache-2.0

#include "observe/tap_config.h"

#include <gtest/gtest.h>

namespace nearcast::observe {
namespace {

std::string error_of(const std::string& text) {
    const auto config = parse_tap_config(text, "node.toml");
    return config ? "no error" : to_text(config.error());
}

TEST(TapConfig, IsOffUnlessThereIsSomewhereToSend) {
    const auto absent = parse_tap_config("[node]\nname = \"x\"\n", "node.toml");
    ASSERT_TRUE(absent);
    EXPECT_FALSE(absent->is_on());
    const auto given = parse_tap_config(
        "[dnstap]\nsocket = \"/run/tap\"\nsample = 100\nresponses = false\n", "node.toml");
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_TRUE(given->is_on());
    EXPECT_EQ(given->sample, 100U);
    EXPECT_TRUE(given->has_queries);
    EXPECT_FALSE(given->has_responses);
}

TEST(TapConfig, SaysWhatIsWrong) {
    EXPECT_EQ(error_of("[dnstap]\nsocket = \"a\"\nfile = \"b\"\n"),
              "node.toml:3: file: and socket are both there\n  try: keep one of the two");
    EXPECT_EQ(error_of("[dnstap]\nqueries = false\nresponses = false\n"),
              "node.toml:3: responses: and queries are both false\n  try: queries = true");
    EXPECT_TRUE(error_of("[dnstap]\nsample = 0\n").contains("must be 1 to"));
    EXPECT_TRUE(error_of("[dnstap]\nsampel = 1\n").contains("unknown key \"sampel\""));
}

}  // namespace
}  // namespace nearcast::observe
