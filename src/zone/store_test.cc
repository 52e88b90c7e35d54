// SPDX-License-Identifier: Apache-2.0

// Damage and crashes: whatever happens to the files, a start serves what was acknowledged, or says
// what is lost and serves an earlier version; never anything else.

#include "zone/store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zone/disk_fixture.h"
#include "zone/ledger.h"
#include "zone/segment_list.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

const dns::Name kApex = *dns::parse_name("example.org.");
const ZoneOrigin kPrimary = {.kind = ZoneOrigin::Kind::Primary};

std::string soa(uint32_t serial) {
    return "@ 60 SOA n. h. " + std::to_string(serial) + " 2 3 4 5\n";
}

ImageBlock version_of(uint32_t serial) {
    return image_of(soa(serial) + "@ 60 NS n.\ns" + std::to_string(serial) + " 60 A 192.0.2.1\n");
}

Changeset step_to(uint32_t serial) {
    const auto own = [](uint32_t number) {
        return "s" + std::to_string(number) + " 60 A 192.0.2.1\n";
    };
    return change_of(soa(serial - 1) + own(serial - 1), soa(serial) + own(serial));
}

// What a start makes of a disk.
struct Outcome {
    std::optional<uint32_t> serial;  // None: nothing good was found.
    bool is_right = true;            // What is served is the version with this serial.
    bool is_told = false;

    friend std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
        return out << (outcome.serial ? std::to_string(*outcome.serial) : "nothing")
                   << (outcome.is_right ? "" : ", wrong") << (outcome.is_told ? ", told" : "");
    }
};

Outcome start(const FakeDisk& disk) {
    ZoneTable table;
    const auto ledger = ZoneLedger::open(disk.share(), table, {});
    if (!ledger) return {.serial = {}, .is_told = true};
    Outcome outcome;
    const auto restored = (*ledger)->restore(kApex);
    const auto state = (*ledger)->state(kApex);
    outcome.is_told =
        !(*ledger)->damages().empty() || (state && !state->damages.empty()) || !restored;
    if (!restored) return outcome;
    const auto pinned = table.pin(kApex);
    outcome.serial = pinned->version().serial();
    outcome.is_right = text_of(pinned->version()) == text_of(version_of(*outcome.serial));
    // What it says of the way here must be right too.
    for (uint32_t from = 5; from < *outcome.serial; ++from) {
        const auto changes = (*ledger)->changes_since(kApex, from);
        if (!changes) continue;
        outcome.is_right &= changes->size() == *outcome.serial - from;
        for (const Changeset& each : *changes) {
            outcome.is_right &= encode_changes(each) == encode_changes(step_to(each.to_serial()));
        }
    }
    return outcome;
}

// A store with serials 5 to 9: an image, changes, an image, changes.
class Damage : public testing::Test {
 protected:
    void SetUp() override {
        ZoneTable table;
        const auto ledger = *ZoneLedger::open(disk_.share(), table, {});
        ASSERT_TRUE(ledger->replace(kApex, version_of(5), kPrimary));
        ASSERT_TRUE(ledger->apply(kApex, step_to(6)));
        ASSERT_TRUE(ledger->replace(kApex, version_of(7), kPrimary));
        ASSERT_TRUE(ledger->apply(kApex, step_to(8)));
        ASSERT_TRUE(ledger->apply(kApex, step_to(9)));
        ASSERT_EQ(disk_.files().size(), 2U);  // The segment and the list.
        whole_ = bytes();
    }
    std::vector<uint8_t>& bytes() { return disk_.files().begin()->second->bytes; }

    FakeDisk disk_;
    std::vector<uint8_t> whole_;
};

TEST_F(Damage, IsNotSeenWhereThereIsNone) {
    const Outcome outcome = start(disk_);
    EXPECT_EQ(outcome.serial, 9U);
    EXPECT_TRUE(outcome.is_right);
    EXPECT_FALSE(outcome.is_told);
}

TEST_F(Damage, OfAnyByteIsToldOrHarmless) {
    for (size_t at = 0; at < whole_.size(); ++at) {
        disk_.files().begin()->second->bytes = whole_;
        bytes()[at] ^= 0x41;
        const Outcome outcome = start(disk_);
        EXPECT_TRUE(outcome.is_right) << "byte " << at << ": " << outcome;
        EXPECT_TRUE(outcome.is_told || outcome.serial == 9U) << "byte " << at << ": " << outcome;
        EXPECT_GE(outcome.serial.value_or(0), 5U) << "byte " << at << ": " << outcome;
    }
}

