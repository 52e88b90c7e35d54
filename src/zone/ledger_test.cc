// SPDX-License-Identifier: Apache-2.0

#include "zone/ledger.h"

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zone/disk_fixture.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

using testing::HasSubstr;

const dns::Name kApex = *dns::parse_name("example.org.");
const ZoneOrigin kPrimary = {.kind = ZoneOrigin::Kind::Primary};

std::string soa(uint32_t serial) {
    return "@ 60 SOA n. h. " + std::to_string(serial) + " 2 3 4 5\n";
}

ImageBlock version_of(uint32_t serial, std::string_view more = {}) {
    return image_of(soa(serial) + "@ 60 NS n.\n" + std::string(more));
}

Changeset step_to(uint32_t serial, std::string_view added, std::string_view removed = {}) {
    return change_of(soa(serial - 1) + std::string(removed), soa(serial) + std::string(added));
}

// A server that can be killed and started again: what it had on disk is there.
class LedgerTest : public testing::Test {
 protected:
    void start(LedgerLimits limits = {}) {
        kill();
        table_ = std::make_unique<ZoneTable>();
        auto opened = ZoneLedger::open(disk_.share(), *table_, limits);
        ASSERT_TRUE(opened);
        ledger_ = *std::move(opened);
    }
    void start_in_memory() {
        kill();
        table_ = std::make_unique<ZoneTable>();
        ledger_ = ZoneLedger::open_in_memory(*table_, {}, {"nothing is kept", "keep something"});
    }
    void kill() {
        ledger_.reset();
        table_.reset();
    }
    void restart() {
        start();
        ASSERT_TRUE(ledger_->restore(kApex));
    }
    SerialStep replace(ImageBlock image, const ZoneOrigin& origin = kPrimary) {
        return *ledger_->replace(kApex, std::move(image), origin);
    }
    // What is served, as text; empty for SERVFAIL or nothing at all.
    std::string served() {
        const auto pinned = table_->pin(kApex);
        return pinned && !pinned->version().is_unavailable() ? text_of(pinned->version()) : "";
    }
    static std::string text_of_version(uint32_t serial, std::string_view more = {}) {
        return text_of(version_of(serial, more));
    }
    StoredZone state() { return *ledger_->state(kApex); }
    // Until a thread of the ledger's own has stored what could not be stored at first.
    void wait_until_saved() {
        while (state().is_unsaved) std::this_thread::yield();
    }
    // The machine loses power: what was not synced is gone.
    void crash() {
        kill();
        disk_.reboot(/*keeps_unsynced=*/false);
    }

    FakeDisk disk_;
    std::unique_ptr<ZoneTable> table_;
    std::unique_ptr<ZoneLedger> ledger_;
};

TEST_F(LedgerTest, ServesAfterARestartWhatItServedBefore) {
    start();
    EXPECT_EQ(replace(version_of(7, "a 60 A 192.0.2.1\n")), SerialStep::First);
    EXPECT_TRUE(ledger_->apply(kApex, step_to(8, "b 60 A 192.0.2.2\n")));
    EXPECT_TRUE(ledger_->apply(kApex, step_to(9, "", "a 60 A 192.0.2.1\n")));
    const std::string before = served();
    EXPECT_EQ(before, text_of_version(9, "b 60 A 192.0.2.2\n"));
    restart();
    EXPECT_EQ(served(), before);
    EXPECT_EQ(state().origin.kind, ZoneOrigin::Kind::Primary);
    EXPECT_THAT(state().damages, testing::IsEmpty());
}

TEST_F(LedgerTest, GivesTheHistorySinceASerial) {
    for (const bool is_on_disk : {true, false}) {
        if (is_on_disk) {
            start();
        } else {
            start_in_memory();
        }
        replace(version_of(7));
        EXPECT_EQ(replace(version_of(8, "a 60 A 192.0.2.1\n")), SerialStep::Later);
        ASSERT_TRUE(ledger_->apply(kApex, step_to(9, "b 60 A 192.0.2.2\n")));
        const auto both = ledger_->changes_since(kApex, 7);
        ASSERT_TRUE(both);
        ASSERT_EQ(both->size(), 2U);
        EXPECT_EQ(both->front().from_serial(), 7U);
        EXPECT_THAT(text_of(both->front().added()), HasSubstr("a.example.org. 60 A 192.0.2.1"));
        EXPECT_EQ(both->back().to_serial(), 9U);
        EXPECT_EQ(ledger_->changes_since(kApex, 8)->size(), 1U);
        EXPECT_TRUE(ledger_->changes_since(kApex, 9)->empty());
        EXPECT_FALSE(ledger_->changes_since(kApex, 6));
        EXPECT_FALSE(ledger_->changes_since(*dns::parse_name("example.net."), 7));
    }
}

