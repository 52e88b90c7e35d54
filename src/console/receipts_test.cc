// SPDX-License-Identifier: Apache-2.0

#include "console/receipts.h"

#include <gtest/gtest.h>

namespace nearcast::console {
namespace {

using nlohmann::json;

json receipts(bool is_second_late) {
    json late{{"pop", "sin"},
              {"served_at", nullptr},
              {"nodes", {{{"node", "sin1"}, {"served_at", nullptr}, {"reason", "no disk"}}}}};
    json pops = json::array();
    for (const char* name : {"ams", "fra"}) {
        pops.push_back({{"pop", name},
                        {"served_at", "2026-11-26T01:02:03.5Z"},
                        {"nodes", {{{"node", name}, {"reason", ""}}}}});
    }
    if (is_second_late) pops.push_back(std::move(late));
    return {{"served_by_all", !is_second_late}, {"pops", std::move(pops)}};
}

TEST(IsServed, ByThoseWhoAreWaitedFor) {
    EXPECT_TRUE(is_served(receipts(false), "all"));
    EXPECT_FALSE(is_served(receipts(true), "all"));
    EXPECT_TRUE(is_served(receipts(true), "quorum"));
    EXPECT_TRUE(is_served(receipts(true), "pop:ams"));
    EXPECT_FALSE(is_served(receipts(true), "pop:sin"));
    EXPECT_FALSE(is_served(receipts(true), "pop:moon"));
    EXPECT_FALSE(is_served(nullptr, "all"));
}

TEST(ReceiptsTable, NamesEachNodeThatLags) {
    const auto pops = nlohmann::json::parse(
        R"([{"pop": "sin", "served_at": null, "nodes": [
            {"node": "sin1", "served_at": null, "reason": ""},
            {"node": "sin2", "served_at": "2026-11-26T01:02:03.000000Z", "reason": ""},
            {"node": "sin3", "served_at": null, "reason": "no disk"}]}])");
    EXPECT_EQ(receipts_table({{"pops", pops}}).to_text(0),
              "POP  SERVED SINCE (UTC)  NODES\n"
              "sin  not yet                 3\n");
    EXPECT_EQ(lagging_text({{"pops", pops}}), "  sin1 does not serve it yet\n  sin3: no disk\n");
    EXPECT_EQ(lagging_text(receipts(false)), "");
}

TEST(ReceiptsTable, TellsSinceWhenOrWhyNot) {
    EXPECT_EQ(receipts_table(receipts(true)).to_text(0),
              "POP  SERVED SINCE (UTC)   NODES\n"
              "ams  2026-11-26 01:02:03      1\n"
              "fra  2026-11-26 01:02:03      1\n"
              "sin  not yet                  1\n");
    EXPECT_EQ(lagging_text(receipts(true)), "  sin1: no disk\n");
}

}  // namespace
}  // namespace nearcast::console
