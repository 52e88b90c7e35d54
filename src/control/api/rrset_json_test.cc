// SPDX-License-Identifier: Apache-2.0

#include "control/api/rrset_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nearcast::control_api {
namespace {

using nlohmann::json;

json replace(const std::string& name) {
    return {{"name", name},
            {"type", "A"},
            {"ttl", 60},
            {"changetype", "REPLACE"},
            {"records", json::array({{{"content", "192.0.2.1"}, {"disabled", false}}})}};
}

// What is answered to a PATCH whose second set of three has these members instead.
json answer_to(const json& members) {
    json odd = replace("b.example.org.");
    for (const auto& [name, value] : members.items()) {
        if (value.is_null()) {
            odd.erase(name);
        } else {
            odd[name] = value;
        }
    }
    const json list = json::array({replace("a.example.org."), odd, replace("c.example.org.")});
    const auto edits = read_edits({{"rrsets", list}});
    EXPECT_FALSE(edits) << members;
    const Response response = edits ? Response() : error_reply(edits.error());
    EXPECT_EQ(response.status, 422);
    return json::parse(response.body, nullptr, false);
}

TEST(RrsetJson, TakesATtlThatIsTextOfDigits) {
    json rrset = replace("a.example.org.");
    rrset["ttl"] = "3600";
    const auto edits = read_edits({{"rrsets", json::array({rrset})}});
    ASSERT_TRUE(edits);
    EXPECT_EQ(edits->front().ttl, 3600U);
}

struct Case {
    json members;
    const char* field;
    const char* error;
};

TEST(RrsetJson, TellsWhichSetAndWhichFieldIsWrong) {
    const char* const no_integer = "Key 'ttl' not an Integer or not present";
    const char* const no_content = "Key 'content' not present or not a String";
    const char* const no_change_type = "Key 'changetype' not present or not a String";
    const Case cases[] = {
        {{{"ttl", nullptr}}, "ttl", no_integer},
        {{{"ttl", 60.5}}, "ttl", no_integer},
        {{{"ttl", "60s"}}, "ttl", no_integer},
        {{{"ttl", ""}}, "ttl", no_integer},
        {{{"ttl", "-1"}}, "ttl", "Key 'ttl' is not from 0 to 2147483647"},
        {{{"ttl", -1}}, "ttl", "Key 'ttl' is not from 0 to 2147483647"},
        {{{"ttl", 4294967296}}, "ttl", "Key 'ttl' is not from 0 to 2147483647"},
        {{{"changetype", nullptr}}, "changetype", no_change_type},
        {{{"changetype", "CHANGE"}}, "changetype", "Changetype not understood"},
        {{{"records", "x"}}, "records", "Key 'records' is not an array"},
        {{{"records", json::array({json::object()})}}, "content", no_content},
        {{{"records", json::array({{{"content", "192.0.2.1"}, {"disabled", "no"}}})}},
         "disabled",
         "Key 'disabled' is not a Boolean"},
        {{{"comments", 1}}, "comments", "Key 'comments' is not an array"},
        {{{"comments", json::array({1})}}, "comments", no_content},
        {{{"type", "NONE1"}}, "type", "RRset b.example.org. IN NONE1: unknown type given"},
    };
    for (const Case& each : cases) {
        const json answer = answer_to(each.members);
        EXPECT_EQ(answer["error"], each.error) << each.members;
        ASSERT_EQ(answer["rrsets"].size(), 1U) << each.members;
        const json& fault = answer["rrsets"][0];
        EXPECT_EQ(fault["name"], "b.example.org.") << each.members;
        EXPECT_EQ(fault["type"], each.members.value("type", "A")) << each.members;
        EXPECT_EQ(fault["field"], each.field) << each.members;
        EXPECT_EQ(fault["reason"], each.error) << each.members;
        const std::string sentence = answer["errors"][0];
        EXPECT_TRUE(sentence.starts_with("RRset b.example.org. IN ")) << sentence;
    }
}

TEST(RrsetJson, TellsThePlaceOfASetWithoutAName) {
    const json answer = answer_to({{"name", nullptr}});
    EXPECT_EQ(answer["errors"][0], "RRset 2 of the list: Key 'name' not present or not a String");
    EXPECT_EQ(answer["rrsets"][0]["field"], "name");
}

TEST(RrsetJson, TellsAllThatAreWrong) {
    json first = replace("a.example.org.");
    json second = replace("b.example.org.");
    first["ttl"] = -1;
    second["changetype"] = 1;
    const auto edits = read_edits({{"rrsets", {first, replace("c.example.org."), second}}});
    ASSERT_FALSE(edits);
    ASSERT_EQ(edits.error().rrsets.size(), 2U);
    EXPECT_EQ(edits.error().message, "Key 'ttl' is not from 0 to 2147483647");
    EXPECT_EQ(edits.error().rrsets[1].name, "b.example.org.");
    EXPECT_EQ(edits.error().rrsets[1].field, "changetype");
}

TEST(RrsetJson, OfANewZoneIsToldAlike) {
    json odd = replace("b.example.org.");
    odd.erase("ttl");
    const auto rrsets = read_rrsets({replace("a.example.org."), odd});
    ASSERT_FALSE(rrsets);
    EXPECT_EQ(rrsets.error().rrsets[0].name, "b.example.org.");
    EXPECT_EQ(rrsets.error().rrsets[0].field, "ttl");
    EXPECT_TRUE(read_rrsets(nullptr));
}

TEST(RrsetJson, ANameInUnicodeIsRefused) {
    const json answer = answer_to({{"name", "bücher.example.org."}});
    EXPECT_EQ(answer["rrsets"][0]["field"], "name");
    EXPECT_TRUE(answer["error"].get<std::string>().contains("xn--bcher-kva")) << answer;
    EXPECT_FALSE(read_canonical_name("a b.example.org.", "DNS Name"));
    EXPECT_TRUE(read_canonical_name("a\\032b.example.org.", "DNS Name"));
}

}  // namespace
}  // namespace nearcast::control_api
