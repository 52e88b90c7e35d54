// SPDX-License-Identifier: Apache-2.0

#include "transfer/catalog_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nearcast::transfer {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

dns::Name name(const std::string& text) { return *dns::parse_name(text); }

class OfCatalogProgress : public testing::Test {
 protected:
    void version(uint32_t serial, std::initializer_list<std::pair<const char*, uint32_t>> zones) {
        begin(serial);
        for (const auto& [zone, wanted] : zones) progress.expect(name(zone), wanted);
        progress.finish();
    }
    const ServedReport& told() {
        progress.tell(report);
        return report;
    }

    bool begin(uint32_t serial) { return progress.begin(serial, ++number); }

    CatalogProgress progress;
    uint64_t number = 0;
    ServedReport report{.catalog = name("catalog.nearcast.")};
};

TEST_F(OfCatalogProgress, AVersionIsServedWhenAllOfItIs) {
    EXPECT_FALSE(told().serial);
    version(10, {{"a.example.", 1}, {"b.example.", 1}});
    EXPECT_FALSE(told().serial);
    progress.attain(name("a.example."), 1);
    EXPECT_FALSE(told().serial);
    progress.attain(name("b.example."), 1);
    EXPECT_EQ(told().serial, 10U);
    version(11, {{"a.example.", 2}});
    EXPECT_EQ(told().serial, 10U);
    progress.attain(name("a.example."), 2);
    EXPECT_EQ(told().serial, 11U);
    EXPECT_THAT(told().late, IsEmpty());
}

TEST_F(OfCatalogProgress, AVersionWithoutNewsIsServedAtOnce) {
    version(10, {});
    EXPECT_EQ(told().serial, 10U);
}

TEST_F(OfCatalogProgress, AZoneThatAlwaysChangesHoldsNothingUpForEver) {
    version(10, {{"a.example.", 1}});
    version(11, {{"a.example.", 2}});
    version(12, {{"a.example.", 3}});
    progress.attain(name("a.example."), 2);
    EXPECT_EQ(told().serial, 11U);
    version(13, {{"a.example.", 4}});
    progress.attain(name("a.example."), 3);
    EXPECT_EQ(told().serial, 12U);
}

TEST_F(OfCatalogProgress, ALaterSerialIsNoSignOfOneThatItMayHaveGoneBackTo) {
    version(10, {{"a.example.", 7}});
    progress.attain(name("a.example."), 7);
    begin(11);
    progress.expect(name("a.example."), 5, /*may_be_back=*/true);
    progress.finish();
    progress.attain(name("a.example."), 7);
    EXPECT_EQ(told().serial, 10U);
    progress.attain(name("a.example."), 5);
    EXPECT_EQ(told().serial, 11U);
}

// Another version has the serial that was told before.
TEST_F(OfCatalogProgress, WhatWasServedBeforeItWentBackIsNoneOfItsVersions) {
    EXPECT_FALSE(begin(10));
    progress.finish();
    EXPECT_FALSE(progress.begin(10, number)) << "it is read once more";
    progress.finish();
    EXPECT_EQ(told().serial, 10U);
    EXPECT_TRUE(begin(9));
    progress.expect(name("a.example."), 5, /*may_be_back=*/true);
    progress.finish();
    EXPECT_EQ(told().serial, std::nullopt);
    EXPECT_FALSE(begin(10));
    progress.finish();
    EXPECT_EQ(told().serial, std::nullopt);
    progress.attain(name("a.example."), 5);
    EXPECT_EQ(told().serial, 10U);
}

TEST_F(OfCatalogProgress, APrimaryMaySayThatItHasMovedOnSince) {
    version(10, {});
    begin(11);
    progress.expect(name("a.example."), 5, /*may_be_back=*/true);
    progress.finish();
    progress.attain(name("a.example."), 7, /*is_confirmed=*/true);
    EXPECT_EQ(told().serial, 11U);
}

