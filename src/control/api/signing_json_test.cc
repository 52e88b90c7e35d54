// SPDX-License-Identifier: Apache-2.0

#include "control/api/signing_json.h"

#include <gtest/gtest.h>

namespace nearcast::control_api {
namespace {

using nlohmann::json;

// RFC 9276 §3.1.
TEST(SigningJson, WarnsOfIterations) {
    EXPECT_TRUE(denial_warning("1 0 5 -").contains("5 iterations"));
    EXPECT_EQ(denial_warning("1 0 0 -"), "");
    EXPECT_EQ(denial_warning(""), "");
    control::Zone zone;
    zone.settings.nsec3param = "1 0 5 -";
    EXPECT_EQ(signing_json(zone, std::nullopt)["warnings"].size(), 1U);
    zone.settings.nsec3param = "1 0 0 -";
    EXPECT_EQ(signing_json(zone, std::nullopt)["warnings"], json::array());
}

TEST(SigningJson, TellsWhatALifetimeMayBe) {
    for (const json& value : {json(1), json(-1)}) {
        const auto edit = read_signing({{"zsk_lifetime", value}}, {});
        ASSERT_FALSE(edit) << value;
        EXPECT_TRUE(edit.error().contains("seconds from 86400")) << edit.error();
    }
    for (const json& value : {json("86400"), json("30d"), json(""), json(1.5), json(true)}) {
        const auto edit = read_signing({{"zsk_lifetime", value}}, {});
        ASSERT_FALSE(edit) << value;
        EXPECT_EQ(edit.error(), "zsk_lifetime is no whole number of seconds");
    }
    EXPECT_EQ(read_signing({{"zsk_lifetime", 86400}}, {})->signing, "zsk_lifetime=86400");
    EXPECT_EQ(read_signing({{"zsk_lifetime", nullptr}}, {.signing = "zsk_lifetime=86400"})->signing,
              "");
}

TEST(SigningJson, TellsChoicesAsTheyAreSent) {
    control::Zone zone{.name = dns::Name()};
    zone.settings.signing = "keys=split zsk_lifetime=86400";
    const json choices = signing_json(zone, std::nullopt)["choices"];
    EXPECT_EQ(choices["zsk_lifetime"], 86400);
    EXPECT_EQ(choices["keys"], "split");
    EXPECT_EQ(choices["anchor_lifetime"], nullptr);
    EXPECT_TRUE(read_signing(choices, {}));
}

}  // namespace
}  // namespace nearcast::control_api
