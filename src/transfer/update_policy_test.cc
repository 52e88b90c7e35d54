// SPDX-License-Identifier: Apache-2.0

#include "transfer/update_policy.h"

#include <gtest/gtest.h>

namespace nearcast::transfer {
namespace {

bool holds(std::string_view pattern, std::string_view owner) {
    return parse_name_pattern(pattern)->holds_for(*dns::parse_name(owner));
}

TEST(NamePattern, OneNameATreeOrLabelByLabel) {
    EXPECT_TRUE(holds("www.example.org", "WWW.example.org."));
    EXPECT_FALSE(holds("www.example.org", "a.www.example.org."));
    EXPECT_TRUE(holds("subtree:dyn.example.org", "dyn.example.org."));
    EXPECT_TRUE(holds("subtree:dyn.example.org", "a.b.dyn.example.org."));
    EXPECT_FALSE(holds("subtree:dyn.example.org", "xdyn.example.org."));
    EXPECT_TRUE(holds("match:_acme-challenge.*.example.org", "_acme-challenge.www.example.org."));
    EXPECT_FALSE(holds("match:_acme-challenge.*.example.org", "_acme-challenge.example.org."));
    EXPECT_FALSE(holds("match:*.example.org", "a.b.example.org."));
    EXPECT_FALSE(holds("match:*.example.org", "example.org."));
    EXPECT_TRUE(holds("match:*.*.example.org", "a.B.example.ORG."));
}

TEST(NamePattern, AnAsteriskElsewhereIsThatName) {
    EXPECT_TRUE(holds("*.example.org", "*.example.org."));
    EXPECT_FALSE(holds("*.example.org", "www.example.org."));
}

TEST(NamePattern, WhatIsNoNameIsToldWithExamples) {
    const auto pattern = parse_name_pattern("subtree:a..b");
    ASSERT_FALSE(pattern);
    EXPECT_NE(pattern.error().hint.find("subtree:"), std::string::npos);
}

class Policy : public testing::Test {
 protected:
    Policy() {
        policy_.rules.push_back({.allow = {*parse_access_entry("key:acme.example")},
                                 .names = {*parse_name_pattern("subtree:a.example.org")},
                                 .types = {dns::RRType::TXT}});
        policy_.rules.push_back(
            {.allow = {*parse_access_entry("192.0.2.0/24")}, .names = {}, .types = {}});
    }

    bool grants(std::string_view owner, dns::RRType type, std::string_view peer,
                const TsigKey* key) const {
        dns::Record update;
        update.owner = *dns::parse_name(owner);
        update.type = type;
        return policy_.grants(update, *base::parse_ip_address(peer), key);
    }

    UpdatePolicy policy_;
    const TsigKey acme_{*dns::parse_name("acme.example."), Hash::Sha256, {1}};
    const TsigKey other_{*dns::parse_name("other.example."), Hash::Sha256, {1}};
};

TEST_F(Policy, ARuleGrantsWhatAllItsPartsHoldFor) {
    constexpr auto kTxt = dns::RRType::TXT;
    EXPECT_TRUE(grants("x.a.example.org.", kTxt, "198.51.100.1", &acme_));
    EXPECT_FALSE(grants("x.a.example.org.", kTxt, "198.51.100.1", &other_));
    EXPECT_FALSE(grants("x.a.example.org.", kTxt, "198.51.100.1", nullptr));
    EXPECT_FALSE(grants("x.b.example.org.", kTxt, "198.51.100.1", &acme_));
    EXPECT_FALSE(grants("x.a.example.org.", dns::RRType::A, "198.51.100.1", &acme_));
}

TEST_F(Policy, TypeAnyNeedsARuleForEveryType) {
    EXPECT_FALSE(grants("x.a.example.org.", dns::RRType::ANY, "198.51.100.1", &acme_));
    EXPECT_TRUE(grants("x.b.example.org.", dns::RRType::ANY, "192.0.2.7", nullptr));
}

TEST_F(Policy, KnowsWhoeverARuleIsFor) {
    EXPECT_TRUE(policy_.knows(*base::parse_ip_address("198.51.100.1"), &acme_));
    EXPECT_TRUE(policy_.knows(*base::parse_ip_address("192.0.2.7"), nullptr));
    EXPECT_FALSE(policy_.knows(*base::parse_ip_address("198.51.100.1"), &other_));
    EXPECT_FALSE(UpdatePolicy{}.knows(*base::parse_ip_address("192.0.2.7"), &acme_));
}

}  // namespace
}  // namespace nearcast::transfer