TEST_F(LedgerTest, GivesTheHistoryAfterAVersionAndNotAfterAnotherOfItsSerial) {
    start();
    EXPECT_FALSE(ledger_->pin(kApex));
    replace(version_of(7));
    const uint64_t first = ledger_->pin(kApex)->number;
    EXPECT_TRUE(ledger_->changes_after(kApex, first)->empty());
    replace(version_of(8, "a 60 A 192.0.2.1\n"));
    ASSERT_TRUE(ledger_->apply(kApex, step_to(9, "b 60 A 192.0.2.2\n")));
    EXPECT_EQ(ledger_->changes_after(kApex, first)->size(), 2U);
    const auto served = ledger_->pin(kApex);
    EXPECT_EQ(served->pinned.version().serial(), 9U);
    // Back, and to the same serial by another way.
    EXPECT_EQ(replace(version_of(7)), SerialStep::Earlier);
    EXPECT_EQ(replace(version_of(9, "c 60 A 192.0.2.3\n")), SerialStep::Later);
    ASSERT_TRUE(ledger_->apply(kApex, step_to(10, "d 60 A 192.0.2.4\n")));
    EXPECT_FALSE(ledger_->changes_since(kApex, 9)) << "there were two";
    EXPECT_FALSE(ledger_->changes_after(kApex, served->number));
    EXPECT_FALSE(ledger_->changes_after(kApex, first));
    ledger_->make_unavailable(kApex);
    EXPECT_FALSE(ledger_->pin(kApex));
}

TEST_F(LedgerTest, KeepsTheHistoryOverARestart) {
    start();
    replace(version_of(7));
    replace(version_of(8, "a 60 A 192.0.2.1\n"));
    restart();
    ASSERT_TRUE(ledger_->apply(kApex, step_to(9, "b 60 A 192.0.2.2\n")));
    restart();
    EXPECT_EQ(ledger_->changes_since(kApex, 7)->size(), 2U);
}

TEST_F(LedgerTest, CutsTheHistoryWhereTheSerialDoesNotGoForward) {
    start();
    replace(version_of(7));
    replace(version_of(8));
    EXPECT_EQ(replace(version_of(8, "a 60 A 192.0.2.1\n")), SerialStep::Reused);
    EXPECT_FALSE(ledger_->changes_since(kApex, 7));
    EXPECT_EQ(replace(version_of(3)), SerialStep::Earlier);
    EXPECT_FALSE(ledger_->changes_since(kApex, 8));
    restart();
    EXPECT_EQ(served(), text_of_version(3));
}

// Who has the 9 of before must not be sent what leads on from the 9 of now.
TEST_F(LedgerTest, GivesNoHistorySinceASerialThatItWentBackBehind) {
    start();
    replace(version_of(9));
    EXPECT_EQ(replace(version_of(7)), SerialStep::Earlier);
    const auto go_on = [this](uint32_t serial) {
        ASSERT_TRUE(ledger_->apply(kApex, step_to(serial, "")));
    };
    go_on(8);
    EXPECT_FALSE(ledger_->changes_since(kApex, 7));
    restart();
    for (const uint32_t serial : {9U, 10U, 11U}) go_on(serial);
    for (const uint32_t serial : {7U, 8U, 9U}) EXPECT_FALSE(ledger_->changes_since(kApex, serial));
    EXPECT_EQ(ledger_->changes_since(kApex, 10)->size(), 1U);
    // Also where it comes whole in between.
    EXPECT_EQ(replace(version_of(12, "a 60 A 192.0.2.1\n")), SerialStep::Later);
    EXPECT_FALSE(ledger_->changes_since(kApex, 9));
    EXPECT_EQ(ledger_->changes_since(kApex, 10)->size(), 2U);
}

TEST_F(LedgerTest, GoesBackAlsoWhereItWasServedNoLonger) {
    start();
    replace(version_of(9));
    ledger_->make_unavailable(kApex);
    EXPECT_EQ(replace(version_of(7)), SerialStep::First);
    for (const uint32_t serial : {8U, 9U, 10U}) {
        ASSERT_TRUE(ledger_->apply(kApex, step_to(serial, "")));
    }
    EXPECT_FALSE(ledger_->changes_since(kApex, 9));
}

