// SPDX-License-Identifier: Apache-2.0

#include "control/kept_answers.h"

#include <gtest/gtest.h>

#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

class OfKeptAnswers : public testing::TestWithParam<Database::Dialect> {
 protected:
    Timestamp now = std::chrono::hours(490'000);
    const KeptAnswers::Question question{"key:deploy/17", "k", "one"};
    const TestDatabase place{GetParam()};
    const std::unique_ptr<Database> database = place.open();
    const dnssec::SealingKey sealing = dnssec::SealingKey::generate();
    KeptAnswers answers{*database, sealing};
};

TEST_P(OfKeptAnswers, WhatWasDoneIsToldAgain) {
    const auto first = answers.begin(question, now);
    ASSERT_TRUE(first && !*first);
    ASSERT_TRUE(answers.keep(question, "201 with a secret"));
    const auto second = answers.begin(question, now + std::chrono::hours(23));
    ASSERT_TRUE(second && *second);
    EXPECT_EQ(**second, "201 with a secret");
}

TEST_P(OfKeptAnswers, AnotherRequestUnderTheKeyIsRefused) {
    ASSERT_TRUE(answers.begin(question, now));
    ASSERT_TRUE(answers.keep(question, "201"));
    const auto other = answers.begin({question.asker, question.name, "two"}, now);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ChangeError::Kind::Invalid);
}

TEST_P(OfKeptAnswers, OthersHaveKeysOfTheirOwn) {
    ASSERT_TRUE(answers.begin(question, now));
    ASSERT_TRUE(answers.keep(question, "201"));
    const auto other = answers.begin({"key:deploy/18", question.name, question.request}, now);
    ASSERT_TRUE(other);
    EXPECT_FALSE(*other);
}

TEST_P(OfKeptAnswers, WhatIsOnItsWayIsNotDoneTwice) {
    ASSERT_TRUE(answers.begin(question, now));
    const auto second = answers.begin(question, now);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ChangeError::Kind::Exists);
    ASSERT_TRUE(answers.forget(question));
    const auto third = answers.begin(question, now);
    EXPECT_TRUE(third && !*third);
}

TEST_P(OfKeptAnswers, ADayLaterItIsANewRequest) {
    ASSERT_TRUE(answers.begin(question, now));
    ASSERT_TRUE(answers.keep(question, "201"));
    const auto later = answers.begin(question, now + std::chrono::hours(25));
    EXPECT_TRUE(later && !*later);
}

TEST_P(OfKeptAnswers, TheDatabaseAloneTellsNoSecret) {
    ASSERT_TRUE(answers.begin(question, now));
    ASSERT_TRUE(answers.keep(question, "a secret"));
    const auto other_key = dnssec::SealingKey::generate();
    const auto read = KeptAnswers(*database, other_key).begin(question, now);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ChangeError::Kind::Unavailable);
}

INSTANTIATE_TEST_SUITE_P(On, OfKeptAnswers, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