TEST_F(Damage, ByACutAnywhereLeavesAnEarlierVersion) {
    uint32_t serial = 0;
    for (size_t size = 0; size <= whole_.size(); ++size) {
        const std::string name = Segment::name_of(1);
        disk_.files().clear();
        disk_.files()[name] = std::make_shared<FakeDisk::File>();
        disk_.files()[name]->bytes.assign(whole_.begin(),
                                          whole_.begin() + static_cast<ptrdiff_t>(size));
        const Outcome outcome = start(disk_);
        EXPECT_TRUE(outcome.is_right) << "size " << size << ": " << outcome;
        EXPECT_GE(outcome.serial.value_or(0), serial) << "size " << size << ": " << outcome;
        serial = outcome.serial.value_or(0);
    }
    EXPECT_EQ(serial, 9U);
}

TEST_F(Damage, IsGoneOnceTheZoneWasStoredAgain) {
    bytes()[whole_.size() - 100] ^= 0x41;
    {
        ZoneTable table;
        const auto ledger = *ZoneLedger::open(disk_.share(), table, {});
        ASSERT_TRUE(ledger->restore(kApex));
        EXPECT_EQ(table.pin(kApex)->version().serial(), 8U);
        ASSERT_EQ(ledger->state(kApex)->damages.size(), 2U);
        EXPECT_EQ(ledger->state(kApex)->damages.back(), "serving serial 8; 9 is lost");
        EXPECT_EQ(ledger->state(kApex)->lost_serial, 9U);
        ASSERT_TRUE(ledger->replace(kApex, version_of(9), kPrimary));
    }
    const Outcome outcome = start(disk_);
    EXPECT_EQ(outcome.serial, 9U);
    EXPECT_TRUE(outcome.is_right);
}

TEST_F(Damage, OfTheOnlyImageLetsTheSerialsBehindItBeKnown) {
    FakeDisk disk;
    {
        ZoneTable table;
        const auto ledger = *ZoneLedger::open(disk.share(), table, {});
        ASSERT_TRUE(ledger->replace(kApex, version_of(5), kPrimary));
        ASSERT_TRUE(ledger->apply(kApex, step_to(6)));
    }
    disk.files().begin()->second->bytes[kEntriesAt + 200] ^= 0x41;
    ZoneTable table;
    const auto ledger = *ZoneLedger::open(disk.share(), table, {});
    EXPECT_FALSE(ledger->restore(kApex));
    EXPECT_EQ(ledger->state(kApex)->lost_serial, 6U);
    EXPECT_EQ(ledger->state(kApex)->damages.back(),
              "serving nothing that was stored; 5 and 6 are lost");
}

TEST_F(Damage, BehindWhichAZoneHasEntriesOfItsOwnMakingIsNoWayIn) {
    // A zone whose data are entries: found only if its bytes could pass for them.
    const std::vector<uint8_t> forged(bytes().begin() + kEntriesAt, bytes().end());
    bytes().insert(bytes().end(), forged.begin(), forged.end());
    EXPECT_EQ(start(disk_).serial, 9U);
    FakeDisk other;
    {
        ZoneTable table;
        const auto ledger = *ZoneLedger::open(other.share(), table, {});
        ASSERT_TRUE(ledger->replace(kApex, version_of(3), kPrimary));
    }
    auto& victim = other.files().begin()->second->bytes;
    victim.insert(victim.end(), forged.begin(), forged.end());
    EXPECT_EQ(start(other).serial, 3U);
}

// --- Segments that are gone, or not to be read. ---

class LostSegment : public testing::Test {
 protected:
    // Each step has a segment of its own.
    void start() {
        ledger_.reset();
        table_ = std::make_unique<ZoneTable>();
        ledger_ =
            *ZoneLedger::open(disk_.share(), *table_, {.store = {.segment_size = kEntriesAt + 1}});
    }
    std::optional<uint32_t> served() {
        const auto pinned = table_->pin(kApex);
        return pinned ? std::optional(pinned->version().serial()) : std::nullopt;
    }

    FakeDisk disk_;
    std::unique_ptr<ZoneTable> table_;
    std::unique_ptr<ZoneLedger> ledger_;
};

TEST_F(LostSegment, IsToldOnce) {
    start();
    ASSERT_TRUE(ledger_->replace(kApex, version_of(5), kPrimary));
    ASSERT_TRUE(ledger_->replace(kApex, version_of(6), kPrimary));
    ledger_.reset();
    ASSERT_EQ(disk_.files().erase(Segment::name_of(2)), 1U);
    start();
    EXPECT_THAT(ledger_->damages(),
                testing::ElementsAre(testing::HasSubstr(Segment::name_of(2) + ": it is gone")));
    start();
    EXPECT_THAT(ledger_->damages(), testing::IsEmpty());
}