TEST_F(LedgerTest, TakesTheSameRecordsForNoChange) {
    start();
    int told = 0;
    ledger_->on_change([&](const dns::Name&) { ++told; });
    replace(version_of(7));
    const ZoneOrigin file{.kind = ZoneOrigin::Kind::File, .files = {{.path = "/z", .inode = 5}}};
    EXPECT_EQ(replace(version_of(7), file), SerialStep::Same);
    EXPECT_EQ(told, 1);
    restart();
    ASSERT_EQ(state().origin.files.size(), 1U);
    EXPECT_EQ(state().origin.files.front().inode, 5U);
    EXPECT_FALSE(state().origin.is_updated);
}

TEST_F(LedgerTest, RemembersThatAFileWasChangedByUpdates) {
    start();
    const ZoneOrigin file{.kind = ZoneOrigin::Kind::File, .files = {{.path = "/z", .inode = 5}}};
    replace(version_of(7), file);
    ASSERT_TRUE(ledger_->apply(kApex, step_to(8, "a 60 A 192.0.2.1\n")));
    EXPECT_TRUE(state().origin.is_updated);
    restart();
    EXPECT_TRUE(state().origin.is_updated);
    EXPECT_EQ(state().origin.files.front().path, "/z");
    replace(version_of(9), file);
    restart();
    EXPECT_FALSE(state().origin.is_updated);
}

TEST_F(LedgerTest, RefusesChangesThatDoNotFit) {
    start();
    EXPECT_FALSE(ledger_->apply(kApex, step_to(8, "")));
    replace(version_of(7));
    EXPECT_FALSE(ledger_->apply(kApex, step_to(9, "")));
    EXPECT_FALSE(ledger_->apply(kApex, step_to(8, "", "a 60 A 192.0.2.1\n")));
    EXPECT_EQ(served(), text_of_version(7));
}

TEST_F(LedgerTest, ForgetsWhatIsWithdrawn) {
    start();
    replace(version_of(7));
    EXPECT_TRUE(ledger_->withdraw(kApex));
    EXPECT_EQ(table_->size(), 0U);
    start();
    EXPECT_THAT(ledger_->states(), testing::IsEmpty());
    EXPECT_FALSE(ledger_->restore(kApex));
    replace(version_of(3));
    restart();
    EXPECT_EQ(served(), text_of_version(3));
}

TEST_F(LedgerTest, KnowsOfWhichZoneACopyIs) {
    start();
    replace(version_of(7), {.kind = ZoneOrigin::Kind::Primary, .zone_id = uint64_t{1} << 40});
    ASSERT_TRUE(ledger_->apply(kApex, step_to(8, "a 60 A 192.0.2.1\n")));
    start();
    EXPECT_EQ(state().origin.zone_id, uint64_t{1} << 40);
    EXPECT_TRUE(ledger_->withdraw(kApex));
    EXPECT_EQ(ledger_->state(kApex).value_or(StoredZone()).origin.zone_id, 0U);
}

