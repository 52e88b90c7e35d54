// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_table.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "zone/apply.h"
#include "zone/compile.h"
#include "zone/image_builder.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

class ZoneTableTest : public testing::Test {
 protected:
    void publish(std::string_view apex, uint32_t serial = 1) {
        const std::string text =
            "@ 60 SOA n. h. " + std::to_string(serial) + " 2 3 4 5\n@ 60 NS n.\n";
        table_.publish(std::move(compile_zone_text(*dns::parse_name(apex), text).image));
    }
    bool withdraw(std::string_view apex) { return table_.withdraw(*dns::parse_name(apex)); }

    // The serial of the zone with this apex; 0 if there is none.
    uint32_t serial_of(std::string_view apex) {
        const HashedName name(dns::parse_name(apex)->wire());
        const auto zone = table_.find(name.hash(), name.wire());
        EXPECT_EQ(table_.prefetch_version(name.hash()), zone ? zone->newest().block() : nullptr);
        return zone ? zone->serial() : 0;
    }

    ZoneTable table_;
};

TEST_F(ZoneTableTest, FindsWhatWasPublishedInAnyCase) {
    EXPECT_EQ(serial_of("example.org."), 0U);
    publish("Example.ORG.", 7);
    EXPECT_EQ(serial_of("example.org."), 7U);
    EXPECT_EQ(serial_of("org."), 0U);
    EXPECT_EQ(serial_of("www.example.org."), 0U);
    EXPECT_EQ(table_.label_count_max(), 2U);
}

TEST_F(ZoneTableTest, ReplacesAZone) {
    publish("example.org.", 7);
    publish("example.org.", 8);
    EXPECT_EQ(serial_of("example.org."), 8U);
    EXPECT_EQ(table_.size(), 1U);
}

TEST_F(ZoneTableTest, ForgetsAZoneAndTakesItAgain) {
    publish("example.org.", 7);
    EXPECT_TRUE(withdraw("example.org."));
    EXPECT_FALSE(withdraw("example.org."));
    EXPECT_EQ(serial_of("example.org."), 0U);
    EXPECT_EQ(table_.size(), 0U);
    publish("example.org.", 9);
    EXPECT_EQ(serial_of("example.org."), 9U);
}

TEST_F(ZoneTableTest, TellsWhichHaveNoData) {
    EXPECT_EQ(table_.unavailable_count(), 0U);
    const auto empty = [](const char* apex) {
        return build_unavailable_image(*dns::parse_name(apex));
    };
    publish("example.org.");
    table_.publish(empty("example.org."));
    table_.publish(empty("example.net."));
    table_.publish(empty("example.net."));
    table_.publish(empty("example.com."));
    publish("example.com.");
    EXPECT_EQ(table_.unavailable_count(), 2U);
    std::vector<std::string> names;
    for (const dns::Name& name : table_.unavailable()) names.push_back(dns::to_text(name));
    std::ranges::sort(names);
    EXPECT_EQ(names, (std::vector<std::string>{"example.net.", "example.org."}));
    EXPECT_TRUE(withdraw("example.net."));
    EXPECT_EQ(table_.unavailable_count(), 1U);
}

TEST_F(ZoneTableTest, HoldsTheRoot) {
    publish(".", 3);
    EXPECT_EQ(serial_of("."), 3U);
}

TEST_F(ZoneTableTest, GrowsWithoutLosingAny) {
    for (uint32_t i = 1; i <= 1000; ++i) publish("z" + std::to_string(i) + ".example.", i);
    for (uint32_t i = 1; i <= 1000; i += 2) withdraw("z" + std::to_string(i) + ".example.");
    for (uint32_t i = 1001; i <= 2000; ++i) publish("z" + std::to_string(i) + ".example.", i);
    EXPECT_EQ(table_.size(), 1500U);
    for (uint32_t i = 1; i <= 2000; ++i) {
        const uint32_t expected = i <= 1000 && i % 2 == 1 ? 0 : i;
        ASSERT_EQ(serial_of("z" + std::to_string(i) + ".example."), expected);
    }
}

TEST_F(ZoneTableTest, KeepsAReplacedZoneUntilItsReadersHaveGoneOn) {
    publish("example.org.", 7);
    base::Quiescence::Reader reader(table_.quiescence());
    reader.online();
    const HashedName name(dns::parse_name("example.org.")->wire());
    const auto held = table_.find(name.hash(), name.wire());
    publish("example.org.", 8);
    EXPECT_EQ(table_.collect(), 1U);
    EXPECT_EQ(held->serial(), 7U);
    reader.offline();
    EXPECT_EQ(table_.collect(), 0U);
}

