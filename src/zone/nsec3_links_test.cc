// SPDX-License-Identifier: Apache-2.0

#include "zone/nsec3_links.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace nearcast::zone {
namespace {

using Hash = dnssec::Nsec3Hash;

std::vector<Nsec3Link> links_of(std::vector<Hash> hashes) {
    std::ranges::sort(hashes);
    std::vector<Nsec3Link> links;
    for (const Hash& hash : hashes) links.push_back({hash, static_cast<Ref>(links.size())});
    return links;
}

Hash random_hash(std::mt19937_64& random) {
    Hash hash;
    for (uint8_t& byte : hash) byte = static_cast<uint8_t>(random());
    return hash;
}

// What it is by definition: the last link that is not above the hash, or the last of all.
Nsec3Place place_by_walking(const std::vector<Nsec3Link>& links, const Hash& hash) {
    auto link = static_cast<uint32_t>(links.size() - 1);
    for (uint32_t i = 0; i < links.size() && links[i].hash <= hash; ++i) link = i;
    return {link, links[link].hash == hash};
}

void expect_right_places(const std::vector<Nsec3Link>& links, const std::vector<Hash>& hashes) {
    for (const Hash& hash : hashes) {
        const Nsec3Place place = find_nsec3_place(links, hash);
        const Nsec3Place right = place_by_walking(links, hash);
        ASSERT_EQ(place.link, right.link);
        ASSERT_EQ(place.is_match, right.is_match);
    }
}

TEST(Nsec3Links, AreFoundByHash) {
    std::mt19937_64 random(1);
    for (const size_t count : {1U, 2U, 3U, 16U, 17U, 100U, 5000U}) {
        std::vector<Hash> hashes(count);
        for (Hash& hash : hashes) hash = random_hash(random);
        const auto links = links_of(hashes);
        for (size_t i = 0; i < 200; ++i) hashes.push_back(random_hash(random));
        hashes.push_back(Hash{});
        hashes.emplace_back().fill(0xFF);
        if (hashes.size() > 500) hashes.erase(hashes.begin() + 100, hashes.end() - 400);
        expect_right_places(links, hashes);
    }
}

// Hashes that were chosen: all but one begin with the same bytes, or each is half of the next.
TEST(Nsec3Links, AreFoundAmongHashesThatLieUnevenly) {
    std::vector<Hash> same_head;
    std::vector<Hash> halves;
    for (uint8_t i = 0; i < 200; ++i) {
        Hash hash{};
        hash[0] = 0x7F;
        hash[19] = i;
        same_head.push_back(hash);
        hash = {};
        hash[i / 8 % 20] = static_cast<uint8_t>(0x80 >> (i % 8));
        halves.push_back(hash);
    }
    std::ranges::sort(halves);
    halves.erase(std::unique(halves.begin(), halves.end()), halves.end());
    same_head.emplace_back().fill(0xFE);
    for (const auto& hashes : {same_head, halves}) {
        expect_right_places(links_of(hashes), same_head);
        expect_right_places(links_of(hashes), halves);
    }
}

}  // namespace
}  // namespace nearcast::zone