TEST_F(OfCatalogProgress, WhatItWentBackFromIsAwaitedNoLonger) {
    version(10, {{"a.example.", 7}});
    version(11, {{"a.example.", 5}});
    EXPECT_FALSE(told().serial);
    progress.attain(name("a.example."), 5);
    EXPECT_EQ(told().serial, 11U);
}

TEST_F(OfCatalogProgress, NothingOfBeforeIsToldOnceItWentBack) {
    version(10, {{"a.example.", 7}});
    progress.fail(name("a.example."), "refused");
    EXPECT_EQ(told().serial, 10U);
    EXPECT_EQ(told().late.size(), 1U);
    EXPECT_TRUE(begin(8));
    progress.forget(name("a.example."));
    for (size_t i = 0; i <= ServedReport::kLateMax; ++i) {
        progress.expect(name("z" + std::to_string(i) + ".example."), 1);
    }
    progress.finish();
    EXPECT_FALSE(told().serial);
    EXPECT_THAT(told().late, IsEmpty());
    for (size_t i = 0; i <= ServedReport::kLateMax; ++i) {
        progress.fail(name("z" + std::to_string(i) + ".example."), "refused");
    }
    EXPECT_FALSE(told().serial) << "too many are late to be told";
    progress.attain(name("z0.example."), 1);
    EXPECT_EQ(told().serial, 8U);
}

TEST_F(OfCatalogProgress, AVersionThatIsBeingReadIsNotServed) {
    version(10, {});
    begin(11);
    EXPECT_EQ(told().serial, 10U);
    progress.finish();
    EXPECT_EQ(told().serial, 11U);
}

TEST_F(OfCatalogProgress, AZoneThatFailsIsToldAndHoldsNobodyUp) {
    version(10, {{"a.example.", 1}, {"b.example.", 1}});
    progress.fail(name("a.example."), "no answer");
    EXPECT_FALSE(told().serial);
    EXPECT_FALSE(progress.is_settled());
    progress.attain(name("b.example."), 1);
    EXPECT_TRUE(progress.is_settled());
    EXPECT_EQ(told().serial, 10U);
    ASSERT_THAT(told().late, SizeIs(1));
    EXPECT_EQ(told().late[0].reason, "no answer");
    progress.attain(name("a.example."), 1);
    EXPECT_THAT(told().late, IsEmpty());
}

TEST_F(OfCatalogProgress, AZoneThatIsGoneIsAwaitedNoLonger) {
    version(10, {{"a.example.", 1}, {"b.example.", 1}});
    progress.fail(name("b.example."), "no answer");
    progress.forget(name("a.example."));
    progress.forget(name("b.example."));
    EXPECT_EQ(told().serial, 10U);
    EXPECT_THAT(told().late, IsEmpty());
}

TEST_F(OfCatalogProgress, WithTooManyFailuresNothingNewIsSaid) {
    version(10, {});
    EXPECT_EQ(told().serial, 10U);
    begin(11);
    for (size_t i = 0; i <= ServedReport::kLateMax; ++i) {
        progress.expect(name("z" + std::to_string(i) + ".example."), 1);
        progress.fail(name("z" + std::to_string(i) + ".example."), "no");
    }
    progress.finish();
    EXPECT_EQ(told().serial, 10U);
    progress.attain(name("z0.example."), 1);
    EXPECT_EQ(told().serial, 11U);
    EXPECT_THAT(told().late, SizeIs(ServedReport::kLateMax));
}

TEST_F(OfCatalogProgress, IsCautiousBeyondItsBounds) {
    for (uint32_t i = 1; i <= 2 * CatalogProgress::kExpectedMax; ++i) {
        version(100 + i, {{"a.example.", i}});
    }
    progress.attain(name("a.example."), CatalogProgress::kExpectedMax);
    EXPECT_EQ(told().serial, 100 + CatalogProgress::kExpectedMax - 1);
    progress.attain(name("a.example."), 2 * CatalogProgress::kExpectedMax);
    EXPECT_EQ(told().serial, 100 + 2 * CatalogProgress::kExpectedMax);
}

}  // namespace
}  // namespace nearcast::transfer
