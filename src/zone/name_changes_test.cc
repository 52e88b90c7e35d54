// SPDX-License-Identifier: Apache-2.0

#include "zone/name_changes.h"

#include <array>
#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

// A change as large as one may be has millions of records of one name. Looking at each pair of this
// many takes minutes, looking each one up less than a second.
TEST(ChangedRecords, OfOneNameMayBeMany) {
    constexpr uint32_t kCount = 300'000;
    const dns::Name name = *dns::parse_name("many.example.org.");
    std::vector<std::array<uint8_t, 4>> addresses(kCount);
    NameChange change;
    for (uint32_t i = 0; i < kCount; ++i) {
        base::store_u32(addresses[i].data(), i);
        change.added.push_back({name.wire(), dns::RRType::A, 60, addresses[i]});
    }
    const auto start = std::chrono::steady_clock::now();
    const auto records = changed_records(Node(), change);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
    ASSERT_TRUE(records);
    EXPECT_EQ(records->size(), kCount);
    change.added.push_back(change.added[kCount / 2]);
    EXPECT_FALSE(changed_records(Node(), change));
}

TEST(ChangedRecords, KeepSignaturesOverNothing) {
    const ImageBlock zone = image_of(
        "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\na 60 A 192.0.2.1\na 60 TXT x\n"
        "a 60 RRSIG A 13 3 60 20310101000000 20250101000000 1 example.org. q80=\n"
        "a 60 RRSIG TXT 13 3 60 20310101000000 20250101000000 1 example.org. q80=\n");
    const auto changes =
        change_of("@ 60 SOA ns h 1 2 3 4 5\na 60 A 192.0.2.1\n", "@ 60 SOA ns h 2 2 3 4 5\n");
    const Version version(zone.image());
    const auto names = name_changes(version, changes);
    ASSERT_TRUE(names);
    const dns::Name name = *dns::parse_name("a.example.org.");
    const auto records =
        changed_records(find_any(version, name.wire()), names->find(name.wire())->second);
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 3U);
    EXPECT_EQ((*records)[0].type, dns::RRType::RRSIG);
    EXPECT_EQ((*records)[1].type, dns::RRType::TXT);
    EXPECT_EQ((*records)[2].type, dns::RRType::RRSIG);
}

}  // namespace
}  // namespace nearcast::zone
