// SPDX-License-Identifier: Apache-2.0

// What cookies do to answers. How they are made and judged: shield/cookie_jar_test.cc.

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "answer/served_zones.h"

namespace nearcast::answer {
namespace {

using shield::CookieDemand;
using shield::CookieState;

constexpr std::chrono::seconds kNow{1'559'731'985};
constexpr std::string_view kClientCookie("\x24\x64\xc4\xab\xcf\x10\xc9\x57", 8);

std::span<const uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class ResponderCookieTest : public testing::Test {
 protected:
    ResponderCookieTest() {
        secrets_.publish({.secrets = {shield::CookieSecret{7}}, .count = 1});
        demand(CookieDemand::Never);
        peer_.sin_family = AF_INET;
        peer_.sin_addr.s_addr = htonl(0xC0000201);
    }

    void demand(CookieDemand demand) {
        ResponderOptions options;
        options.cookie_secrets = &secrets_;
        options.cookie_policy.demand = demand;
        zones_ = std::make_unique<ServedZones>(options);
        zones_->serve("example.org",
                      "@ 60 IN SOA ns1 h 1 2 3 4 5\n@ 60 IN NS ns1\n"
                      "ns1 60 IN A 192.0.2.1\n");
    }

    // Asks with a COOKIE option for each of `cookies`.
    dns::Response ask(std::initializer_list<std::string_view> cookies,
                      Transport transport = Transport::Udp) {
        std::vector<dns::EdnsOption> options;
        for (const std::string_view each : cookies) {
            options.push_back({dns::kCookie, bytes_of(each)});
        }
        return send(dns::build_query({.id = 1,
                                      .qname = *dns::parse_name("ns1.example.org."),
                                      .qtype = dns::RRType::A,
                                      .options = options}),
                    transport);
    }

    dns::Response send(std::span<const uint8_t> query, Transport transport = Transport::Udp) {
        Exchange exchange{.query = query,
                          .room = room_,
                          .transport = transport,
                          .peer = reinterpret_cast<const sockaddr*>(&peer_)};
        zones_->responder().respond({&exchange, 1}, kNow);
        state_ = exchange.cookie;
        auto response = dns::read_response(std::span(room_).first(exchange.response_size));
        EXPECT_TRUE(response) << response.error().message;
        return response.value_or(dns::Response{});
    }

    static std::string cookie_of(const dns::Response& response) {
        const auto data = response.option(dns::kCookie);
        return data ? std::string(data->begin(), data->end()) : "";
    }

    // A message without a question, with a COOKIE option unless that is empty.
    dns::Response ask_nothing(std::string_view cookie) {
        std::vector<dns::EdnsOption> options;
        if (!cookie.empty()) options.push_back({dns::kCookie, bytes_of(cookie)});
        const dns::QueryDraft draft{.id = 1, .qname = {}, .options = options};
        auto query = dns::build_query(draft);
        dns::Query read;
        EXPECT_EQ(dns::parse_query(query, read), dns::ParseError::None);
        const auto begin = query.begin() + dns::kHeaderSize;
        query.erase(begin, begin + read.question_size);
        query[5] = 0;
        return send(query);
    }

    shield::CookieSecrets secrets_;
    std::unique_ptr<ServedZones> zones_;
    sockaddr_in peer_{};
    std::vector<uint8_t> room_ = std::vector<uint8_t>(1232);
    CookieState state_ = CookieState::None;  // Of the last question.
};

TEST_F(ResponderCookieTest, GivesACookieToWhoAsksForOneOverEitherTransport) {
    for (const Transport transport : {Transport::Udp, Transport::Tcp}) {
        const auto first = ask({kClientCookie}, transport);
        EXPECT_EQ(state_, CookieState::ClientOnly);
        EXPECT_EQ(first.answer.size(), 1U);
        const std::string cookie = cookie_of(first);
        ASSERT_EQ(cookie.size(), shield::kCookieSize);
        EXPECT_TRUE(cookie.starts_with(kClientCookie));
        EXPECT_EQ(cookie_of(ask({cookie}, transport)), cookie);
        EXPECT_EQ(state_, CookieState::Good);
    }
}

TEST_F(ResponderCookieTest, GivesNoneToWhoDoesNotAsk) {
    const auto response = ask({});
    EXPECT_EQ(response.answer.size(), 1U);
    EXPECT_EQ(cookie_of(response), "");
    EXPECT_EQ(state_, CookieState::None);
}

TEST_F(ResponderCookieTest, RefusesACookieOfASizeThatThereIsNot) {
    const auto response = ask({"seven77"});
    EXPECT_EQ(response.rcode, dns::Rcode::FormErr);
    EXPECT_TRUE(response.has_edns);
    EXPECT_EQ(cookie_of(response), "");
    EXPECT_TRUE(response.answer.empty());
}

TEST_F(ResponderCookieTest, AnswersABadCookieWithTheAnswerAndAGoodOne) {
    std::string cookie = cookie_of(ask({kClientCookie}));
    cookie.back() ^= 1;
    const auto response = ask({cookie});
    EXPECT_EQ(state_, CookieState::Bad);
    EXPECT_EQ(response.rcode, dns::Rcode::NoError);
    EXPECT_EQ(response.answer.size(), 1U);
    (void)ask({cookie_of(response)});
    EXPECT_EQ(state_, CookieState::Good);
}

TEST_F(ResponderCookieTest, LooksAtTheFirstOfSeveral) {
    EXPECT_TRUE(cookie_of(ask({kClientCookie, "seven77"})).starts_with(kClientCookie));
    EXPECT_EQ(ask({"seven77", kClientCookie}).rcode, dns::Rcode::FormErr);
}

TEST_F(ResponderCookieTest, BindsACookieToTheAddress) {
    const std::string cookie = cookie_of(ask({kClientCookie}));
    peer_.sin_addr.s_addr = htonl(0xC0000202);
    (void)ask({cookie});
    EXPECT_EQ(state_, CookieState::Bad);
}

TEST_F(ResponderCookieTest, DemandsAGoodCookieOverUdpAlone) {
    demand(CookieDemand::Always);
    const auto refused = ask({kClientCookie});
    EXPECT_EQ(refused.rcode, dns::Rcode::BadCookie);
    EXPECT_EQ(refused.questions.size(), 1U);
    EXPECT_TRUE(refused.answer.empty());
    EXPECT_EQ(ask({cookie_of(refused)}).answer.size(), 1U);
    EXPECT_EQ(ask({kClientCookie}, Transport::Tcp).answer.size(), 1U);
    EXPECT_EQ(ask({}).answer.size(), 1U);
}

TEST_F(ResponderCookieTest, TellsItsCookieWithoutAQuestion) {
    const auto first = ask_nothing(kClientCookie);
    EXPECT_EQ(first.rcode, dns::Rcode::NoError);
    EXPECT_TRUE(first.questions.empty());
    std::string cookie = cookie_of(first);
    EXPECT_EQ(ask_nothing(cookie).rcode, dns::Rcode::NoError);
    cookie.back() ^= 1;
    const auto bad = ask_nothing(cookie);
    EXPECT_EQ(bad.rcode, dns::Rcode::BadCookie);
    EXPECT_EQ(cookie_of(bad).size(), shield::kCookieSize);
    // Without a cookie it is no more than a message without a question.
    EXPECT_EQ(ask_nothing("").rcode, dns::Rcode::FormErr);
}

TEST_F(ResponderCookieTest, IgnoresThemWhenTheyAreNotInUse) {
    zones_ = std::make_unique<ServedZones>();
    const auto response = ask({"seven77"});
    EXPECT_EQ(response.rcode, dns::Rcode::Refused);  // It serves no zone.
    EXPECT_EQ(cookie_of(response), "");
}

}  // namespace
}  // namespace nearcast::answer
