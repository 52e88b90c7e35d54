// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_watch.h"

#include <string>

#include <gtest/gtest.h>

#include "zone/disk_fixture.h"
#include "zone/zone_fixture.h"

namespace nearcast::zone {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr seconds kEnd{1893456000};  // 2030-01-01, the earlier of the two below.

class ZoneWatchTest : public testing::Test {
 protected:
    void serve(const std::string& apex, const std::string& records) {
        CompiledZone zone = compile_zone_text(
            *dns::parse_name(apex), "@ 60 SOA ns.x. h 1 2 3 4 5\n@ 60 NS ns.x.\n" + records);
        ASSERT_TRUE(zone.image);
        ASSERT_TRUE(ledger_->replace(zone.apex, std::move(zone.image), ZoneOrigin{}));
    }
    void serve_signed() {
        serve("signed.",
              "@ 60 RRSIG SOA 13 1 60 20310101000000 20250101000000 1 signed. q80=\n"
              "@ 60 RRSIG NS 13 1 60 20300101000000 20250101000000 1 signed. q80=\n");
    }
    bool is_expiring(seconds now) { return watch_.look(now).has_expiring(); }

    ZoneTable table_;
    std::unique_ptr<ZoneLedger> ledger_ = *ZoneLedger::open(make_memory_disk(), table_, {});
    ZoneWatch watch_{*ledger_, table_, hours(48)};
};

TEST_F(ZoneWatchTest, WarnsBeforeTheFirstSignatureEnds) {
    serve_signed();
    EXPECT_FALSE(is_expiring(kEnd - hours(49)));
    EXPECT_TRUE(is_expiring(kEnd - hours(48)));
    EXPECT_TRUE(is_expiring(kEnd + hours(1)));
}

TEST_F(ZoneWatchTest, IsContentWithZonesThatHaveNoSignatures) {
    serve("plain.", "a 60 A 192.0.2.1\n");
    const ZoneHealth health = watch_.look(kEnd);
    EXPECT_FALSE(health.has_expiring());
    EXPECT_FALSE(health.has_stale());
}

TEST_F(ZoneWatchTest, IsContentAgainWhenTheZoneWasSignedAnew) {
    serve_signed();
    EXPECT_TRUE(is_expiring(kEnd));
    serve("signed.", "@ 60 RRSIG SOA 13 1 60 20310101000000 20250101000000 1 signed. q80=\n");
    EXPECT_FALSE(is_expiring(kEnd));
}

// A change to a large zone lies beside it, and so do the signatures that it brings.
TEST_F(ZoneWatchTest, LooksAtTheSignaturesOfAChangeToo) {
    std::string records =
        "@ 60 RRSIG SOA 13 2 60 20310101000000 20250101000000 1 example.org. q80=\n";
    for (int i = 0; i < 1200; ++i) records += "h" + std::to_string(i) + " 60 TXT x\n";
    serve("example.org.", records);
    EXPECT_FALSE(is_expiring(kEnd - hours(48)));
    const dns::Name apex = *dns::parse_name("example.org.");
    ASSERT_TRUE(ledger_->apply(
        apex, change_of("@ 60 SOA ns.x. h 1 2 3 4 5\n",
                        "@ 60 SOA ns.x. h 2 2 3 4 5\n"
                        "h7 60 RRSIG TXT 13 3 60 20300101000000 20250101000000 1 example.org. "
                        "q80=\n")));
    ASSERT_TRUE(table_.pin(apex)->version().has_delta());
    EXPECT_FALSE(is_expiring(kEnd - hours(49)));
    EXPECT_TRUE(is_expiring(kEnd - hours(48)));
    // Another change leaves it as it is.
    ASSERT_TRUE(ledger_->apply(
        apex, change_of("@ 60 SOA ns.x. h 2 2 3 4 5\n", "@ 60 SOA ns.x. h 3 2 3 4 5\n")));
    EXPECT_TRUE(is_expiring(kEnd - hours(48)));
}

TEST_F(ZoneWatchTest, TellsAZoneThatHasExpired) {
    serve("plain.", "");
    ledger_->make_unavailable(*dns::parse_name("plain."));
    EXPECT_TRUE(watch_.look(kEnd).has_stale());
}

TEST_F(ZoneWatchTest, CountsZonesByTheirStateAndTellsTheFirstEnd) {
    EXPECT_FALSE(watch_.look(kEnd).signatures_expire);
    serve_signed();
    serve("later.", "@ 60 RRSIG SOA 13 1 60 20310101000000 20250101000000 1 later. q80=\n");
    serve("plain.", "");
    serve("gone.", "");
    ledger_->make_unavailable(*dns::parse_name("gone."));
    const ZoneHealth health = watch_.look(kEnd - hours(100));
    EXPECT_EQ(health.served, 3U);
    EXPECT_EQ(health.stale, 1U);
    EXPECT_EQ(health.empty, 0U);
    EXPECT_EQ(health.unsaved, 0U);
    EXPECT_EQ(health.expiring, 0U);
    EXPECT_EQ(health.signatures_expire, kEnd);
    EXPECT_GT(health.image_bytes, 0U);
    EXPECT_EQ(watch_.look(kEnd + hours(1)).signatures_expire, kEnd);
    EXPECT_EQ(watch_.look(kEnd + hours(1)).expiring, 1U);
}

// One that never had data is in the table alone: the ledger has nothing of it.
TEST_F(ZoneWatchTest, CountsZonesThatNeverHadData) {
    serve("plain.", "");
    ledger_->make_unavailable(*dns::parse_name("never."));
    ledger_->make_unavailable(*dns::parse_name("nowhere."));
    const ZoneHealth health = watch_.look(kEnd);
    EXPECT_EQ(health.served, 1U);
    EXPECT_EQ(health.stale, 0U);
    EXPECT_EQ(health.empty, 2U);
}

TEST_F(ZoneWatchTest, CountsZonesThatTheStoreDoesNotHave) {
    FakeDisk disk;
    ledger_ = *ZoneLedger::open(disk.share(), table_, {});
    ZoneWatch watch(*ledger_, table_, hours(48));
    serve("stored.", "");
    EXPECT_EQ(watch.look(kEnd).unsaved, 0U);
    disk.fill();
    serve("unsaved.", "");
    EXPECT_EQ(watch.look(kEnd).served, 2U);
    EXPECT_EQ(watch.look(kEnd).unsaved, 1U);
}

}  // namespace
}  // namespace nearcast::zone
