// SPDX-License-Identifier: Apache-2.0

#include "control/tsig_keys.h"

#include <gtest/gtest.h>

#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

using Error = ChangeError::Kind;

dns::Name name(const std::string& text) { return *dns::parse_name(text); }

class OfTsigKeys : public testing::TestWithParam<Database::Dialect> {
 protected:
    OfTsigKeys() {
        EXPECT_TRUE(fixed.add({name("fixed.example."), transfer::Hash::Sha256, {1, 2, 3}}));
        EXPECT_TRUE(keys.refresh());
    }

    Outcome<TsigCredential> add(const std::string& key, const KeyScope& scope = {}) {
        return keys.add(
            {.key = {name(key), transfer::Hash::Sha256, {}}, .scope = scope, .created_at = now},
            actor);
    }
    // The secret that signatures are checked with; empty when there is none of that name.
    std::vector<uint8_t> secret(const std::string& key, const TsigKeys& of) {
        transfer::LiveKeyring::Seen seen;
        of.keyring().refresh(seen);
        const auto* const found = seen.keys->find(name(key));
        return found == nullptr ? std::vector<uint8_t>() : found->secret;
    }
    std::vector<uint8_t> secret(const std::string& key) { return secret(key, keys); }

    const Timestamp now = std::chrono::hours(490'000);
    const Actor actor{"key:admin", "127.0.0.1"};
    const TestDatabase place{GetParam()};
    const std::unique_ptr<Database> database = place.open();
    const dnssec::SealingKey sealing = dnssec::SealingKey::generate();
    transfer::TsigKeyring fixed;
    TsigKeys keys{*database, sealing, fixed};
};

TEST_P(OfTsigKeys, AreAtHandAsSoonAsTheyAreMade) {
    const auto made = add("Update.example.", {.right = Right::Change});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(made->key.secret.size(), 32U);
    EXPECT_EQ(secret("update.example."), made->key.secret);
    EXPECT_EQ(keys.scope_of(name("UPDATE.example."))->right, Right::Change);
    EXPECT_EQ(keys.find(name("update.EXAMPLE."))->key.secret, made->key.secret);
    EXPECT_EQ(add("update.example.").error().kind, Error::Exists);
    ASSERT_TRUE(keys.remove(name("update.example."), actor, now));
    EXPECT_TRUE(secret("update.example.").empty());
    EXPECT_EQ(keys.scope_of(name("update.example.")), nullptr);
    EXPECT_EQ(keys.remove(name("update.example."), actor, now).error().kind, Error::NotFound);
}

TEST_P(OfTsigKeys, TakeNoNameOfTheConfiguration) {
    EXPECT_EQ(add("fixed.example.").error().kind, Error::Exists);
    EXPECT_EQ(secret("fixed.example."), (std::vector<uint8_t>{1, 2, 3}));
    EXPECT_EQ(keys.scope_of(name("fixed.example.")), nullptr);
    ASSERT_TRUE(add("a.example."));
    EXPECT_EQ(
        keys.replace(name("a.example."), {.key = {.name = name("fixed.example.")}}, actor, now)
            .error()
            .kind,
        Error::Exists);
}

TEST_P(OfTsigKeys, ChangeNameSecretAndScopeTogether) {
    const auto made = add("a.example.");
    ASSERT_TRUE(made && add("b.example."));
    TsigCredential next = *made;
    next.key = {name("c.example."), transfer::Hash::Sha512, std::vector<uint8_t>(20, 7)};
    next.scope.types = {dns::RRType::TXT};
    ASSERT_TRUE(keys.replace(name("a.example."), next, actor, now));
    EXPECT_TRUE(secret("a.example.").empty());
    EXPECT_EQ(secret("c.example."), next.key.secret);
    EXPECT_FALSE(keys.scope_of(name("c.example."))->covers_all_sets());
    next.key.name = name("b.example.");
    EXPECT_EQ(keys.replace(name("c.example."), next, actor, now).error().kind, Error::Exists);
    next.key.name = name("d.example.");
    EXPECT_EQ(keys.replace(name("a.example."), next, actor, now).error().kind, Error::NotFound);
}

TEST_P(OfTsigKeys, HaveSecretsThatAreLongEnough) {
    for (const size_t size : {size_t{15}, size_t{513}}) {
        const auto made = keys.add(
            {.key = {.name = name("a.example."), .secret = std::vector<uint8_t>(size, 1)}}, actor);
        EXPECT_EQ(made.error().kind, Error::Invalid);
    }
    EXPECT_EQ(add(".").error().kind, Error::Invalid);
    EXPECT_EQ(add("a.example.", {.zones = {"a..b"}}).error().kind, Error::Invalid);
}

TEST_P(OfTsigKeys, ThatCannotBeOpenedAreLeftOut) {
    ASSERT_TRUE(add("a.example."));
    const auto other_sealing = dnssec::SealingKey::generate();
    TsigKeys others(*database, other_sealing, fixed);
    ASSERT_TRUE(others.refresh());
    EXPECT_TRUE(secret("a.example.", others).empty());
    EXPECT_FALSE(secret("fixed.example.", others).empty());
    EXPECT_EQ(others.find(name("a.example.")).error().kind, Error::Unavailable);
}

TEST_P(OfTsigKeys, OfATenantGoWithHim) {
    ASSERT_TRUE(add("a.example.", {.tenant = "acme"}) && add("b.example."));
    ASSERT_TRUE(keys.remove_all([](const KeyScope& scope) { return scope.tenant == "acme"; }));
    EXPECT_TRUE(secret("a.example.").empty());
    EXPECT_FALSE(secret("b.example.").empty());
    EXPECT_EQ(keys.list()->size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(In, OfTsigKeys, both_databases(), name_of_database);

}  // namespace
}  // namespace nearcast::control
