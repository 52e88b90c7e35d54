// SPDX-License-Identifier: Apache-2.0

// What a start makes of zone files that updates have changed, when some of what is stored of them
// is damaged: acknowledged updates survive wherever anything can be made of them.

#include <cstring>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zone/disk_fixture.h"
#include "zone/ledger.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

const dns::Name kApex = *dns::parse_name("example.org.");

std::string soa(uint32_t serial) {
    return "@ 60 SOA n. h. " + std::to_string(serial) + " 2 3 4 5\n";
}

ImageBlock version_of(uint32_t serial, std::string_view more = {}) {
    return image_of(soa(serial) + "@ 60 NS n.\n" + std::string(more));
}

ZoneOrigin file_of(uint64_t inode) {
    return {.kind = ZoneOrigin::Kind::File,
            .files = {{.path = "/zones/example.org.zone", .inode = inode, .size = 80}}};
}

const ZoneOrigin kFile = file_of(5);

// A zone of a file with serial 7, which updates have led to serial 9.
class DamagedStart : public testing::Test {
 protected:
    void SetUp() override {
        start();
        ASSERT_TRUE(ledger_->replace(kApex, version_of(7), kFile));
        ASSERT_TRUE(update(8));
        ASSERT_TRUE(update(9));
        whole_ = served();
    }
    // Each step has a segment of its own.
    void start() {
        ledger_.reset();
        table_ = std::make_unique<ZoneTable>();
        ledger_ =
            *ZoneLedger::open(disk_.share(), *table_, {.store = {.segment_size = kEntriesAt + 1}});
    }
    base::Result<void> update(uint32_t serial) {
        return ledger_->apply(
            kApex, change_of(soa(serial - 1),
                             soa(serial) + "s" + std::to_string(serial) + " 60 A 192.0.2.1\n"));
    }
    // Changes a byte of what each entry of this kind holds, or of its head.
    void damage(EntryKind kind, bool is_in_head = false) {
        ledger_.reset();
        for (const auto& [name, file] : disk_.files()) {
            if (!Segment::number_of(name)) continue;
            for (size_t at = kEntriesAt; at < file->bytes.size();) {
                EntryHead head{};
                std::memcpy(&head, &file->bytes[at], sizeof head);
                if (head.kind == kind) file->bytes[at + (is_in_head ? 20 : head_size(head))] ^= 1;
                at += entry_size(head);
            }
        }
    }
    // What a start does with a zone file.
    SerialStep load(ImageBlock image, const ZoneOrigin& origin = kFile) {
        start();
        EXPECT_FALSE(ledger_->restore(kApex, Losses::Refused));
        return *ledger_->replace(kApex, std::move(image), origin, [](const StoredZone& now) {
            return !now.is_available || !now.origin.is_updated;
        });
    }
    std::string served() {
        const auto pinned = table_->pin(kApex);
        return pinned && !pinned->version().is_unavailable() ? text_of(pinned->version()) : "";
    }
    StoredZone state() { return *ledger_->state(kApex); }

    FakeDisk disk_;
    std::unique_ptr<ZoneTable> table_;
    std::unique_ptr<ZoneLedger> ledger_;
    std::string whole_;
};

TEST_F(DamagedStart, AppliesStoredUpdatesToTheFileTheyBeganWith) {
    damage(EntryKind::Image);
    EXPECT_EQ(load(version_of(7)), SerialStep::Resumed);
    EXPECT_EQ(served(), whole_);
    EXPECT_TRUE(state().origin.is_updated);
    EXPECT_FALSE(state().lost_serial);
    while (state().is_unsaved) std::this_thread::yield();
    start();
    EXPECT_TRUE(ledger_->restore(kApex, Losses::Refused));
    EXPECT_EQ(served(), whole_);
    EXPECT_EQ(state().origin.files, kFile.files);
}

TEST_F(DamagedStart, KnowsTheFileByWhatItCompilesTo) {
    damage(EntryKind::Image);
    EXPECT_EQ(load(version_of(7), file_of(6)), SerialStep::Resumed);
    EXPECT_EQ(served(), whole_);
}

TEST_F(DamagedStart, KnowsTheFileByItsStampWhereTheImageIsGone) {
    damage(EntryKind::Image, /*is_in_head=*/true);
    EXPECT_EQ(load(version_of(7)), SerialStep::Resumed);
    EXPECT_EQ(served(), whole_);
}

TEST_F(DamagedStart, KnowsTheFileByTheStampStoredBesideTheFirstUpdate) {
    ledger_.reset();
    ASSERT_EQ(disk_.files().erase(Segment::name_of(1)), 1U);
    EXPECT_EQ(load(version_of(7)), SerialStep::Resumed);
    EXPECT_EQ(served(), whole_);
}

TEST_F(DamagedStart, NeedsNoStoredOrigin) {
    damage(EntryKind::Origin);
    start();
    EXPECT_EQ(*ledger_->replace(kApex, version_of(7), kFile), SerialStep::Resumed);
    EXPECT_EQ(served(), whole_);
}

// The updates cannot be told from others that were never acknowledged for this file.
TEST_F(DamagedStart, AppliesNothingToAnotherFile) {
    damage(EntryKind::Image);
    EXPECT_EQ(load(version_of(7, "other 60 A 192.0.2.2\n"), file_of(6)), SerialStep::First);
    EXPECT_EQ(served(), text_of(version_of(7, "other 60 A 192.0.2.2\n")));
    EXPECT_EQ(state().lost_serial, 9U);
}

TEST_F(DamagedStart, TrustsNoStampThatIsNone) {
    ledger_.reset();
    disk_.files().clear();
    start();
    const ZoneOrigin unknown{.kind = ZoneOrigin::Kind::File, .files = {{.path = "/zones/z"}}};
    ASSERT_TRUE(ledger_->replace(kApex, version_of(7), unknown));
    ASSERT_TRUE(update(8));
    damage(EntryKind::Image);
    EXPECT_EQ(load(version_of(7, "other 60 A 192.0.2.2\n"), unknown), SerialStep::First);
}

TEST_F(DamagedStart, GoesAsFarAsTheUpdatesAreWhole) {
    ledger_.reset();
    ASSERT_EQ(disk_.files().erase(Segment::name_of(3)), 1U);
    damage(EntryKind::Image);
    EXPECT_EQ(load(version_of(7)), SerialStep::Resumed);
    EXPECT_EQ(served(), text_of(version_of(8, "s8 60 A 192.0.2.1\n")));
}

// A stored version that goes further than what can be made of the file is what is served; a file
// that is no later than it does not take its place.
TEST_F(DamagedStart, KeepsWhatIsStoredOfAnUnknownOrigin) {
    damage(EntryKind::Origin);
    start();
    EXPECT_EQ(*ledger_->replace(kApex, version_of(6), kFile,
                                [](const StoredZone& now) { return !now.origin.is_updated; }),
              SerialStep::Refused);
    EXPECT_EQ(served(), whole_);
}

TEST_F(DamagedStart, ServesAnOldVersionRatherThanNone) {
    damage(EntryKind::Changes);
    start();
    EXPECT_FALSE(ledger_->restore(kApex, Losses::Refused));
    EXPECT_EQ(served(), "");
    EXPECT_TRUE(ledger_->restore(kApex));
    EXPECT_EQ(served(), text_of(version_of(7)));
    EXPECT_EQ(state().lost_serial, 9U);
}

}  // namespace
}  // namespace nearcast::zone
