// SPDX-License-Identifier: Apache-2.0

#include "control/database_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

using testing::ElementsAre;

const dns::Name kZone = *dns::parse_name("example.org.");

class KeysIn : public testing::TestWithParam<Database::Dialect> {
 protected:
    StoredKey make_key() {
        return {.number = *keys.take_number(),
                .algorithm = dnssec::Algorithm::Ed25519,
                .role = signing::KeyRole::Ksk,
                .sealed = {0, 1, 0xFF, 2},
                .token_label = ""};
    }
    [[nodiscard]] std::vector<signing::KeyNumber> numbers(const dns::Name& zone) {
        const auto stored = keys.load(zone);
        std::vector<signing::KeyNumber> list;
        for (const StoredKey& key : stored->keys) list.push_back(key.number);
        return list;
    }

    TestDatabase place{GetParam()};
    std::unique_ptr<Database> database = place.open();
    DatabaseKeys keys{*database};
};

INSTANTIATE_TEST_SUITE_P(Both, KeysIn, both_databases(), name_of_database);

TEST_P(KeysIn, ComeBackAsTheyWereSaved) {
    EXPECT_TRUE(keys.load(kZone)->rollover.empty());
    StoredKey key = make_key();
    StoredKey in_token = make_key();
    in_token.sealed.clear();
    in_token.token_label = "example.org. 2";
    EXPECT_FALSE(*keys.has_sealed_keys());
    ASSERT_TRUE(keys.save(kZone, {{key, in_token}, {}, "", "form 1\n"}));
    EXPECT_TRUE(*keys.has_sealed_keys());
    const auto stored = keys.load(kZone);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->rollover, "form 1\n");
    ASSERT_EQ(stored->keys.size(), 2U);
    EXPECT_EQ(stored->keys[0].number, key.number);
    EXPECT_EQ(stored->keys[0].algorithm, key.algorithm);
    EXPECT_EQ(stored->keys[0].role, key.role);
    EXPECT_EQ(stored->keys[0].sealed, key.sealed);
    EXPECT_EQ(stored->keys[1].token_label, in_token.token_label);
    EXPECT_TRUE(numbers(*dns::parse_name("example.net.")).empty());
}

TEST_P(KeysIn, AreKnownToBeUnderOneKeyFileOrAnother) {
    const auto file = dnssec::SealingKey::generate();
    EXPECT_FALSE(*keys.has_sealed_keys(file));
    StoredKey key = make_key();
    key.sealed = file.seal("label", "secret");
    ASSERT_TRUE(keys.save(kZone, {{key}, {}, "", "form 1\n"}));
    EXPECT_TRUE(*keys.has_sealed_keys(file));
    EXPECT_FALSE(*keys.has_sealed_keys(dnssec::SealingKey::generate()));
}

TEST_P(KeysIn, AreSavedOnTopOfWhatWasReadAlone) {
    const StoredKey first = make_key();
    ASSERT_TRUE(keys.save(kZone, {{first}, {}, "", "one"}));
    const StoredKey second = make_key();
    EXPECT_GT(second.number, first.number);
    EXPECT_FALSE(keys.save(kZone, {{second}, {first.number}, "", "two"}));
    EXPECT_THAT(numbers(kZone), ElementsAre(first.number));
    ASSERT_TRUE(keys.save(kZone, {{second}, {first.number}, "one", "two"}));
    EXPECT_THAT(numbers(kZone), ElementsAre(second.number));
    EXPECT_EQ(keys.load(kZone)->rollover, "two");
}

TEST_P(KeysIn, AreRemovedFromTheirOwnZoneAlone) {
    const StoredKey key = make_key();
    ASSERT_TRUE(keys.save(kZone, {{key}, {}, "", "one"}));
    ASSERT_TRUE(keys.save(*dns::parse_name("example.net."), {{}, {key.number}, "", "one"}));
    EXPECT_THAT(numbers(kZone), ElementsAre(key.number));
}

TEST_P(KeysIn, TellWhatOthersHaveSaved) {
    EXPECT_TRUE(keys.steps_since(0)->zones.empty());
    ASSERT_TRUE(keys.save(kZone, {{}, {}, "", "one"}));
    const auto first = keys.steps_since(0);
    EXPECT_THAT(first->zones, ElementsAre("example.org."));
    ASSERT_TRUE(keys.save(*dns::parse_name("example.net."), {{}, {}, "", "one"}));
    const auto second = keys.steps_since(first->last);
    EXPECT_THAT(second->zones, ElementsAre("example.net."));
    EXPECT_EQ(keys.steps_since(second->last)->last, second->last);
}

}  // namespace
}  // namespace nearcast::control
