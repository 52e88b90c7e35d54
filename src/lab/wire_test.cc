// SPDX-License-Identifier: Apache-2.0

#include "lab/wire.h"

#include <set>

#include <gtest/gtest.h>

#include "lab/topology_file.h"

namespace nearcast::lab {
namespace {

TEST(Wire, IsTheSameAfterItWasSaid) {
    const Wire wire{.number = 17,
                    .a = {"nclab-t1", "to-sin"},
                    .b = {"nclab-sin", "to-t1"},
                    .quality = {Delay(4500), Delay(20), 0.25}};
    const auto heard = parse_wire(to_words(wire));
    ASSERT_TRUE(heard);
    EXPECT_EQ(to_words(*heard), "17 nclab-t1 to-sin nclab-sin to-t1 4500 20 0.25");
    EXPECT_FALSE(parse_wire("17 nclab-t1 to-sin nclab-sin"));
}

TEST(Wire, OfAWholeLabHasANumberAndTwoDevicesOfItsOwn) {
    const Plan plan = make_plan(default_topology());
    const auto wires = wires_of(plan);
    EXPECT_EQ(wires.size(), plan.topology.links.size() + 5);
    std::set<uint32_t> numbers;
    std::set<std::string> devices;
    for (const Wire& wire : wires) {
        EXPECT_TRUE(numbers.insert(wire.number).second);
        for (const WireEnd* end : {&wire.a, &wire.b}) {
            EXPECT_TRUE(devices.insert(end->net_namespace + ' ' + end->device).second);
            EXPECT_LE(end->device.size(), 15U);
        }
    }
}

TEST(Wire, ToTheControllerIsAsLongAsTheWay) {
    const Plan plan = make_plan(default_topology());
    EXPECT_LT(management_wire(plan, *plan.topology.find("fra")).quality.delay, Delay(1000));
    EXPECT_GT(management_wire(plan, *plan.topology.find("syd")).quality.delay, Delay(50'000));
}

TEST(Wire, OfAPopAreItsLinksAndTheOneToTheController) {
    const Plan plan = make_plan(default_topology());
    const size_t pop = plan.topology.index_of("sin");
    const auto wires = wires_of_router(plan, pop);
    EXPECT_EQ(wires.size(), plan.nodes[pop].interfaces.size() + 1);
    EXPECT_EQ(wires.back().b.device, kManagementDevice);
}

}  // namespace
}  // namespace nearcast::lab
