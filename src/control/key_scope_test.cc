// SPDX-License-Identifier: Apache-2.0

#include "control/key_scope.h"

#include <gtest/gtest.h>

namespace nearcast::control {
namespace {

dns::Name name(const char* text) { return *dns::parse_name(text); }

TEST(KeyScope, LimitsNothingThatItDoesNotSay) {
    const KeyScope scope;
    EXPECT_TRUE(scope.covers_all());
    EXPECT_TRUE(scope.covers_zone(name("example.org.")));
    EXPECT_TRUE(scope.covers_set(name("www.example.org."), dns::RRType::A));
    EXPECT_TRUE(scope.is_usable(*base::parse_ip_address("192.0.2.1"), Timestamp(1)));
}

TEST(KeyScope, CoversWhatItSays) {
    KeyScope scope;
    scope.zones = {"example.org", "subtree:customers.example"};
    scope.names = {"match:_acme-challenge.*.example.org"};
    scope.types = {dns::RRType::TXT};
    scope.sources = {*base::parse_ip_prefix("192.0.2.0/24")};
    scope.expires_at = Timestamp(100);
    EXPECT_TRUE(scope.covers_zone(name("Example.org.")));
    EXPECT_FALSE(scope.covers_zone(name("sub.example.org.")));
    EXPECT_TRUE(scope.covers_zone(name("a.customers.example.")));
    EXPECT_TRUE(scope.covers_set(name("_acme-challenge.www.example.org."), dns::RRType::TXT));
    EXPECT_FALSE(scope.covers_set(name("_acme-challenge.www.example.org."), dns::RRType::A));
    EXPECT_FALSE(scope.covers_set(name("www.example.org."), dns::RRType::TXT));
    EXPECT_TRUE(scope.is_usable(*base::parse_ip_address("192.0.2.9"), Timestamp(99)));
    EXPECT_FALSE(scope.is_usable(*base::parse_ip_address("192.0.2.9"), Timestamp(100)));
    EXPECT_FALSE(scope.is_usable(*base::parse_ip_address("198.51.100.1"), Timestamp(99)));
}

TEST(KeyScope, CoversAWholeZoneOnlyWithAllItsNamesAndTypes) {
    const dns::Name zone = name("example.org.");
    KeyScope scope;
    EXPECT_TRUE(scope.covers_whole_zone(zone));
    scope.names = {"subtree:example.org"};
    EXPECT_TRUE(scope.covers_whole_zone(zone));
    scope.names = {"example.org", "match:*.example.org", "subtree:www.example.org"};
    EXPECT_FALSE(scope.covers_whole_zone(zone));
    scope.names = {};
    scope.types = {dns::RRType::TXT};
    EXPECT_FALSE(scope.covers_whole_zone(zone));
    scope.types = {};
    scope.zones = {"example.net"};
    EXPECT_FALSE(scope.covers_whole_zone(zone));
}

TEST(KeyScope, ComesBackFromTextAsItWas) {
    KeyScope scope;
    scope.zones = {"subtree:example.org"};
    scope.names = {"www.example.org"};
    scope.types = {dns::RRType::TXT, dns::RRType::A};
    scope.sources = {*base::parse_ip_prefix("2001:db8::/32")};
    scope.right = Right::Change;
    scope.expires_at = Timestamp(12345);
    const KeyScope read = decode_scope(encode_scope(scope));
    EXPECT_EQ(encode_scope(read), encode_scope(scope));
    EXPECT_EQ(read.right, Right::Change);
    EXPECT_EQ(read.sources, scope.sources);
}

TEST(KeyScope, TellsAPatternThatIsNone) {
    KeyScope scope;
    EXPECT_TRUE(check(scope));
    scope.names = {"subtree:a..b"};
    EXPECT_FALSE(check(scope));
    EXPECT_FALSE(scope.covers_set(name("a.b."), dns::RRType::A));
    scope.names = {"a\nright=manage"};
    EXPECT_FALSE(check(scope));
}

TEST(KeyScope, RefusesALimitThatIsMisspelled) {
    KeyScope scope;
    for (const char* text :
         {"example.org", "*.example.org.", "subtree:example.org", "subtree:.",
          "match:*.*.example.org", "_acme-challenge.example.org", "a\\032b.org"}) {
        scope.zones = {text};
        EXPECT_TRUE(check(scope)) << text;
    }
    // Each would be taken for one strange name, and cover nothing.
    for (const char* text : {"subtre:example.org", "subtree:match:example.org", "example.org:53",
                             "example.org,example.com", "example.org example.com", " example.org",
                             "b\xC3\xBC"
                             "cher.example",
                             "subtree:b\xC3\xBC"
                             "cher.example"}) {
        scope.zones = {text};
        EXPECT_FALSE(check(scope)) << text;
    }
}

}  // namespace
}  // namespace nearcast::control
