// SPDX-License-Identifier: Apache-2.0

#include "control/leadership.h"

#include <future>

#include <gtest/gtest.h>

#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

TEST(Leadership, IsOneControllersAndPassesOn) {
    const TestDatabase place(Database::Dialect::Postgresql);
    const auto first_database = place.open();
    const auto second_database = place.open();
    ASSERT_TRUE(first_database && second_database);
    Leadership first(*first_database);
    Leadership second(*second_database);
    std::promise<void> gained;
    first.start([] { ADD_FAILURE() << "it has led from the start"; });
    second.start([&gained] { gained.set_value(); });
    EXPECT_TRUE(first.leads());
    EXPECT_FALSE(second.leads());
    first.stop();
    EXPECT_FALSE(first.leads());
    ASSERT_EQ(gained.get_future().wait_for(std::chrono::seconds(60)), std::future_status::ready);
    EXPECT_TRUE(second.leads());
}

TEST(Leadership, IsOfEachSchemaAlone) {
    const TestDatabase one(Database::Dialect::Postgresql);
    const TestDatabase other(Database::Dialect::Postgresql);
    const auto one_database = one.open();
    const auto other_database = other.open();
    Leadership of_one(*one_database);
    Leadership of_other(*other_database);
    of_one.start([] {});
    of_other.start([] {});
    EXPECT_TRUE(of_one.leads());
    EXPECT_TRUE(of_other.leads());
}

TEST(Leadership, IsThereWithoutOthers) {
    const TestDatabase place(Database::Dialect::Sqlite);
    const auto database = place.open();
    Leadership alone(*database);
    alone.start([] {});
    EXPECT_TRUE(alone.leads());
}

}  // namespace
}  // namespace nearcast::control