TEST_F(LedgerTest, KeepsAnExpiredZoneOnDisk) {
    start();
    replace(version_of(7));
    EXPECT_TRUE(ledger_->confirm(kApex, std::chrono::seconds(2'000'000'000)));
    ledger_->make_unavailable(kApex);
    EXPECT_EQ(served(), "");
    EXPECT_FALSE(ledger_->changes_since(kApex, 7));
    EXPECT_TRUE(ledger_->restore(kApex));
    EXPECT_EQ(served(), text_of_version(7));
    start();
    ASSERT_EQ(ledger_->states().size(), 1U);
    EXPECT_EQ(ledger_->states().front().confirmed_at, std::chrono::seconds(2'000'000'000));
}

TEST_F(LedgerTest, WhatTheMemoryHasNoRoomForIsRefusedAndTheOldVersionServed) {
    const auto size_of = [](const ImageBlock& block) { return block.image().header().size; };
    const ImageBlock large = version_of(2, "a 60 TXT " + std::string(200, 'x') + "\n");
    const uint64_t most = size_of(version_of(1)) + size_of(large) - 1;
    start({.memory_max = most});
    replace(version_of(1));
    const auto refused = ledger_->replace(
        kApex, version_of(2, "a 60 TXT " + std::string(200, 'x') + "\n"), kPrimary);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("no room in memory"));
    EXPECT_THAT(refused.error().hint, HasSubstr("memory_max_mib"));
    const auto update =
        ledger_->apply(kApex, step_to(2, "a 60 TXT " + std::string(200, 'x') + "\n"));
    ASSERT_FALSE(update);
    EXPECT_THAT(update.error().message, HasSubstr("no room in memory"));
    EXPECT_EQ(served(), text_of_version(1));
    EXPECT_EQ(state().serial, 1U);
    // What takes no more than there is does take its place, and what it replaces gives its own
    // back.
    for (uint32_t serial = 2; serial <= 9; ++serial) replace(version_of(serial));
    EXPECT_EQ(served(), text_of_version(9));
    EXPECT_LE(table_->bytes(), most);
    // A start keeps to it as well.
    start({.memory_max = size_of(version_of(9)) - 1});
    const auto restored = ledger_->restore(kApex);
    ASSERT_FALSE(restored);
    EXPECT_THAT(restored.error().message, HasSubstr("no room in memory"));
    EXPECT_EQ(table_->size(), 0U);
    restart();
    EXPECT_EQ(served(), text_of_version(9));
}

TEST_F(LedgerTest, AFileThatIsTheSameNeedsNoMoreMemory) {
    start({.memory_max = version_of(1).image().header().size});
    const ZoneOrigin file = {.kind = ZoneOrigin::Kind::File, .files = {{.path = "a.zone"}}};
    EXPECT_EQ(replace(version_of(1), file), SerialStep::First);
    EXPECT_EQ(replace(version_of(1), file), SerialStep::Same);
}

TEST_F(LedgerTest, RestoresAllThatAreClaimedInTheOrderOfTheStore) {
    constexpr size_t kZones = 700;
    const auto apex_of = [](size_t number) {
        return *dns::parse_name("zone" + std::to_string(number * 7919 % kZones) + ".example.");
    };
    start();
    for (size_t i = 0; i < kZones; ++i) {
        auto compiled = compile_zone_text(apex_of(i), soa(5) + "@ 60 NS n.\n");
        ASSERT_TRUE(ledger_->replace(apex_of(i), std::move(compiled.image), kPrimary));
    }
    start();
    std::vector<dns::Name> asked;
    std::mutex restored_mutex;
    std::vector<dns::Name> restored;
    ledger_->restore_all(
        [&](const dns::Name& apex, const ZoneOrigin& origin) -> ZoneLedger::Restored {
            EXPECT_EQ(origin.kind, ZoneOrigin::Kind::Primary);
            asked.push_back(apex);
            if (asked.size() % 10 == 1) return {};
            return [&](const dns::Name& name, const ZoneOrigin&) {
                const std::lock_guard lock(restored_mutex);
                restored.push_back(name);
            };
        },
        Losses::Refused);
    ASSERT_EQ(asked.size(), kZones);
    EXPECT_EQ(restored.size(), kZones - kZones / 10);
    EXPECT_EQ(table_->size(), restored.size());
    for (size_t i = 0; i < kZones; ++i) {
        EXPECT_EQ(asked[i], apex_of(i));
        EXPECT_EQ(table_->pin(asked[i]).has_value(), i % 10 != 0);
    }
    // Those that were left are asked for again, and no others.
    asked.clear();
    ledger_->restore_all(
        [&](const dns::Name& apex, const ZoneOrigin&) -> ZoneLedger::Restored {
            asked.push_back(apex);
            return {};
        },
        Losses::Refused);
    EXPECT_EQ(asked.size(), kZones / 10);
}

TEST_F(LedgerTest, BoundsTheHistoryOfAZone) {
    start({.journal_count_max = 3});
    replace(version_of(1));
    for (uint32_t serial = 2; serial <= 9; ++serial) replace(version_of(serial));
    EXPECT_EQ(state().journal_count, 3U);
    EXPECT_TRUE(ledger_->changes_since(kApex, 6));
    EXPECT_FALSE(ledger_->changes_since(kApex, 5));
}

// A start still reads zones when the first changes of others let garbage be cleared away.
TEST_F(LedgerTest, RestoresWhileTheStoreIsCompacted) {
    constexpr uint32_t kSteps = 100;
    const dns::Name other = *dns::parse_name("other.");
    const auto replace_other = [&](uint32_t serial) {
        (void)ledger_->replace(other, compile_zone_text(other, soa(serial) + "@ 60 NS n.\n").image,
                               kPrimary);
    };
    LedgerLimits limits = {.journal_count_max = 1, .store = {.segment_size = 8 << 10}};
    start(limits);
    replace(version_of(1));
    for (uint32_t serial = 2; serial <= kSteps; ++serial) {
        ASSERT_TRUE(ledger_->apply(kApex, step_to(serial, {})));
        replace_other(serial);
        replace_other(serial + kSteps);
    }
    limits.store.garbage_min = 1 << 10;
    start(limits);
    std::atomic<bool> is_over = false;
    std::thread changing([&] {
        for (uint32_t serial = 1; serial <= kSteps; ++serial) replace_other(serial);
        is_over = true;
    });
    do {
        EXPECT_TRUE(ledger_->restore(kApex));
        EXPECT_EQ(state().serial, kSteps);
        EXPECT_THAT(state().damages, testing::IsEmpty());
    } while (!is_over && !HasFailure());
    changing.join();
}

TEST_F(LedgerTest, AcknowledgesNoUpdateThatCannotBeStored) {
    start();
    replace(version_of(7), {.kind = ZoneOrigin::Kind::File});
    ASSERT_TRUE(ledger_->sync());
    disk_.fill();
    const auto refused = ledger_->apply(kApex, step_to(8, "a 60 A 192.0.2.1\n"));
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("full"));
    EXPECT_THAT(ledger_->trouble(), HasSubstr("full"));
    EXPECT_EQ(served(), text_of_version(7));
    disk_.make_room();
    EXPECT_TRUE(ledger_->apply(kApex, step_to(8, "b 60 A 192.0.2.1\n")));
    EXPECT_EQ(ledger_->trouble(), "");
    restart();
    EXPECT_EQ(served(), text_of_version(8, "b 60 A 192.0.2.1\n"));
}

std::string hosts(const std::string& prefix, size_t count) {
    std::string hosts;
    for (size_t i = 0; i < count; ++i) hosts += prefix + std::to_string(i) + " 60 A 192.0.2.1\n";
    return hosts;
}

// A change is small, an image may be large; the disk has room for the one and not for the other.
TEST_F(LedgerTest, TakesUpdatesAlsoWhereAnImageFindsNoRoom) {
    start();
    std::atomic<bool> is_told = false;
    ledger_->on_trouble([&](const std::optional<base::Error>&) { is_told = true; });
    replace(version_of(7, hosts("h", 3000)), {.kind = ZoneOrigin::Kind::File});
    const uint64_t image = state().image_size;
    uint32_t serial = 7;
    // Until so many bytes of changes lie behind the image.
    const auto update_until = [&](uint64_t behind) {
        while (state().journal_bytes <= behind) {
            const std::string added = hosts("x" + std::to_string(++serial), 100);
            ASSERT_TRUE(ledger_->apply(kApex, step_to(serial, added)));
        }
    };
    disk_.leave_room(image / 2);
    update_until(image / 4);
    while (!is_told) std::this_thread::yield();
    update_until(image / 4 + 1000);
    EXPECT_FALSE(state().is_unsaved);
    const std::string before = served();
    restart();
    EXPECT_EQ(served(), before);
    disk_.make_room();
    update_until(image / 2);
    while (ledger_->store_bytes() < 2 * image) std::this_thread::yield();
}

TEST_F(LedgerTest, RefusesUpdatesWhereNothingIsKept) {
    start_in_memory();
    replace(version_of(7), {.kind = ZoneOrigin::Kind::File});
    const auto refused = ledger_->apply(kApex, step_to(8, "a 60 A 192.0.2.1\n"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().hint, "keep something");
    EXPECT_EQ(served(), text_of_version(7));
    // A primary has what it sends.
    replace(version_of(8));
    EXPECT_TRUE(ledger_->apply(kApex, step_to(9, "a 60 A 192.0.2.1\n")));
}

// A page that could not be written may be dropped, and the next sync of its file succeeds.
TEST_F(LedgerTest, TrustsNoFileOfWhichASyncHasFailed) {
    start();
    replace(version_of(7), {.kind = ZoneOrigin::Kind::File});
    disk_.fail_sync();
    EXPECT_FALSE(ledger_->apply(kApex, step_to(8, "a 60 A 192.0.2.1\n")));
    EXPECT_TRUE(ledger_->apply(kApex, step_to(8, "b 60 A 192.0.2.1\n")));
    crash();
    restart();
    EXPECT_EQ(served(), text_of_version(8, "b 60 A 192.0.2.1\n"));
}

TEST_F(LedgerTest, StoresAgainWhatAFailedSyncMayHaveLost) {
    start();
    const dns::Name other = *dns::parse_name("other.");
    ASSERT_TRUE(
        ledger_->replace(other, compile_zone_text(other, soa(1) + "@ 60 NS n.\n").image, kPrimary));
    ASSERT_TRUE(ledger_->withdraw(other));
    replace(version_of(7), {.kind = ZoneOrigin::Kind::File});
    disk_.fail_sync();
    EXPECT_FALSE(ledger_->sync());
    wait_until_saved();
    while (ledger_->state(other) && ledger_->state(other)->is_unsaved) std::this_thread::yield();
    EXPECT_TRUE(ledger_->sync());
    crash();
    restart();
    EXPECT_EQ(served(), text_of_version(7));
    EXPECT_FALSE(ledger_->restore(other));
}

TEST_F(LedgerTest, LeavesNoEmptyFilesOnADiskThatFails) {
    start();
    replace(version_of(7), {.kind = ZoneOrigin::Kind::File});
    ASSERT_TRUE(ledger_->sync());
    for (int i = 0; i < 5; ++i) {
        disk_.fail_sync(i == 0 ? 0 : 1);  // A new segment is synced before it is used.
        EXPECT_FALSE(ledger_->apply(kApex, step_to(8, "a 60 A 192.0.2.1\n")));
    }
    EXPECT_LE(disk_.files().size(), 3U);  // Two segments and their list.
}

TEST_F(LedgerTest, ForgetsAWithdrawnZoneAsSoonAsTheDiskTakesIt) {
    start();
    replace(version_of(7));
    disk_.fill();
    EXPECT_FALSE(ledger_->withdraw(kApex));
    EXPECT_EQ(table_->size(), 0U);
    disk_.make_room();
    // Saved by the next who meets the thread; here by the one that waits for it.
    wait_until_saved();
    start();
    EXPECT_FALSE(ledger_->restore(kApex));
}

// What is judged is what is replaced: an update that comes meanwhile finds the new version.
TEST_F(LedgerTest, LetsNoUpdateInBetweenTheJudgementAndTheStep) {
    start();
    replace(version_of(7), {.kind = ZoneOrigin::Kind::File});
    bool is_acknowledged = true;
    std::thread updater;
    const auto step = ledger_->replace(
        kApex, version_of(9), {.kind = ZoneOrigin::Kind::File}, [&](const StoredZone& now) {
            EXPECT_EQ(now.serial, 7U);
            updater = std::thread([&] {
                is_acknowledged =
                    ledger_->apply(kApex, step_to(8, "a 60 A 192.0.2.1\n")).has_value();
            });
            return true;
        });
    updater.join();
    EXPECT_EQ(*step, SerialStep::Later);
    EXPECT_FALSE(is_acknowledged);
    EXPECT_EQ(served(), text_of_version(9));
}

TEST_F(LedgerTest, PublishesNothingThatTheJudgeRefuses) {
    start();
    replace(version_of(7), {.kind = ZoneOrigin::Kind::File});
    const auto step = ledger_->replace(kApex, version_of(9), {.kind = ZoneOrigin::Kind::File},
                                       [](const StoredZone&) { return false; });
    EXPECT_EQ(*step, SerialStep::Refused);
    EXPECT_EQ(served(), text_of_version(7));
    EXPECT_FALSE(ledger_->changes_since(kApex, 6));
}

// A delta is of no use where another base is served than the one it was made for.
TEST_F(LedgerTest, ServesAChangeWhoeverElseHasPublishedTheZone) {
    start();
    const std::string many = hosts("h", 1500);
    replace(version_of(7, many));
    disk_.at_sync([&] { table_->publish(version_of(7, many)); });
    ASSERT_TRUE(ledger_->apply(kApex, step_to(8, "x 60 A 192.0.2.1\n")));
    disk_.at_sync({});
    EXPECT_EQ(served(), text_of_version(8, many + "x 60 A 192.0.2.1\n"));
}

TEST_F(LedgerTest, ServesFromMemoryWhatAPrimaryStillHas) {
    start();
    replace(version_of(7));
    disk_.fill();
    EXPECT_EQ(replace(version_of(8)), SerialStep::Later);
    EXPECT_EQ(served(), text_of_version(8));
    EXPECT_TRUE(state().is_unsaved);
    disk_.make_room();
    ASSERT_TRUE(ledger_->apply(kApex, step_to(9, "a 60 A 192.0.2.1\n")));
    EXPECT_FALSE(state().is_unsaved);
    restart();
    EXPECT_EQ(served(), text_of_version(9, "a 60 A 192.0.2.1\n"));
}

}  // namespace
}  // namespace nearcast::zone
