// SPDX-License-Identifier: Apache-2.0

#include "transfer/transfer_config.h"

#include <gtest/gtest.h>

namespace nearcast::transfer {
namespace {

constexpr std::string_view kKey = R"([[key]]
name = "transfer.example"
secret = "c2VjcmV0"
)";

base::Result<TransferConfig> read(std::string_view text) {
    return parse_transfer_config(text, "node.toml");
}

std::string problem_of(std::string_view text) {
    const auto config = read(text);
    return config ? "" : to_text(config.error());
}

dns::Name name(std::string_view text) { return *dns::parse_name(text); }
base::IpAddress ip(std::string_view text) { return *base::parse_ip_address(text); }

TEST(TransferConfig, NobodyMayHaveAnythingUnlessTold) {
    const auto config = read("");
    ASSERT_TRUE(config.has_value());
    EXPECT_FALSE(
        is_allowed(config->policy_for(name("example.org.")).allow, ip("192.0.2.1"), nullptr));
}

TEST(TransferConfig, TheRestOfNodeTomlIsSomebodyElses) {
    EXPECT_TRUE(read("[node]\nname = \"sin1\"\n[[routing.neighbor]]\nasn = 1\n").has_value());
}

TEST(TransferConfig, ASecondaryHasPrimariesInTheirOrder) {
    const auto config = read(std::string(kKey) + R"([[secondary]]
zone = "example.org"
primaries = ["192.0.2.1", "[2001:db8::1]:5353"]
key = "transfer.example"
)");
    ASSERT_TRUE(config.has_value());
    ASSERT_EQ(config->secondaries.size(), 1U);
    const SecondaryConfig& secondary = config->secondaries[0];
    EXPECT_EQ(base::to_text(secondary.primaries.at(0)), "192.0.2.1:53");
    EXPECT_EQ(base::to_text(secondary.primaries.at(1)), "[2001:db8::1]:5353");
    EXPECT_TRUE(secondary.key.has_value());
}

TEST(TransferConfig, AKeyIsSha256UnlessItSaysOtherwise) {
    EXPECT_EQ(read(kKey)->keys.find(name("transfer.example."))->hash, Hash::Sha256);
    const auto newer = read(std::string(kKey) + "algorithm = \"hmac-sha512\"\n");
    EXPECT_EQ(newer->keys.find(name("transfer.example."))->hash, Hash::Sha512);
}

TEST(TransferConfig, AWeakAlgorithmIsTakenOnlyWhenThatIsSaid) {
    for (const char* algorithm : {"hmac-md5", "hmac-sha1"}) {
        const std::string key = std::string(kKey) + "algorithm = \"" + algorithm + "\"\n";
        const auto refused = read(key);
        ASSERT_FALSE(refused.has_value());
        EXPECT_NE(refused.error().hint.find("allow_weak"), std::string::npos);
        EXPECT_TRUE(read(key + "allow_weak = true\n").has_value());
    }
}

TEST(TransferConfig, SectionsOfOneZoneAreRulesOfOnePolicy) {
    const auto config = read(std::string(kKey) + R"([[update.zone]]
zone = "example.org"
allow = ["key:transfer.example"]
names = ["subtree:dyn.example.org"]
types = ["A", "AAAA"]
[[update.zone]]
zone = "Example.ORG."
allow = ["192.0.2.1"]
signed = true
)");
    ASSERT_TRUE(config.has_value());
    const UpdatePolicy* const policy = config->update_policy_for(name("example.org."));
    ASSERT_NE(policy, nullptr);
    ASSERT_EQ(policy->rules.size(), 2U);
    EXPECT_EQ(policy->rules[0].types, (std::vector{dns::RRType::A, dns::RRType::AAAA}));
    EXPECT_EQ(policy->rules[0].names.at(0).kind, NamePattern::Kind::Subtree);
    EXPECT_TRUE(policy->is_signed_allowed);
    EXPECT_EQ(config->update_policy_for(name("example.net.")), nullptr);
}

TEST(TransferConfig, ARuleForUpdatesThatCannotHoldIsRefused) {
    const std::string rule = "[[update.zone]]\nzone = \"example.org\"\n";
    const auto refusal_of = [&](const std::string& more) {
        const auto config = read(rule + more);
        return config ? std::string() : to_text(config.error());
    };
    for (const char* const names :
         {"example.org", "subtree:dyn.example.org", "subtree:org", "match:*.example.org",
          "match:_acme-challenge.*.*.org", "subtree:."}) {
        const std::string line = std::string("names = [\"") + names + "\"]\n";
        EXPECT_EQ(refusal_of("allow = [\"192.0.2.1\"]\n" + line), "");
    }
    for (const char* const names : {"example.net", "subtree:dyn.example.net", "match:*.example.net",
                                    "match:org", "www.example.org.net"}) {
        const std::string line = std::string("names = [\"") + names + "\"]\n";
        const std::string told = refusal_of("allow = [\"192.0.2.1\"]\n" + line);
        EXPECT_TRUE(told.starts_with("node.toml:4: names: has ")) << names << told;
        EXPECT_TRUE(told.contains("try: ")) << told;
    }
    for (const char* const key : {"names", "types"}) {
        const std::string told =
            refusal_of(std::string("allow = [\"192.0.2.1\"]\n") + key + " = []\n");
        EXPECT_TRUE(told.starts_with(std::string("node.toml:4: ") + key + ": lists nothing"))
            << told;
    }
    for (const char* const entry : {"tls", "tls:client.example", "192.0.2.1 tls"}) {
        const std::string told = refusal_of(std::string("allow = [\"") + entry + "\"]\n");
        EXPECT_TRUE(told.starts_with("node.toml:3: allow: asks for TLS")) << told;
        EXPECT_TRUE(told.contains("try: ")) << told;
    }
    EXPECT_FALSE(
        read("[[secondary]]\nzone = \"example.org\"\nprimaries = [\"192.0.2.1\"]\n"
             "forward_updates = [\"tls\"]\n"));
}

TEST(TransferConfig, ASecretShorterThanTheDigestIsDoubted) {
    const std::string key = "[[key]]\nname = \"k.example\"\n";
    const auto fine = read(key + "secret = \"" + std::string(43, 'A') + "=\"\n");
    ASSERT_TRUE(fine) << to_text(fine.error());
    EXPECT_TRUE(fine->doubts.empty());
    const auto small = read(key + "secret = \"YWJj\"\n");
    ASSERT_TRUE(small) << to_text(small.error());
    ASSERT_EQ(small->doubts.size(), 1U);
    EXPECT_EQ(small->doubts[0].message,
              "node.toml:3: the key k.example. has a secret of 3 bytes, which can be guessed");
    EXPECT_TRUE(small->doubts[0].hint.contains("32 bytes"));
}

TEST(TransferConfig, SectionsForZonesThatAreNotServedAreDoubted) {
    const std::string sections =
        "[[transfer.zone]]\nzone = \"served.example\"\nallow = []\n"
        "[[transfer.zone]]\nzone = \"typo.example\"\nallow = []\n"
        "[[update.zone]]\nzone = \"gone.example\"\nallow = [\"192.0.2.1\"]\n"
        "[[transfer.zone]]\nzone = \"catalog.example\"\nallow = []\n"
        "[[catalog.publish]]\nzone = \"catalog.example\"\n";
    const auto is_served = [](const dns::Name& zone) {
        return zone == *dns::parse_name("served.example.");
    };
    const auto config = read(sections);
    ASSERT_TRUE(config) << to_text(config.error());
    const auto doubts = sections_for_nothing(*config, is_served);
    ASSERT_EQ(doubts.size(), 2U);
    EXPECT_EQ(doubts[0].message,
              "there is a section [[transfer.zone]] for typo.example., which is not served here");
    EXPECT_TRUE(doubts[1].message.contains("[[update.zone]] for gone.example."))
        << doubts[1].message;
    EXPECT_NE(doubts[0].hint, "");
    const auto following = read(sections +
                                "[[catalog.follow]]\nzone = \"their.example\"\n"
                                "primaries = [\"192.0.2.1\"]\n");
    ASSERT_TRUE(following) << to_text(following.error());
    EXPECT_TRUE(sections_for_nothing(*following, is_served).empty());
}

TEST(TransferConfig, AZoneThatIsFetchedIsServed) {
    const std::string fetched =
        "[[secondary]]\nzone = \"fetched.example\"\nprimaries = [\"192.0.2.1\"]\n";
    const auto config =
        read(fetched + "[[transfer.zone]]\nzone = \"fetched.example\"\nallow = []\n");
    ASSERT_TRUE(config) << to_text(config.error());
    EXPECT_TRUE(sections_for_nothing(*config, [](const dns::Name&) { return false; }).empty());
    EXPECT_TRUE(secondaries_with_files(*config, [](const dns::Name&) { return false; }).empty());
    const auto doubts = secondaries_with_files(*config, [](const dns::Name&) { return true; });
    ASSERT_EQ(doubts.size(), 1U);
    EXPECT_TRUE(doubts[0].message.contains("fetched.example. has a file")) << doubts[0].message;
    EXPECT_NE(doubts[0].hint, "");
}

TEST(TransferConfig, MistakesThatTheParsersFindHaveAWayOut) {
    for (const char* const text :
         {"[[key]]\nname = \"k.example\"\nsecret_file = \"/nonexistent\"\n",
          "[transfer]\nallow = [\"192.0.2.0/33\"]\n", "[transfer]\nallow = 99999999999999999999\n",
          "[transfer\n"}) {
        const auto config = read(text);
        ASSERT_FALSE(config) << text;
        EXPECT_FALSE(config.error().hint.empty()) << config.error().message;
    }
}

TEST(TransferConfig, ASecondaryMayForwardUpdatesAndTakeOlderSerials) {
    const auto config = read(R"([[secondary]]
zone = "example.org"
primaries = ["192.0.2.1"]
forward_updates = ["198.51.100.0/24"]
accept_older_serial = true
)");
    ASSERT_TRUE(config.has_value());
    const SecondaryConfig& secondary = config->secondaries.at(0);
    EXPECT_EQ(secondary.forward_updates.size(), 1U);
    EXPECT_TRUE(secondary.accepts_older);
}

TEST(TransferConfig, AFollowedCatalogTellsHowItsZonesAreFetched) {
    const auto config = read(std::string(kKey) + R"([[catalog.follow]]
zone = "catalog.example"
primaries = ["192.0.2.1"]
key = "transfer.example"
[catalog.follow.members]
primaries = ["192.0.2.2"]
[[catalog.follow.group]]
name = "signed"
accept_older_serial = true
)");
    ASSERT_TRUE(config.has_value()) << to_text(config.error());
    const FollowedCatalog& catalog = config->followed_catalogs.at(0);
    EXPECT_EQ(base::to_text(catalog.catalog.primaries.at(0)), "192.0.2.1:53");
    const SecondaryConfig& member = catalog.source_of({"unknown"});
    EXPECT_EQ(base::to_text(member.primaries.at(0)), "192.0.2.2:53");
    EXPECT_EQ(member.key, name("transfer.example."));
    EXPECT_FALSE(member.accepts_older);
    EXPECT_TRUE(catalog.source_of({"unknown", "signed"}).accepts_older);
}

// Whoever knows us by a certificate, and is known by one and a key, and is told what we serve.
TEST(TransferConfig, AControllerIsKnownByAllThatJoiningBrings) {
    const std::string profile = std::string(kKey) + R"([[tls.profile]]
name = "controller"
server_name = "controller.nearcast"
ca = "/etc/nearcast/ca.pem"
)";
    const std::string certificate = "certificate = \"/n.pem\"\nkey = \"/n.key\"\n";
    const std::string follow =
        "[[catalog.follow]]\nzone = \"catalog.example\"\nprimaries = [\"192.0.2.1\"]\n";
    const std::string key = "key = \"transfer.example\"\n";
    const std::string tls = "tls = \"controller\"\n";
    const std::string report = "report = true\n";
    const auto is_one = [](const std::string& text) {
        const auto config = read(text);
        EXPECT_TRUE(config.has_value()) << to_text(config.error());
        const FollowedCatalog& catalog = config->followed_catalogs.at(0);
        EXPECT_EQ(catalog.catalog.is_of_controller, catalog.source_of({}).is_of_controller);
        return catalog.catalog.is_of_controller;
    };
    EXPECT_TRUE(is_one(profile + certificate + follow + key + tls + report));
    EXPECT_FALSE(is_one(profile + follow + key + tls + report)) << "no certificate";
    EXPECT_FALSE(is_one(profile + certificate + follow + tls + report)) << "no key";
    EXPECT_FALSE(is_one(profile + certificate + follow + key + report)) << "no TLS";
    EXPECT_FALSE(is_one(profile + certificate + follow + key + tls)) << "no reports";
    const auto elsewhere = read(profile + certificate + follow + key + tls + report +
                                "[catalog.follow.members]\nprimaries = [\"192.0.2.2\"]\n");
    ASSERT_TRUE(elsewhere.has_value()) << to_text(elsewhere.error());
    EXPECT_TRUE(elsewhere->followed_catalogs.at(0).catalog.is_of_controller);
    EXPECT_FALSE(elsewhere->followed_catalogs.at(0).members.is_of_controller);
}