TEST_F(LostSegment, WithTheImageLetsTheZoneBeKnown) {
    start();
    ASSERT_TRUE(ledger_->replace(kApex, version_of(5), kPrimary));
    ASSERT_TRUE(ledger_->apply(kApex, step_to(6)));
    ledger_.reset();
    ASSERT_EQ(disk_.files().erase(Segment::name_of(1)), 1U);
    start();
    ASSERT_EQ(ledger_->states().size(), 1U);
    EXPECT_FALSE(ledger_->restore(kApex));
    EXPECT_EQ(ledger_->state(kApex)->lost_serial, 6U);
}

TEST_F(LostSegment, ThatIsReadableAgainIsOlderThanWhatWasMadeMeanwhile) {
    start();
    ASSERT_TRUE(ledger_->replace(kApex, version_of(5), kPrimary));
    ASSERT_TRUE(ledger_->apply(kApex, step_to(6)));
    ASSERT_TRUE(ledger_->apply(kApex, step_to(7)));
    ledger_.reset();
    for (const auto& [name, file] : disk_.files()) {
        if (Segment::number_of(name)) disk_.close(name);
    }
    start();
    EXPECT_THAT(ledger_->damages(), testing::Contains(testing::HasSubstr("cannot open")));
    EXPECT_FALSE(ledger_->restore(kApex));
    ASSERT_TRUE(ledger_->replace(kApex, version_of(6), kPrimary));
    disk_.let_open();
    start();
    EXPECT_TRUE(ledger_->restore(kApex));
    EXPECT_EQ(served(), 6U);
}

TEST(SegmentList, IsTakenOnlyAsItWasWritten) {
    FakeDisk disk;
    const auto shared = disk.share();
    const std::set<uint64_t> numbers = {1, 5, 200};
    ASSERT_TRUE(write_segment_list(*shared, numbers));
    const std::vector<uint8_t> whole = disk.files().at("segments")->bytes;
    EXPECT_EQ(parse_segment_list(whole), numbers);
    for (size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_segment_list(std::span(whole).first(size))) << size;
    }
    for (size_t at = 0; at < whole.size(); ++at) {
        std::vector<uint8_t> changed = whole;
        changed[at] ^= 1;
        EXPECT_FALSE(parse_segment_list(changed)) << at;
    }
}

// --- Crashes: the disk is gone after any number of steps. ---

// Serials up to this were acknowledged before the crash.
uint32_t work(FakeDisk& disk) {
    ZoneTable table;
    // Little room, so that compaction runs all the time.
    const auto opened = ZoneLedger::open(
        disk.share(), table,
        {.journal_count_max = 2,
         .store = {.segment_size = 4096, .size_max = 1 << 20, .garbage_min = 2048}});
    if (!opened) return 0;
    uint32_t acknowledged = 0;
    for (uint32_t serial = 1; serial <= 40; ++serial) {
        const bool is_whole = serial % 4 == 1;
        bool is_done = false;
        if (is_whole) {
            is_done = (*opened)->replace(kApex, version_of(serial), kPrimary).has_value();
        } else {
            is_done = (*opened)->apply(kApex, step_to(serial)).has_value();
        }
        // From a primary it is served all the same; on disk it is when nothing is the matter.
        if (is_done && !(*opened)->state(kApex)->is_unsaved) acknowledged = serial;
    }
    return acknowledged;
}

TEST(Crash, AtAnyStepLeavesWhatWasAcknowledged) {
    for (const bool keeps_unsynced : {false, true}) {
        for (size_t steps = 0; steps < 260; ++steps) {
            FakeDisk disk;
            disk.crash_after(steps);
            const uint32_t acknowledged = work(disk);
            disk.reboot(keeps_unsynced);
            const Outcome outcome = start(disk);
            EXPECT_TRUE(outcome.is_right) << steps << " steps: " << outcome;
            EXPECT_GE(outcome.serial.value_or(0), acknowledged) << steps << " steps: " << outcome;
        }
    }
}

