// SPDX-License-Identifier: Apache-2.0

#include "control/catalog_serial.h"

#include <vector>

#include <gtest/gtest.h>

#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

using base::Result;

constexpr int64_t kNow = 1'800'000'000;

class OfCatalogSerial : public testing::TestWithParam<Database::Dialect> {
 protected:
    CatalogTurn turn_by(Result<CatalogTurn> (*get)(Session&)) {
        Result<CatalogTurn> turn;
        const auto done = database->write([&](Session& session) -> Result<void> {
            turn = get(session);
            return turn ? Result<void>() : std::unexpected(turn.error());
        });
        EXPECT_TRUE(done) << done.error().message;
        return turn.value_or(CatalogTurn());
    }
    uint32_t serial() {
        const CatalogTurn turn = turn_by(read_catalog_turn);
        return turn.serial_at(turn.sequence);
    }
    void raise(int64_t now, const std::vector<uint32_t>& served) {
        const auto done = database->write(
            [&](Session& session) { return raise_catalog_serial(session, now, served); });
        ASSERT_TRUE(done) << done.error().message;
    }

    TestDatabase place{GetParam()};
    std::unique_ptr<Database> database = place.open();
};

TEST_P(OfCatalogSerial, BeginsWithTheTimeAndStays) {
    raise(kNow, {});
    EXPECT_EQ(serial(), uint32_t{kNow});
    raise(kNow + 1000, {});
    EXPECT_EQ(serial(), uint32_t{kNow}) << "at another start";
}

TEST_P(OfCatalogSerial, IsLaterWithEachTurn) {
    raise(kNow, {});
    const CatalogTurn turn = turn_by(take_catalog_turn);
    EXPECT_EQ(turn.sequence, 1U);
    EXPECT_EQ(turn.serial_at(turn.sequence), kNow + 1);
    EXPECT_EQ(serial(), kNow + 1) << "at another controller";
    EXPECT_EQ(turn.serial_at(0), uint32_t{kNow}) << "of one that is behind";
}

TEST_P(OfCatalogSerial, IsNoOlderThanWhatWasServed) {
    raise(kNow, {kNow + 70, kNow + 30});
    EXPECT_EQ(serial(), kNow + 70);
    raise(kNow, {kNow + 50});
    EXPECT_EQ(serial(), kNow + 70) << "by another controller, of less";
    raise(kNow, {kNow + 70});
    EXPECT_EQ(serial(), kNow + 70) << "it is served still";
}

// RFC 1982: 4294967295 comes before 0.
TEST_P(OfCatalogSerial, GoesAroundTheCorner) {
    constexpr uint32_t kLast = 4'294'967'295;
    raise(kLast - 5, {kLast});
    EXPECT_EQ(serial(), kLast);
    (void)turn_by(take_catalog_turn);
    EXPECT_EQ(serial(), 0U);
    raise(kNow, {kLast});
    EXPECT_EQ(serial(), 0U) << "that is older";
    raise(kNow, {3});
    EXPECT_EQ(serial(), 3U);
}

INSTANTIATE_TEST_SUITE_P(, OfCatalogSerial, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
