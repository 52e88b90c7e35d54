// SPDX-License-Identifier: Apache-2.0

#include "dns/record_walk.h"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "dns/message.h"

namespace nearcast::dns {
namespace {

using Bytes = std::vector<uint8_t>;

// A question, and an A record of the same name in each section; OPT behind the last.
Bytes message_with_all_sections() {
    QueryDraft draft;
    draft.qname = *parse_name("example.org.");
    draft.qtype = RRType::A;
    Bytes message = build_query(draft);
    const Bytes record{0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1};
    const size_t opt_at = message.size() - kOptRecordSize;
    for (int i = 0; i < 3; ++i) {
        message.insert(message.begin() + static_cast<ptrdiff_t>(opt_at), record.begin(),
                       record.end());
    }
    base::store_u16(&message[6], 1);
    base::store_u16(&message[8], 1);
    base::store_u16(&message[10], 2);
    return message;
}

TEST(RecordWalk, TellsWhereEachRecordLies) {
    const Bytes message = message_with_all_sections();
    RecordWalk walk(message);
    RecordPlace place;
    for (const Section section : {Section::Answer, Section::Authority, Section::Additional}) {
        ASSERT_TRUE(walk.next(place));
        EXPECT_EQ(place.section, section);
        EXPECT_EQ(place.ttl, 60U);
        Record record;
        ASSERT_TRUE(read_record(message, place, record));
        EXPECT_EQ(record.owner, *parse_name("example.org."));
        EXPECT_EQ(record.rdata, (Bytes{192, 0, 2, 1}));
    }
    ASSERT_TRUE(walk.next(place));
    EXPECT_EQ(place.type, RRType::OPT);
    EXPECT_TRUE(place.rdata(message).empty());
    EXPECT_FALSE(walk.next(place));
    EXPECT_TRUE(walk.is_at_end());
    EXPECT_EQ(walk.remaining(), 0U);
}

TEST(RecordWalk, EndsWhereAMessageIsCutShort) {
    const Bytes message = message_with_all_sections();
    for (size_t size = 0; size < message.size(); ++size) {
        const std::span<const uint8_t> part(message.data(), size);
        RecordWalk walk(part);
        RecordPlace place;
        while (walk.next(place)) {
            EXPECT_LE(place.rdata_offset + place.rdata_size, size);
        }
        EXPECT_TRUE(walk.is_broken()) << size;
        EXPECT_FALSE(walk.is_at_end()) << size;
        EXPECT_FALSE(walk.next(place)) << size;
    }
}

TEST(RecordWalk, KnowsOfBytesBehindTheLastRecord) {
    Bytes message = message_with_all_sections();
    message.push_back(0);
    RecordWalk walk(message);
    RecordPlace place;
    while (walk.next(place)) {
    }
    EXPECT_TRUE(walk.is_at_end());
    EXPECT_EQ(walk.remaining(), 1U);
}

TEST(RecordWalk, RefusesARecordThatIsNotOneOfItsType) {
    Bytes message = message_with_all_sections();
    const size_t size_at = kHeaderSize + 17 + 10;  // Of the first record's data.
    ASSERT_EQ(base::load_u16(&message[size_at]), 4U);
    base::store_u16(&message[size_at], 3);
    RecordWalk walk(message);
    RecordPlace place;
    ASSERT_TRUE(walk.next(place));
    Record record;
    EXPECT_FALSE(read_record(message, place, record));
}

}  // namespace
}  // namespace nearcast::dns