TEST(Compaction, KeepsTheStoreSmallAndWhatIsServed) {
    FakeDisk disk;
    EXPECT_EQ(work(disk), 40U);
    size_t size = 0;
    for (const auto& [name, file] : disk.files()) size += file->bytes.size();
    EXPECT_LT(size, 24'000U);
    const Outcome outcome = start(disk);
    EXPECT_EQ(outcome.serial, 40U);
    EXPECT_TRUE(outcome.is_right);
    EXPECT_FALSE(outcome.is_told);
}

TEST(GroupCommit, TakesWhatManyThreadsBring) {
    FakeDisk disk;
    ZoneTable table;
    const auto ledger = *ZoneLedger::open(disk.share(), table, {});
    constexpr size_t kThreads = 8;
    std::vector<std::thread> threads;
    const auto apex_of = [](size_t number) {
        return *dns::parse_name("z" + std::to_string(number) + ".example.");
    };
    for (size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            for (uint32_t serial = 1; serial <= 20; ++serial) {
                auto zone = compile_zone_text(apex_of(i), soa(serial) + "@ 60 NS n.\n");
                EXPECT_TRUE(ledger->replace(apex_of(i), std::move(zone.image), kPrimary));
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    ZoneTable again;
    const auto reopened = *ZoneLedger::open(disk.share(), again, {});
    EXPECT_EQ(reopened->states().size(), kThreads);
    for (size_t i = 0; i < kThreads; ++i) {
        ASSERT_TRUE(reopened->restore(apex_of(i)));
        EXPECT_EQ(again.pin(apex_of(i))->version().serial(), 20U);
        EXPECT_EQ(reopened->changes_since(apex_of(i), 1)->size(), 19U);
    }
}

// What comes together is written together, and stands or falls for itself.
TEST(GroupCommit, RefusesOnlyWhatFindsNoRoom) {
    FakeDisk disk;
    ZoneTable table;
    auto ledger = *ZoneLedger::open(disk.share(), table, {});
    const dns::Name large = *dns::parse_name("large.");
    const dns::Name third = *dns::parse_name("third.");
    ASSERT_TRUE(ledger->replace(kApex, version_of(5), {.kind = ZoneOrigin::Kind::File}));
    std::string text = soa(1) + "@ 60 NS n.\n";
    for (int i = 0; i < 2000; ++i) text += "h" + std::to_string(i) + " 60 A 192.0.2.1\n";
    std::array<std::thread, 2> threads;
    std::atomic<size_t> running = 0;
    bool is_first = true;
    disk.at_sync([&] {
        if (!std::exchange(is_first, false)) return;
        // Both wait until this sync is over, and are the next group.
        threads[0] = std::thread([&] {
            auto zone = compile_zone_text(large, text);
            ++running;
            EXPECT_TRUE(ledger->replace(large, std::move(zone.image), kPrimary));
        });
        threads[1] = std::thread([&] {
            ++running;
            EXPECT_TRUE(ledger->apply(kApex, step_to(6)));
        });
        while (running < threads.size()) std::this_thread::yield();
        for (int i = 0; i < 200; ++i) std::this_thread::yield();
        disk.leave_room(8000);
    });
    ASSERT_TRUE(
        ledger->replace(third, compile_zone_text(third, soa(1) + "@ 60 NS n.\n").image, kPrimary));
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(ledger->state(large)->is_unsaved);
    EXPECT_FALSE(ledger->state(kApex)->is_unsaved);
    disk.at_sync({});
    ledger.reset();  // It still tidies its files, and the next one reads them.
    EXPECT_EQ(start(disk).serial, 6U);
}

TEST(Bound, OfTheStoreIsKept) {
    FakeDisk disk;
    ZoneTable table;
    const auto ledger = *ZoneLedger::open(disk.share(), table, {.store = {.size_max = 1024}});
    ASSERT_TRUE(ledger->replace(kApex, version_of(1), kPrimary));
    EXPECT_THAT(ledger->trouble(), testing::HasSubstr("is full: it has reached 1024 bytes"));
    EXPECT_EQ(table.pin(kApex)->version().serial(), 1U);
}

// A store that holds many zones and has no room for more.
class FullStore : public testing::Test {
 protected:
    static constexpr uint64_t kSizeMax = uint64_t{32} << 10;

    void start() {
        ledger_.reset();
        table_ = std::make_unique<ZoneTable>();
        ledger_ = *ZoneLedger::open(
            disk_.share(), *table_,
            {.store = {.segment_size = 4096, .size_max = kSizeMax, .garbage_min = 1 << 20}});
    }
    void SetUp() override {
        start();
        while (ledger_->trouble().empty()) add(count_++);
        --count_;  // The last one found no room.
    }
    static dns::Name apex_of(size_t number) {
        return *dns::parse_name("z" + std::to_string(number) + ".example.");
    }
    void add(size_t number) {
        auto zone = compile_zone_text(apex_of(number), soa(1) + "@ 60 NS n.\n");
        ASSERT_TRUE(ledger_->replace(apex_of(number), std::move(zone.image), kPrimary));
    }

    FakeDisk disk_;
    std::unique_ptr<ZoneTable> table_;
    std::unique_ptr<ZoneLedger> ledger_;
    size_t count_ = 0;
};

TEST_F(FullStore, ServesOnAndSaysWhatHelps) {
    EXPECT_THAT(ledger_->trouble(), testing::HasSubstr("is full"));
    EXPECT_EQ(table_->size(), count_ + 1);
    // Something small that still finds room ends no trouble.
    ASSERT_TRUE(ledger_->confirm(apex_of(0), std::chrono::seconds(2'000'000'000)));
    EXPECT_THAT(ledger_->trouble(), testing::HasSubstr("is full"));
    start();
    EXPECT_EQ(ledger_->states().size(), count_);
}

TEST_F(FullStore, ForgetsZonesAndSoHasRoomAgain) {
    ASSERT_GT(count_, 8U);
    // Less garbage than half, spread over all segments.
    for (size_t i = 0; i < count_; i += 4) EXPECT_TRUE(ledger_->withdraw(apex_of(i)));
    // What found no room is stored once there is some.
    while (ledger_->state(apex_of(count_))->is_unsaved) {
        add(count_);
        std::this_thread::yield();
    }
    start();
    EXPECT_FALSE(ledger_->restore(apex_of(0)));
    EXPECT_TRUE(ledger_->restore(apex_of(1)));
    EXPECT_TRUE(ledger_->restore(apex_of(count_)));
}

// Of a zone that was withdrawn an older entry is damaged. As long as another one is in some file,
// the withdrawal must be kept.
class Withdrawal : public testing::Test {
 protected:
    void start(uint64_t garbage_min) {
        ledger_.reset();
        table_ = std::make_unique<ZoneTable>();
        ledger_ = *ZoneLedger::open(disk_.share(), *table_,
                                    {.store = {.segment_size = 2048, .garbage_min = garbage_min}});
    }
    void damage_changes(uint64_t segment) {
        std::vector<uint8_t>& bytes = disk_.files().at(Segment::name_of(segment))->bytes;
        for (size_t at = kEntriesAt; at < bytes.size();) {
            EntryHead head{};
            std::memcpy(&head, &bytes[at], sizeof head);
            if (head.kind == EntryKind::Changes) bytes[at + head_size(head)] ^= 0x41;
            at += entry_size(head);
        }
    }
    // A zone of about 40 bytes for each of `hosts`.
    void replace(const dns::Name& apex, uint32_t serial, size_t hosts) {
        std::string text = soa(serial) + "@ 60 NS n.\n";
        for (size_t i = 0; i < hosts; ++i) text += "h" + std::to_string(i) + " 60 A 192.0.2.1\n";
        ASSERT_TRUE(ledger_->replace(apex, compile_zone_text(apex, text).image, kPrimary));
    }
    void wait_until_gone(uint64_t segment) {
        const auto disk = disk_.share();
        while (std::ranges::count(*disk->list(), Segment::name_of(segment)) > 0) {
            std::this_thread::yield();
        }
    }

    FakeDisk disk_;
    std::unique_ptr<ZoneTable> table_;
    std::unique_ptr<ZoneLedger> ledger_;
};

TEST_F(Withdrawal, IsKeptAsLongAsAnythingOlderIsThere) {
    const dns::Name other = *dns::parse_name("other.");
    const dns::Name third = *dns::parse_name("third.");
    const dns::Name fourth = *dns::parse_name("fourth.");
    start(1 << 20);
    ASSERT_TRUE(ledger_->replace(kApex, version_of(5), kPrimary));
    replace(other, 1, 100);  // The first segment lives on for this.
    ASSERT_TRUE(ledger_->apply(kApex, step_to(6)));
    ASSERT_TRUE(ledger_->apply(kApex, step_to(7)));
    replace(third, 1, 2000);  // Garbage soon, so that the second one goes,
    ASSERT_TRUE(ledger_->withdraw(kApex));
    replace(third, 2, 1);
    replace(fourth, 1, 500);  // and later the third.
    ledger_.reset();
    damage_changes(2);

    start(0);
    for (const dns::Name& apex : {other, third, fourth}) ASSERT_TRUE(ledger_->restore(apex));
    replace(third, 3, 1);
    wait_until_gone(2);
    replace(fourth, 2, 1);
    replace(third, 4, 1);
    wait_until_gone(3);
    start(0);
    ASSERT_EQ(disk_.files().count(Segment::name_of(1)), 1U);
    EXPECT_FALSE(ledger_->restore(kApex));
}

}  // namespace
}  // namespace nearcast::zone