TEST(TransferConfig, APublishedCatalogTellsWhatItLists) {
    const auto config = read(R"([[catalog.publish]]
zone = "catalog.example"
serials = false
zones = ["subtree:example.org"]
[[catalog.publish.group]]
name = "signed"
zones = ["example.org"]
[[catalog.publish.move]]
to = "other.example"
zones = ["a.example.org"]
)");
    ASSERT_TRUE(config.has_value()) << to_text(config.error());
    const PublishedCatalog& catalog = config->published_catalogs.at(0);
    EXPECT_FALSE(catalog.has_serials);
    EXPECT_TRUE(catalog.zones.at(0).holds_for(name("www.example.org.")));
    EXPECT_EQ(catalog.groups.at(0).name, "signed");
    EXPECT_EQ(catalog.moves.at(0).to, name("other.example."));
    EXPECT_EQ(config->catalogs(), std::vector{name("catalog.example.")});
}

TEST(TransferConfig, ACatalogHasOneSection) {
    const auto config = read(R"([[catalog.publish]]
zone = "catalog.example"
[[catalog.follow]]
zone = "Catalog.example"
primaries = ["192.0.2.1"]
)");
    ASSERT_FALSE(config.has_value());
    EXPECT_NE(config.error().message.find("has a section already"), std::string::npos);
}

