// SPDX-License-Identifier: Apache-2.0

#include "control/api/call_body.h"

#include <chrono>
#include <ctime>

#include <gtest/gtest.h>

namespace nearcast::control_api {
namespace {

using nlohmann::json;

// What is answered to a body that is refused.
Response answer_to(const std::string& text) {
    Request request;
    request.body = text;
    const auto body = read_body(request);
    EXPECT_FALSE(body) << text;
    return body ? Response() : body.error();
}

TEST(ReadBody, TellsWhereTheJsonGoesWrong) {
    const std::pair<const char*, const char*> cases[] = {
        {"{\"a\": 1,}", "line 1, column 9"},
        {"{\n \"a\": x}", "line 2, column 7"},
        {"{", "line 1, column 2"},
        {"{\"a\": 1} x", "line 1, column 10"},
    };
    for (const auto& [text, place] : cases) {
        const Response response = answer_to(text);
        EXPECT_EQ(response.status, 400) << text;
        const json told = json::parse(response.body);
        EXPECT_EQ(told["error"], "Bad Request");
        EXPECT_EQ(told["errors"][0], "The JSON is wrong at " + std::string(place)) << text;
    }
    EXPECT_TRUE(answer_to("[1]").body.contains("not a JSON object"));
    EXPECT_TRUE(answer_to("{\"a\": 1e999}").body.contains("a number that is too large"));
}

TEST(ReadBody, RefusesANameThatStandsTwiceInAnObject) {
    for (const char* text : {R"({"a": 1, "a": 2})", R"({"b": [{"a": {}, "c": 0, "a": 1}]})",
                             R"({"a": 1, "\u0061": 1})"}) {
        const Response response = answer_to(text);
        EXPECT_EQ(response.status, 422) << text;
        EXPECT_EQ(json::parse(response.body)["error"], "Key 'a' stands twice in one object");
    }
    Request request;
    request.body = R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 1}]})";
    EXPECT_TRUE(read_body(request));
}

// Of the processor, the least of some runs.
std::chrono::nanoseconds time_to_read(size_t count) {
    Request request;
    request.body = R"({"a": [{})";
    for (size_t i = 1; i < count; ++i) request.body += R"(,{"b":[]})";
    request.body += "]}";
    std::chrono::nanoseconds least = std::chrono::nanoseconds::max();
    for (int run = 0; run < 3; ++run) {
        const auto now = [] {
            timespec time{};
            ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
            return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
        };
        const auto begin = now();
        EXPECT_TRUE(read_body(request));
        least = std::min<std::chrono::nanoseconds>(least, now() - begin);
    }
    return least;
}

// What costs the square of it takes 256 times as long.
TEST(ReadBody, TakesAsLongAsTheBodyIs) {
    EXPECT_LT(time_to_read(16 * 500), 48 * time_to_read(500));
}

TEST(ReadBody, RefusesMoreValuesThanItsBound) {
    const auto body_of = [](size_t count) {  // With the object and the list.
        Request request;
        request.body = R"({"a": [0)";
        for (size_t i = 3; i < count; ++i) request.body += ",0";
        request.body += "]}";
        return request;
    };
    EXPECT_TRUE(read_body(body_of(kBodyValuesMax)));
    const auto refused = read_body(body_of(kBodyValuesMax + 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, 413);
}

TEST(ReadBody, BuildsWhatStandsThere) {
    for (const char* text : {R"({"a": [null, true, -1, 18446744073709551615, 1.5, "x"], "b": {}})",
                             R"({"": {"c": [[], [{"d": []}], {}]}, "e": {"a": {"a": 0}}})"}) {
        Request request;
        request.body = text;
        const auto body = read_body(request);
        ASSERT_TRUE(body) << text;
        EXPECT_EQ(*body, json::parse(text));
    }
}

TEST(ReadIntent, RefusesACommentThatIsNoText) {
    const auto intent = read_intent({}, {}, {{"comment", 7}});
    ASSERT_FALSE(intent);
    EXPECT_EQ(intent.error().status, 422);
    EXPECT_EQ(read_intent({}, {}, {{"comment", "why"}})->comment, "why");
    EXPECT_EQ(read_intent({}, {}, {{"comment", nullptr}})->comment, "");
}

TEST(HasSeen, TakesWeakTagsAsWell) {
    Request request;
    EXPECT_FALSE(has_seen(request, "\"7-9\""));
    for (const char* header : {"\"7-9\"", "W/\"7-9\"", "\"1-2\", W/\"7-9\"", "*"}) {
        request.headers["if-none-match"] = header;
        EXPECT_TRUE(has_seen(request, "\"7-9\"")) << header;
    }
    for (const char* header : {"\"7-8\"", "7-9", "\"7-9", "\"a,7-9\"", "W/"}) {
        request.headers["if-none-match"] = header;
        EXPECT_FALSE(has_seen(request, "\"7-9\"")) << header;
    }
}

// The states of a zone that an If-Match lets pass, as "SERIAL-SEQUENCE" each; "*" for all.
std::string states_of(const std::string& header) {
    Request request;
    request.headers["if-match"] = header;
    const auto tags = read_if_match(request);
    if (!tags) return std::to_string(tags.error().status);
    if (!*tags) return "*";
    std::string text;
    for (const auto& each : **tags) {
        text += (text.empty() ? "" : " ") + std::to_string(each.serial.value_or(0));
        if (each.sequence) text += '-' + std::to_string(*each.sequence);
    }
    return text;
}

// RFC 9110 §13.1.1: one of a list matches, and tags are compared strongly.
TEST(ReadIfMatch, TakesAListOfTags) {
    EXPECT_EQ(states_of("*"), "*");
    EXPECT_EQ(states_of(R"("7-3")"), "7-3");
    EXPECT_EQ(states_of(R"("7-3" ,	"8-4","9")"), "7-3 8-4 9");
    EXPECT_EQ(states_of("7"), "7");
    EXPECT_EQ(states_of(R"(W/"7-3", "8-4")"), "8-4");
    EXPECT_EQ(states_of(R"(W/"7-3")"), "");
    EXPECT_EQ(states_of(R"("of, another", "8-4")"), "8-4");
    EXPECT_EQ(states_of("nonsense"), "400");
}

}  // namespace
}  // namespace nearcast::control_api