// A zone so large that changes to it are deltas.
class LargeZoneTest : public testing::Test {
 protected:
    static constexpr size_t kHosts = 1200;

    LargeZoneTest() {
        std::string text = soa(1) + "@ 60 NS ns\n";
        for (size_t i = 0; i < kHosts; ++i) text += host(i) + " 60 TXT 0\n";
        table_.publish(image_of(text));
    }

    static std::string soa(uint32_t serial) {
        return "@ 60 SOA ns h " + std::to_string(serial) + " 2 3 4 5\n";
    }
    static std::string host(size_t number) { return "host" + std::to_string(number); }

    PinnedVersion pin() { return *table_.pin(apex_); }

    // The next version: another text at a host, whose old one is `before`.
    ImageBlock change(size_t number, uint32_t before, uint32_t after) {
        const auto pinned = pin();
        const uint32_t serial = pinned.version().serial();
        const auto text = [&](uint32_t value) {
            return host(number) + " 60 TXT " + std::to_string(value) + "\n";
        };
        auto next = next_version(
            pinned.version(), change_of(soa(serial) + text(before), soa(serial + 1) + text(after)));
        EXPECT_TRUE(next) << next.error().message;
        return next ? *std::move(next) : ImageBlock();
    }

    // What the host says; it must be there.
    static std::string text_at(const Version& version, size_t number) {
        const HashedName name(dns::parse_name(host(number) + ".example.org.")->wire());
        const Node node = version.find(name.hash(), name.wire());
        RecordView record;
        NodeRecords records(node);
        return records.next(record) ? dns::rdata_to_text(record.type, record.rdata) : "";
    }

    const dns::Name apex_ = *dns::parse_name("example.org.");
    ZoneTable table_;
};

TEST_F(LargeZoneTest, ChangesByADeltaAndIsFoldedInTime) {
    size_t deltas = 0;
    for (size_t i = 0; i < 100; ++i) {
        ImageBlock next = change(i, 0, 1);
        if (next.image().is_delta()) ++deltas;
        ASSERT_TRUE(table_.publish(std::move(next)));
    }
    EXPECT_GT(deltas, 90U);
    EXPECT_LT(deltas, 100U);
    EXPECT_EQ(pin().version().serial(), 101U);
    EXPECT_EQ(text_at(pin().version(), 7), "\"1\"");
    EXPECT_EQ(text_at(pin().version(), 700), "\"0\"");
    EXPECT_EQ(table_.collect(), 0U);
}

TEST_F(LargeZoneTest, KeepsTheBaseOfAVersionThatIsHeld) {
    table_.publish(change(1, 0, 1));
    const auto held = pin();
    ASSERT_TRUE(held.version().has_delta());
    table_.publish(change(1, 1, 2));
    table_.publish(*fold(pin().version()));
    table_.withdraw(apex_);
    EXPECT_EQ(table_.collect(), 0U);
    EXPECT_EQ(text_at(held.version(), 1), "\"1\"");
    EXPECT_EQ(text_at(held.version(), 2), "\"0\"");
}

TEST_F(LargeZoneTest, RefusesADeltaOverAnotherBase) {
    ImageBlock late = change(1, 0, 1);
    ASSERT_TRUE(late.image().is_delta());
    table_.publish(*fold(pin().version()));
    EXPECT_FALSE(table_.publish(std::move(late)));
    EXPECT_EQ(pin().version().serial(), 1U);
}

TEST_F(LargeZoneTest, IsReadWhileItChanges) {
    constexpr uint32_t kChanges = 200;  // Several deltas are folded.
    std::atomic<bool> is_over = false;
    std::atomic<size_t> wrong = 0;
    const auto read = [&] {
        base::Quiescence::Reader reader(table_.quiescence());
        const HashedName apex(apex_.wire());
        reader.online();
        while (!is_over.load()) {
            const auto version = table_.find(apex.hash(), apex.wire());
            // Each change writes the serial that it makes.
            const size_t number = (version->serial() - 1) % kHosts;
            const std::string expected = '"' + std::to_string(version->serial()) + '"';
            const bool is_first = version->serial() == 1;
            if (!is_first && text_at(*version, number) != expected) ++wrong;
            reader.quiescent();
        }
        reader.offline();
    };
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) readers.emplace_back(read);
    for (uint32_t serial = 2; serial < 2 + kChanges; ++serial) {
        ASSERT_TRUE(table_.publish(change(serial - 1, 0, serial)));
    }
    is_over = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(wrong.load(), 0U);
}

}  // namespace
}  // namespace nearcast::zone