TEST(TransferConfig, AZonesOwnListReplacesTheGeneralOne) {
    const auto config = read(std::string(kKey) + R"([transfer]
allow = ["192.0.2.0/24"]
[[transfer.zone]]
zone = "example.org"
allow = ["key:transfer.example"]
)");
    ASSERT_TRUE(config.has_value());
    const TsigKey& key = *config->keys.find(name("transfer.example."));
    const auto& own = config->policy_for(name("EXAMPLE.org.")).allow;
    const auto& general = config->policy_for(name("example.net.")).allow;
    EXPECT_FALSE(is_allowed(own, ip("192.0.2.1"), nullptr));
    EXPECT_TRUE(is_allowed(own, ip("198.51.100.1"), &key));
    EXPECT_TRUE(is_allowed(general, ip("192.0.2.1"), nullptr));
    EXPECT_FALSE(is_allowed(general, ip("198.51.100.1"), &key));
}

TEST(TransferConfig, AnEntryHoldsWhenAllThatItNamesDoes) {
    const AccessList list{*parse_access_entry("192.0.2.1 key:k")};
    const TsigKey key{name("K."), Hash::Sha256, {1}};
    const TsigKey other{name("other."), Hash::Sha256, {1}};
    EXPECT_TRUE(is_allowed(list, ip("192.0.2.1"), &key));
    EXPECT_FALSE(is_allowed(list, ip("192.0.2.1"), nullptr));
    EXPECT_FALSE(is_allowed(list, ip("192.0.2.1"), &other));
    EXPECT_FALSE(is_allowed(list, ip("192.0.2.2"), &key));
}

