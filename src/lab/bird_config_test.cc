// SPDX-License-Identifier: Apache-2.0

#include "lab/bird_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/topology_file.h"

namespace nearcast::lab {
namespace {

using testing::HasSubstr;
using testing::Not;

class BirdConfig : public testing::Test {
 protected:
    [[nodiscard]] std::string of(std::string_view router) const {
        return bird_config(plan_, plan_.topology.index_of(router), "/state");
    }
    // The part of the configuration that speaks of one session.
    [[nodiscard]] std::string session(std::string_view router, const std::string& name) const {
        const std::string text = of(router);
        const size_t start = text.find("protocol bgp to_" + name + " {");
        return start == std::string::npos ? ""
                                          : text.substr(start, text.find("\n}\n", start) - start);
    }

    Plan plan_ = make_plan(default_topology());
};

TEST_F(BirdConfig, GivesACustomerEverythingAndAPeerOnlyCustomersRoutes) {
    EXPECT_THAT(session("t2-tokyo", "tokyo_v4"), HasSubstr("export all"));
    EXPECT_THAT(session("t2-tokyo", "t2_sin_v4"), HasSubstr("export where is_for_all()"));
    EXPECT_THAT(session("t2-tokyo", "t1_asia_v6"), HasSubstr("export where is_for_all()"));
}

TEST_F(BirdConfig, PrefersCustomersThenPeersThenProviders) {
    EXPECT_THAT(session("t2-tokyo", "tokyo_v4"), HasSubstr("take(300, "));
    EXPECT_THAT(session("t2-tokyo", "t2_sin_v4"), HasSubstr("take(200, 372"));
    EXPECT_THAT(session("t2-tokyo", "t1_asia_v4"), HasSubstr("take(100, "));
}

TEST_F(BirdConfig, TellsTheNeighbourItsRole) {
    EXPECT_THAT(session("t2-tokyo", "tokyo_v4"), HasSubstr("local role provider"));
    EXPECT_THAT(session("t2-tokyo", "t2_sin_v4"), HasSubstr("local role peer"));
    EXPECT_THAT(session("tokyo", "t2_tokyo_v4"), HasSubstr("local role customer"));
}

TEST_F(BirdConfig, UsesBfdTowardsPopsOnly) {
    EXPECT_THAT(session("t2-sin", "sin_v4"), HasSubstr("bfd on"));
    EXPECT_THAT(session("t2-sin", "jakarta_v4"), Not(HasSubstr("bfd")));
    EXPECT_THAT(of("t2-lagos"), Not(HasSubstr("bfd")));
}

TEST_F(BirdConfig, AnnouncesAClientsNetwork) {
    EXPECT_THAT(of("tokyo"), HasSubstr("route 10.64."));
    EXPECT_THAT(of("t2-tokyo"), Not(HasSubstr("protocol static")));
}

}  // namespace
}  // namespace nearcast::lab
