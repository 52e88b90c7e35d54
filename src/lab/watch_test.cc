// SPDX-License-Identifier: Apache-2.0

#include "lab/watch.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/table.h"
#include "lab/topology_file.h"

namespace nearcast::lab {
namespace {

using testing::HasSubstr;

class WatchFrame : public testing::Test {
 protected:
    WatchFrame() {
        const size_t sin = plan_.topology.index_of("sin");
        const size_t tokyo = plan_.topology.index_of("tokyo");
        view_.pops = {{.pop = sin, .processes = 2, .neighbors = 2, .announced_to = 2}};
        view_.cities = {tokyo};
        view_.glances[tokyo] = {{plan_.topology.index_of("syd"), 130}, {}, {sin, 76.5}};
        view_.events = {"17:00:00 kill sin"};
    }

    Plan plan_ = make_plan(default_topology());
    WatchView view_;
};

TEST_F(WatchFrame, ShowsStatesAnswersAndEvents) {
    const std::string text = frame(plan_, view_, 40);
    EXPECT_THAT(text, HasSubstr("announced"));
    EXPECT_THAT(text, HasSubstr("76.5 ms"));
    EXPECT_THAT(text, HasSubstr("×"));
    EXPECT_THAT(text, HasSubstr("→"));
    EXPECT_THAT(text, HasSubstr("17:00:00 kill sin"));
}

TEST_F(WatchFrame, HasHeadsForATerminalOfEightyColumns) {
    std::istringstream lines(frame(plan_, view_, 40));
    for (std::string line; std::getline(lines, line);) {
        std::string shown;  // Without what sets colours.
        for (size_t i = 0; i < line.size(); ++i) {
            if (line[i] == '\x1b')
                i = line.find('m', i);
            else
                shown += line[i];
        }
        EXPECT_LE(width_of(shown), 80U) << shown;
    }
}

TEST_F(WatchFrame, SaysWhatDoesNotFit) {
    view_.cities.assign(50, view_.cities.front());
    EXPECT_THAT(frame(plan_, view_, 24), HasSubstr("more cities"));
}

}  // namespace
}  // namespace nearcast::lab
