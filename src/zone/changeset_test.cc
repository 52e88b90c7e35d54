// SPDX-License-Identifier: Apache-2.0

#include "zone/changeset.h"

#include <gtest/gtest.h>

#include "zone/compile.h"

namespace nearcast::zone {
namespace {

// The records of a zone, each as one that is removed.
Changeset removal_of(std::string_view records) {
    const auto zone = compile_zone_text(*dns::parse_name("example."), records);
    Changeset changes;
    ImageRecords walk{Version(zone.image.image())};
    RecordView record;
    while (walk.next(record)) changes.remove(record);
    return changes;
}

TEST(Changeset, GivesBackWhatWasPutIn) {
    const Changeset changes = removal_of("@ 60 SOA ns h 7 2 3 4 5\n@ 30 NS ns.example.net.\n");
    EXPECT_EQ(changes.removed_count(), 2U);
    EXPECT_EQ(changes.added_count(), 0U);
    RecordSequence records(changes.removed());
    RecordView record;
    ASSERT_TRUE(records.next(record));
    EXPECT_EQ(record.type, dns::RRType::NS);
    EXPECT_EQ(record.ttl, 30U);
    EXPECT_EQ(dns::to_text(record.owner), "example.");
    EXPECT_EQ(dns::to_text(record.rdata), "ns.example.net.");
    ASSERT_TRUE(records.next(record));
    EXPECT_EQ(soa_serial(record.rdata), 7U);
    EXPECT_FALSE(records.next(record));
    EXPECT_TRUE(records.is_at_end());
}

TEST(Changeset, IsCompleteWithOneSoaInFrontOfEachPart) {
    const auto zone = compile_zone_text(*dns::parse_name("example."),
                                        "@ 60 SOA ns h 7 2 3 4 5\n@ 60 NS ns.example.net.\n");
    uint32_t ttl = 0;
    const auto rdata = soa_rdata(Version(zone.image.image()), ttl);
    const RecordView soa{zone.image.image().apex().owner(), dns::RRType::SOA, ttl, rdata};
    Changeset changes;
    changes.remove(soa);
    EXPECT_FALSE(changes.is_complete());
    changes.add(soa);
    EXPECT_TRUE(changes.is_complete());
    EXPECT_EQ(changes.from_serial(), 7U);
    EXPECT_EQ(changes.to_serial(), 7U);
    changes.add(soa);
    EXPECT_FALSE(changes.is_complete());
}

TEST(RecordSequence, StopsAtWhatIsNoRecord) {
    const Changeset changes = removal_of("@ 60 SOA ns h 7 2 3 4 5\n@ 30 NS ns.example.net.\n");
    const auto whole = changes.removed();
    for (size_t size = 0; size < whole.size(); ++size) {
        RecordSequence records(whole.first(size));
        RecordView record;
        size_t count = 0;
        while (records.next(record)) ++count;
        EXPECT_LT(count, 2U);
        EXPECT_EQ(records.is_at_end(),
                  size == 0 || record.rdata.data() + record.rdata.size() == whole.data() + size);
    }
}

}  // namespace
}  // namespace nearcast::zone
