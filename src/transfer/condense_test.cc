// SPDX-License-Identifier: Apache-2.0

#include "transfer/condense.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "dns/name.h"

namespace nearcast::transfer {
namespace {

using Bytes = std::vector<uint8_t>;
using Words = std::vector<std::string>;

// "-a" removes the record a, "+a" adds it; "+a/600" with a TTL other than 300.
zone::Changeset step(uint32_t serial, const Words& words) {
    zone::Changeset changes;
    const dns::Name apex = *dns::parse_name("example.org.");
    const auto put = [&](bool is_added, const zone::RecordView& record) {
        is_added ? changes.add(record) : changes.remove(record);
    };
    for (const bool is_added : {false, true}) {
        Bytes rdata(22);
        base::store_u32(&rdata[2], serial + (is_added ? 1 : 0));
        put(is_added, {apex.wire(), dns::RRType::SOA, 300, rdata});
    }
    for (const std::string& word : words) {
        const size_t slash = word.find('/');
        const uint32_t ttl = slash == std::string::npos
                                 ? 300
                                 : static_cast<uint32_t>(std::stoul(word.substr(slash + 1)));
        const dns::Name owner = *dns::parse_name(word.substr(1, slash - 1), &apex);
        const Bytes rdata{192, 0, 2, 1};
        put(word[0] == '+', {owner.wire(), dns::RRType::A, ttl, rdata});
    }
    return changes;
}

// The outcome in the same words, sorted; or the error.
Words together(const std::vector<Words>& steps) {
    std::vector<zone::Changeset> row;
    for (const Words& words : steps) row.push_back(step(static_cast<uint32_t>(row.size()), words));
    const auto changes = condense(row);
    if (!changes) return {changes.error().message};
    EXPECT_TRUE(changes->is_complete());
    EXPECT_EQ(changes->from_serial(), 0U);
    EXPECT_EQ(changes->to_serial(), steps.size());
    Words words;
    for (const bool is_added : {false, true}) {
        zone::RecordSequence records(is_added ? changes->added() : changes->removed());
        zone::RecordView record;
        while (records.next(record)) {
            if (record.type == dns::RRType::SOA) continue;
            const std::string owner = dns::to_text(record.owner);
            words.push_back((is_added ? "+" : "-") + owner.substr(0, owner.find('.')) +
                            (record.ttl == 300 ? "" : "/" + std::to_string(record.ttl)));
        }
    }
    std::ranges::sort(words);
    return words;
}

TEST(Condense, KeepsWhatIsDifferentInTheEnd) {
    EXPECT_EQ(together({{"-a", "+b"}, {"+c"}}), (Words{"+b", "+c", "-a"}));
    EXPECT_EQ(together({{"+a"}, {"-a"}}), Words{});
    EXPECT_EQ(together({{"-a"}, {"+a"}}), Words{});
    EXPECT_EQ(together({{"-a"}, {"+a"}, {"-a"}}), Words{"-a"});
    EXPECT_EQ(together({{"+a"}, {"-a"}, {"+a"}}), Words{"+a"});
}

TEST(Condense, ANewTtlIsAChange) {
    EXPECT_EQ(together({{"-a", "+a/600"}, {"+b"}}), (Words{"+a/600", "+b", "-a"}));
    EXPECT_EQ(together({{"-a", "+a/600"}, {"-a/600", "+a"}}), Words{});
}

TEST(Condense, OwnersAreTheSameInAnyCase) { EXPECT_EQ(together({{"+a"}, {"-A"}}), Words{}); }

TEST(Condense, StepsThatContradictEachOtherAreRefused) {
    EXPECT_NE(together({{"+a"}, {"+a"}}).at(0).find("added twice"), std::string::npos);
    EXPECT_NE(together({{"-a"}, {"-a"}}).at(0).find("removed twice"), std::string::npos);
}

}  // namespace
}  // namespace nearcast::transfer