TEST(TransferConfig, MistakesAreToldWithThePlaceAndTheWayOut) {
    struct Case {
        const char* text;
        const char* part;
    };
    for (const Case& each : {
             Case{"[[key]]\nsecret = \"c2VjcmV0\"\n", "name"},
             Case{"[[key]]\nname = \"k\"\n", "secret"},
             Case{"[[key]]\nname = \"k\"\nsecret = \"not base64!\"\n", "base64"},
             Case{"[[key]]\nname = \"k\"\nsecret_file = \"/nonexistent\"\n", "/nonexistent"},
             Case{"[[key]]\nname = \"k\"\nalgorithm = \"md4\"\nsecret = \"c2VjcmV0\"\n",
                  "hmac-sha256"},
             Case{"[transfer]\nallow = [\"key:nobody\"]\n", "nobody"},
             Case{"[transfer]\nallow = [\"\"]\n", "empty"},
             Case{"[transfer]\nallow = [\"192.0.2.1 192.0.2.2\"]\n", "two addresses"},
             Case{"[transfer]\nnotify = [\"nobody\"]\n", "notify"},
             Case{"[transfer]\nnotify_key = \"nobody\"\n", "nobody"},
             Case{"[[secondary]]\nzone = \"a\"\n", "primaries"},
             Case{"[[secondary]]\nzone = \"a\"\nprimaries = []\n", "empty"},
             Case{"[[secondary]]\nzone = \"a\"\nprimaries = [\"::1\"]\nkey = \"k\"\n", "k."},
             Case{"[transfer]\nalow = []\n", "allow"},
             Case{"[[update.zone]]\nzone = \"a\"\n", "allow"},
             Case{"[[update.zone]]\nzone = \"a\"\nallow = [\"key:nobody\"]\n", "nobody"},
             Case{"[[update.zone]]\nzone = \"a\"\nallow = [\"::1\"]\ntypes = [\"AB\"]\n", "AB"},
             Case{"[[transfer.zone]]\nallow = []\n", "zone"},
             Case{"[[transfer.zone]]\nzone = \"a.\"\n[[transfer.zone]]\nzone = \"A\"\n", "already"},
         }) {
        EXPECT_NE(problem_of(each.text).find(each.part), std::string::npos)
            << each.text << "\n"
            << problem_of(each.text);
        EXPECT_NE(problem_of(each.text).find("node.toml"), std::string::npos);
    }
}

}  // namespace
}  // namespace nearcast::transfer
