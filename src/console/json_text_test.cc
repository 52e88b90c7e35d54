// SPDX-License-Identifier: Apache-2.0

#include "console/json_text.h"

#include <gtest/gtest.h>

namespace nearcast::console {
namespace {

TEST(JsonText, TakesWhateverIsThere) {
    const auto object = nlohmann::json::parse(
        R"({"s": "text", "n": 7, "b": true, "l": ["a", 1, null], "o": {}, "z": null,
            "at": "2026-11-26T01:02:03.000004Z", "then": 0})");
    EXPECT_EQ(text_of(object, "s"), "text");
    EXPECT_EQ(text_of(object, "n"), "7");
    EXPECT_EQ(text_of(object, "z"), "");
    EXPECT_EQ(text_of(object, "none"), "");
    EXPECT_EQ(text_of(nullptr, "s"), "");
    EXPECT_TRUE(is_true(object, "b"));
    EXPECT_FALSE(is_true(object, "n"));
    EXPECT_EQ(number_of(object, "n"), 7U);
    EXPECT_EQ(number_of(object, "s"), std::nullopt);
    EXPECT_EQ(list_text(object, "l"), "a, 1, ");
    EXPECT_EQ(moment_text(object, "at"), "2026-11-26 01:02:03");
    EXPECT_EQ(moment_text(object, "then"), "1970-01-01 00:00:00");
    EXPECT_EQ(moment_text(object, "z"), "");
}

}  // namespace
}  // namespace nearcast::console
