// SPDX-License-Identifier: Apache-2.0

#include "dns/record_list.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/response.h"

namespace nearcast::dns {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> replayed(const RecordList& list) {
    std::vector<std::string> lines;
    Record record;
    list.replay(record, [&](const RecordList::Place& place) {
        lines.push_back(std::to_string(place.line) + ':' + std::to_string(place.column) + ' ' +
                        to_text(record));
    });
    return lines;
}

TEST(RecordList, GivesBackWhatItTook) {
    RecordList list;
    Record record{.owner = parse_name("a.example.").value(),
                  .type = RRType::A,
                  .ttl = 60,
                  .rdata = {192, 0, 2, 1}};
    list.add(record, {1, 2});
    record.rdata[3] = 2;
    list.add(record, {3, 1});
    record.owner = parse_name("A.example.").value();  // Another spelling is kept.
    record.ttl = 0;
    list.add(record, {4, 1});
    EXPECT_THAT(replayed(list),
                ElementsAre("1:2 a.example. 60 IN A 192.0.2.1", "3:1 a.example. 60 IN A 192.0.2.2",
                            "4:1 A.example. 0 IN A 192.0.2.2"));
    list.clear();
    EXPECT_TRUE(list.empty());
    EXPECT_THAT(replayed(list), IsEmpty());
    list.add(record, {1, 1});  // The owner of the last one is no more known.
    EXPECT_THAT(replayed(list), ElementsAre("1:1 A.example. 0 IN A 192.0.2.2"));
}

}  // namespace
}  // namespace nearcast::dns
