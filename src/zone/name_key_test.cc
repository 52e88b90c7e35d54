// SPDX-License-Identifier: Apache-2.0

#include "zone/name_key.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dns/name.h"

namespace nearcast::zone {
namespace {

dns::Name name_of(const std::string& text) { return *dns::parse_name(text); }

uint64_t key_of(const std::string& text) {
    return name_key(name_of(text).wire(), name_of("example.").wire().size());
}

// RFC 4034 §6.1, and what it says of absent octets.
TEST(NameKey, FollowsTheCanonicalOrder) {
    const std::vector<std::string> names = {
        "example.",         "a.example.", "yljkjljk.a.example.", "Z.a.example.",
        "zABC.a.EXAMPLE.",  "z.example.", "\\002.z.example.",    "*.z.example.",
        "\\200.z.example.", "zz.example."};
    for (size_t i = 1; i < names.size(); ++i) {
        EXPECT_LT(key_of(names[i - 1]), key_of(names[i])) << names[i];
    }
}

TEST(NameKey, SaysNothingWhereItCannotTell) {
    EXPECT_EQ(key_of("\\000.example."), key_of("\\001.example."));
    EXPECT_EQ(key_of("\\000z.example."), key_of("\\001a.example."));
    EXPECT_EQ(key_of("abcdefgh.example."), key_of("abcdefghi.example."));
    EXPECT_EQ(key_of("a.abcdefgh.example."), key_of("abcdefgh.example."));
}

TEST(NameKey, NeverContradictsTheOrder) {
    std::mt19937_64 random(1);
    const auto below = [&](size_t limit) { return random() % limit; };
    const std::string octets("\0\1\2*-aAbz\xFF", 10);
    std::vector<dns::Name> names;
    for (size_t i = 0; i < 400; ++i) {
        dns::Name name;
        for (size_t labels = below(4); labels > 0; --labels) {
            std::string label;
            for (size_t size = 1 + below(5); size > 0; --size)
                label += octets[below(octets.size())];
            ASSERT_TRUE(name.append(label));
        }
        ASSERT_TRUE(name.append("example"));
        names.push_back(name);
    }
    const size_t apex_size = name_of("example.").wire().size();
    for (const dns::Name& a : names) {
        for (const dns::Name& b : names) {
            const auto keys = name_key(a.wire(), apex_size) <=> name_key(b.wire(), apex_size);
            if (keys == 0) continue;
            EXPECT_EQ(keys, dns::canonical_order(a.wire(), b.wire()));
        }
    }
}

}  // namespace
}  // namespace nearcast::zone
