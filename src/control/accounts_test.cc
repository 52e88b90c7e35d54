// SPDX-License-Identifier: Apache-2.0

#include "control/accounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/audit.h"
#include "control/database_fixture.h"

namespace nearcast::control {
namespace {

using std::chrono::seconds;
using Error = ChangeError::Kind;

const std::string kPassword = "correct horse battery";

class OfAccounts : public testing::TestWithParam<Database::Dialect> {
 protected:
    void add(const std::string& name, const std::string& tenant = "") {
        const auto done = accounts.add_person({.name = name, .tenant = tenant}, kPassword, actor);
        EXPECT_TRUE(done) << done.error().message;
    }
    Outcome<std::string> log_in(const std::string& name, const std::string& password,
                                const std::string& code = "") {
        return accounts.log_in({name, password, code}, "192.0.2.1", now);
    }

    Timestamp now = std::chrono::hours(490'000);
    const Actor actor{"key:admin", "127.0.0.1"};
    const TestDatabase place{GetParam()};
    const std::unique_ptr<Database> database = place.open();
    const Quotas quotas{{{"small", 2, 10, 6}}};
    ApiKeys keys{*database};
    const dnssec::SealingKey sealing = dnssec::SealingKey::generate();
    const transfer::TsigKeyring fixed;
    TsigKeys tsig_keys{*database, sealing, fixed};
    Accounts accounts{*database, keys, tsig_keys, quotas, sealing};
};

TEST_P(OfAccounts, WhoLogsInGetsAKeyForAWhile) {
    ASSERT_TRUE(accounts.add_tenant({.name = "acme", .plan = "small"}, actor));
    add("anna", "acme");
    const auto text = log_in("anna", kPassword);
    ASSERT_TRUE(text) << text.error().message;
    const auto key = keys.find(*text);
    ASSERT_TRUE(key && *key);
    EXPECT_EQ((*key)->scope.person, "anna");
    EXPECT_EQ((*key)->scope.tenant, "acme");
    const auto source = *base::parse_ip_address("192.0.2.1");
    EXPECT_TRUE((*key)->scope.is_usable(source, now));
    EXPECT_FALSE((*key)->scope.is_usable(source, now + Accounts::kSessionLife));
    EXPECT_FALSE((*key)->scope.covers_all());
}

TEST_P(OfAccounts, WhatIsWrongIsNotTold) {
    add("anna");
    const auto wrong = log_in("anna", "something else entirely");
    const auto nobody = log_in("nobody", kPassword);
    ASSERT_FALSE(wrong);
    ASSERT_FALSE(nobody);
    EXPECT_EQ(wrong.error().message, nobody.error().message);
    EXPECT_EQ(wrong.error().kind, Error::Forbidden);
}

TEST_P(OfAccounts, ACodeIsGoodOnce) {
    add("anna");
    const auto secret = accounts.demand_totp("anna", {actor}, now);
    ASSERT_TRUE(secret);
    EXPECT_FALSE(log_in("anna", kPassword));
    const std::string code = totp_code(*secret, totp_step(std::chrono::floor<seconds>(now)));
    EXPECT_FALSE(log_in("anna", "something else entirely", code));
    EXPECT_TRUE(log_in("anna", kPassword, code));
    EXPECT_FALSE(log_in("anna", kPassword, code));
    now += kTotpPeriod;
    EXPECT_TRUE(
        log_in("anna", kPassword, totp_code(*secret, totp_step(std::chrono::floor<seconds>(now)))));
}

TEST_P(OfAccounts, GuessingHoldsTheNameOff) {
    add("anna");
    for (unsigned i = 0; i < Accounts::kFailuresMax; ++i) EXPECT_FALSE(log_in("anna", "guess"));
    EXPECT_EQ(log_in("anna", kPassword).error().kind, Error::TooFast);
    now += Accounts::kFailurePeriod;
    EXPECT_TRUE(log_in("anna", kPassword));
}

TEST_P(OfAccounts, GuessesCountAtWhateverController) {
    add("anna");
    add("berta");
    Accounts other{*database, keys, tsig_keys, quotas, sealing};
    const auto guess = [&](Accounts& controller, const std::string& who) {
        EXPECT_FALSE(controller.log_in({who, "guess", ""}, "192.0.2.1", now));
    };
    for (unsigned i = 0; i < Accounts::kFailuresMax; ++i) {
        guess(i % 2 == 0 ? accounts : other, "anna");
    }
    const auto held_off = other.log_in({"anna", kPassword, ""}, "192.0.2.1", now + seconds(20));
    ASSERT_FALSE(held_off);
    EXPECT_EQ(held_off.error().kind, Error::TooFast);
    EXPECT_EQ(held_off.error().retry_after, seconds(40));
    EXPECT_EQ(log_in("anna", kPassword).error().kind, Error::TooFast);
    EXPECT_TRUE(log_in("berta", kPassword));
    // What nobody can be called is refused, and not remembered.
    EXPECT_EQ(log_in(std::string(5000, 'x'), "guess").error().kind, Error::Forbidden);
    now += Accounts::kFailurePeriod;
    guess(other, "berta");
    EXPECT_TRUE(log_in("anna", kPassword));
    int64_t remembered = 0;
    EXPECT_TRUE(database->read([&](Session& session) {
        static constexpr Sql kCount{"SELECT COUNT(*) FROM login_failure", "", "n"};
        return session.run(kCount, {}, [&](const Row& row) { remembered = row.number(0); });
    }));
    EXPECT_EQ(remembered, 1);
}

TEST_P(OfAccounts, WhoIsRemovedIsLoggedOut) {
    add("anna");
    const auto text = log_in("anna", kPassword);
    ASSERT_TRUE(text);
    ASSERT_TRUE(accounts.remove_person("anna", actor, now));
    EXPECT_FALSE(keys.find(*text)->has_value());
    EXPECT_FALSE(log_in("anna", kPassword));
}

TEST_P(OfAccounts, AnotherPasswordEndsHisOtherSessions) {
    add("anna");
    add("berta");
    const auto mine = log_in("anna", kPassword);
    const auto stolen = log_in("anna", kPassword);
    const auto hers = log_in("berta", kPassword);
    const auto program = keys.create("ci", {}, actor, now);
    const int64_t number = (*keys.find(*mine))->id;
    ASSERT_TRUE(accounts.set_password("anna", "another one of hers", {actor, number}, now));
    EXPECT_TRUE(keys.find(*mine)->has_value());
    EXPECT_FALSE(keys.find(*stolen)->has_value());
    EXPECT_TRUE(keys.find(*hers)->has_value());
    EXPECT_TRUE(keys.find(*program)->has_value());
    ASSERT_TRUE(accounts.set_password("anna", kPassword, {actor}, now));
    EXPECT_FALSE(keys.find(*mine)->has_value());
}

TEST_P(OfAccounts, AnotherPhoneEndsHisOtherSessions) {
    add("anna");
    const auto mine = log_in("anna", kPassword);
    const auto stolen = log_in("anna", kPassword);
    ASSERT_TRUE(accounts.demand_totp("anna", {actor, (*keys.find(*mine))->id}, now));
    EXPECT_TRUE(keys.find(*mine)->has_value());
    EXPECT_FALSE(keys.find(*stolen)->has_value());
}

TEST_P(OfAccounts, HeProvesByPasswordOrCodeThatItIsHe) {
    add("anna");
    const auto prove = [&](const std::string& password, const std::string& code) {
        return accounts.prove({"anna", password, code}, "192.0.2.1", now).has_value();
    };
    EXPECT_FALSE(prove("", ""));
    const auto secret = accounts.demand_totp("anna", {actor}, now);
    const std::string code = totp_code(*secret, totp_step(std::chrono::floor<seconds>(now)));
    EXPECT_TRUE(prove(kPassword, ""));
    EXPECT_TRUE(prove("", code));
    EXPECT_FALSE(prove("", code));
    EXPECT_FALSE(prove("", ""));
    EXPECT_FALSE(prove("something else entirely", ""));
    for (unsigned i = 4; i < Accounts::kFailuresMax; ++i) EXPECT_FALSE(prove("guess", ""));
    EXPECT_EQ(accounts.prove({"anna", kPassword, ""}, "192.0.2.1", now).error().kind,
              Error::TooFast);
}

TEST_P(OfAccounts, ATenantTakesHisPeopleWithHim) {
    ASSERT_TRUE(accounts.add_tenant({.name = "acme", .plan = "small"}, actor));
    add("anna", "acme");
    const auto text = log_in("anna", kPassword);
    ASSERT_TRUE(accounts.remove_tenant("acme", actor, now));
    EXPECT_FALSE(keys.find(*text)->has_value());
    EXPECT_EQ(accounts.person("anna").error().kind, Error::NotFound);
}

TEST_P(OfAccounts, PasswordsHaveALength) {
    EXPECT_EQ(accounts.add_person({.name = "anna"}, "short", actor).error().kind, Error::Invalid);
    EXPECT_EQ(accounts.add_person({.name = "anna"}, std::string(257, 'x'), actor).error().kind,
              Error::Invalid);
    EXPECT_EQ(
        accounts.add_person({.name = "anna", .tenant = "none"}, kPassword, actor).error().kind,
        Error::NotFound);
}

TEST_P(OfAccounts, EachLoginIsInTheAuditLog) {
    add("anna");
    (void)log_in("anna", kPassword);
    (void)log_in("anna", "wrong");
    const auto entries = read_audit(*database, INT64_MAX, 2);
    ASSERT_TRUE(entries);
    EXPECT_EQ((*entries)[0].action, "login.refused");
    EXPECT_EQ((*entries)[1].action, "login");
    for (const AuditEntry& entry : *entries) {
        EXPECT_EQ(entry.actor.name, "user:anna");
        EXPECT_EQ(entry.actor.source, "192.0.2.1");
    }
}

INSTANTIATE_TEST_SUITE_P(Databases, OfAccounts, both_databases(), name_of_database);

// RFC 6238, appendix B, and RFC 4226, appendix D: six digits of them.
TEST(Totp, GivesTheCodesOfTheRfc) {
    const std::string text = "12345678901234567890";
    const TotpSecret secret(text.begin(), text.end());
    EXPECT_EQ(totp_code(secret, totp_step(seconds(59))), "287082");
    EXPECT_EQ(totp_code(secret, totp_step(seconds(1'111'111'109))), "081804");
    EXPECT_EQ(totp_code(secret, totp_step(seconds(20'000'000'000))), "353130");
    EXPECT_EQ(totp_code(secret, 0), "755224");
    EXPECT_EQ(totp_uri(secret, "anna"),
              "otpauth://totp/Nearcast:anna?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
              "&issuer=Nearcast");
}

TEST(Totp, TakesACodeOfAClockThatDiffers) {
    const TotpSecret secret(20, 7);
    EXPECT_EQ(find_totp_step(secret, totp_code(secret, 99), 100, 0), 99);
    EXPECT_EQ(find_totp_step(secret, totp_code(secret, 101), 100, 0), 101);
    EXPECT_EQ(find_totp_step(secret, totp_code(secret, 98), 100, 0), std::nullopt);
    EXPECT_EQ(find_totp_step(secret, totp_code(secret, 100), 100, 100), std::nullopt);
    EXPECT_EQ(find_totp_step(secret, "", 100, 0), std::nullopt);
}

}  // namespace
}  // namespace nearcast::control
