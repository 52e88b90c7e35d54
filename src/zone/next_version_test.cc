// SPDX-License-Identifier: Apache-2.0

#include "zone/next_version.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

// A zone so large that a change is a delta.
class NextVersion : public testing::Test {
 protected:
    static std::string head(uint32_t serial) {
        return "@ 60 SOA ns h " + std::to_string(serial) + " 2 3 4 5\n";
    }
    static std::string hosts() {
        std::string text = "@ 60 NS ns\nns 60 A 192.0.2.1\n";
        for (int i = 0; i < 1200; ++i) text += "host" + std::to_string(i) + " 60 A 192.0.2.2\n";
        return text;
    }

    // What becomes of the zone with a ZONEMD when a host is added along with this ZONEMD; "delta",
    // "whole", or what is said against it.
    [[nodiscard]] std::string add_host(const std::string& zonemd) const {
        const auto change = change_of(head(1) + first_, head(2) + "new 60 A 192.0.2.3\n" + zonemd);
        const auto next = next_version(Version(zone_.image()), change);
        if (!next) return next.error().message;
        return next->image().is_delta() ? "delta" : "whole";
    }

    const std::string first_ = zonemd_for(head(1) + hosts(), 1);
    const ImageBlock zone_ = image_of(head(1) + hosts() + first_);
};

TEST_F(NextVersion, OfALargeZoneIsADelta) { EXPECT_EQ(add_host(""), "delta"); }

TEST_F(NextVersion, IsHeldAgainstTheDigestThatComesWithIt) {
    const std::string added = "new 60 A 192.0.2.3\n";
    EXPECT_EQ(add_host(zonemd_for(head(2) + hosts() + added, 2)), "whole");
    EXPECT_THAT(add_host(zonemd_for(head(2) + hosts(), 2)), testing::HasSubstr("ZONEMD"));
    // A digest over no more than what a delta would hold.
    EXPECT_THAT(add_host(zonemd_for(head(2) + "@ 60 NS ns\n" + added, 2)),
                testing::HasSubstr("ZONEMD"));
}

TEST_F(NextVersion, IsADeltaWhereTheDigestIsOfAnotherSerial) {
    EXPECT_EQ(add_host(zonemd_for(head(1), 1)), "delta");
}

}  // namespace
}  // namespace nearcast::zone
