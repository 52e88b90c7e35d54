// SPDX-License-Identifier: Apache-2.0

#include "observe/counters.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include "answer/served_zones.h"
#include "observe/statistics.h"

namespace nearcast::observe {
namespace {

using answer::query_for;

class CountersTest : public testing::Test {
 protected:
    CountersTest() {
        zones_.serve("example.org",
                     "@ 60 IN SOA ns1 h 1 2 3 4 5\n@ 60 IN NS ns1\n"
                     "ns1 60 IN A 192.0.2.1\nsub 60 IN NS ns.sub\n"
                     "ns.sub 60 IN A 192.0.2.2\n");
        zones_.serve("example.net",
                     "@ 60 IN SOA ns1 h 1 2 3 4 5\n@ 60 IN NS ns1\n"
                     "ns1 60 IN A 192.0.2.1\n");
        peer_.sin_family = AF_INET;
    }

    void send(std::span<const uint8_t> query, answer::Transport transport = answer::Transport::Udp,
              size_t worker = 0) {
        answer::Exchange exchange{.query = query,
                                  .room = room_,
                                  .transport = transport,
                                  .peer = reinterpret_cast<const sockaddr*>(&peer_)};
        zones_.responder().respond({&exchange, 1});
        statistics_.worker(worker).count(exchange);
    }
    void ask(std::string_view question) { send(query_for(question)); }

    // The value of the sample with these labels, as "NAME{label=value,...}"; -1: there is none.
    double value(std::string_view wanted) {
        for (const Metric& metric : statistics_.collect()) {
            for (const Metric::Sample& sample : metric.samples) {
                std::string text = metric.name + "{";
                for (const auto& [name, label] : sample.labels) {
                    text += (text.ends_with('{') ? "" : ",") + name + "=" + label;
                }
                if (text + "}" == wanted) return sample.value;
            }
        }
        return -1;
    }

    answer::ServedZones zones_;
    Statistics statistics_{
        2, {.listen = {}, .zone_labels_max = 10, .zones_counted_max = 100}, zones_.table()};
    sockaddr_in peer_{};
    std::vector<uint8_t> room_ = std::vector<uint8_t>(1232);
};

TEST_F(CountersTest, CountsTheWayTheTypeAndTheCode) {
    ask("ns1.example.org A");
    ask("ns1.example.org A +noedns");
    send(query_for("ns1.example.org TYPE65280 +do"), answer::Transport::Tcp, 1);
    EXPECT_EQ(value("nearcast_queries_total{transport=udp,family=ipv4}"), 2);
    EXPECT_EQ(value("nearcast_queries_total{transport=tcp,family=ipv4}"), 1);
    EXPECT_EQ(value("nearcast_queries_total{transport=udp,family=ipv6}"), 0);
    EXPECT_EQ(value("nearcast_queries_by_type_total{type=A}"), 2);
    EXPECT_EQ(value("nearcast_queries_by_type_total{type=other}"), 1);
    EXPECT_EQ(value("nearcast_queries_by_type_total{type=AAAA}"), -1);
    EXPECT_EQ(value("nearcast_queries_by_edns_total{edns=none}"), 1);
    EXPECT_EQ(value("nearcast_queries_by_edns_total{edns=edns}"), 1);
    EXPECT_EQ(value("nearcast_queries_by_edns_total{edns=dnssec_ok}"), 1);
    EXPECT_EQ(value("nearcast_queries_by_opcode_total{opcode=query}"), 3);
    EXPECT_EQ(value("nearcast_responses_total{rcode=noerror}"), 3);
}

TEST_F(CountersTest, TellsWhatBecameOfAQuestion) {
    ask("ns1.example.org A");
    ask("ns1.example.org TXT");
    ask("none.example.org A");
    ask("www.sub.example.org A");
    ask("ns1.example.com A");
    for (const char* outcome : {"answer", "nodata", "nxdomain", "referral", "other"}) {
        EXPECT_EQ(value("nearcast_outcomes_total{outcome=" + std::string(outcome) + "}"), 1);
    }
    EXPECT_EQ(value("nearcast_responses_total{rcode=refused}"), 1);
    EXPECT_EQ(value("nearcast_responses_total{rcode=nxdomain}"), 1);
}

TEST_F(CountersTest, CountsTheResponseThatComesLaterAndNotTheQueryAgain) {
    const auto query = query_for("example.org SOA");
    answer::Exchange exchange{.query = query, .room = room_};
    exchange.takes_datagram = true;
    statistics_.worker(0).count(exchange);
    zones_.responder().respond({&exchange, 1});
    statistics_.worker(1).count_late(exchange);
    EXPECT_EQ(value("nearcast_responses_total{rcode=noerror}"), 1);
    EXPECT_EQ(value("nearcast_queries_by_opcode_total{opcode=query}"), 1);
}

TEST_F(CountersTest, CountsForTheMostSpecificZone) {
    ask("ns1.example.org A");
    ask("deep.below.EXAMPLE.org A");
    ask("example.net SOA");
    ask("ns1.example.com A");
    EXPECT_EQ(value("nearcast_zone_queries_total{zone=example.org.}"), 2);
    EXPECT_EQ(value("nearcast_zone_queries_total{zone=example.net.}"), 1);
    EXPECT_EQ(value("nearcast_zone_outcomes_total{zone=example.org.,outcome=nxdomain}"), 1);
    EXPECT_EQ(value("nearcast_zone_outcomes_total{zone=example.org.,outcome=answer}"), 1);
}

TEST_F(CountersTest, CountsTypesForEachZone) {
    for (const char* type : {"A", "AAAA", "AAAA", "TXT", "DS", "CAA", "TYPE65280"}) {
        ask("ns1.example.org " + std::string(type));
    }
    ask("example.net TXT");
    const auto of_type = [&](const char* type) {
        return value("nearcast_zone_queries_by_type_total{zone=example.org.,type=" +
                     std::string(type) + "}");
    };
    EXPECT_EQ(of_type("A"), 1);
    EXPECT_EQ(of_type("AAAA"), 2);
    EXPECT_EQ(of_type("TXT"), 1);
    EXPECT_EQ(of_type("other"), 3);
    EXPECT_EQ(of_type("MX"), -1);
    EXPECT_EQ(value("nearcast_zone_queries_total{zone=example.org.}"), 7);
}

TEST_F(CountersTest, ForgetsTheNameOfAZoneThatIsServedNoLonger) {
    ask("ns1.example.org A");
    ASSERT_TRUE(zones_.table().withdraw(*dns::parse_name("example.org.")));
    EXPECT_EQ(value("nearcast_zone_queries_total{zone=example.org.}"), -1);
}

TEST_F(CountersTest, CountsEachWayToBeUnreadable) {
    auto query = query_for("ns1.example.org A");
    send(std::span(query).first(5));
    query[2] |= 0x80;
    send(query);
    query[2] = 0x78;  // Opcode 15.
    send(query);
    query[2] = 0;
    query.push_back(0);
    send(query);
    for (const char* error : {"too_short", "is_response", "unknown_opcode", "trailing_bytes"}) {
        EXPECT_EQ(value("nearcast_query_errors_total{error=" + std::string(error) + "}"), 1);
    }
    EXPECT_EQ(value("nearcast_queries_unanswered_total{}"), 2);
    EXPECT_EQ(value("nearcast_responses_total{rcode=formerr}"), 1);
    EXPECT_EQ(value("nearcast_responses_total{rcode=notimp}"), 1);
}

TEST_F(CountersTest, KnowsCodesThatNeedOpt) {
    auto query = query_for("ns1.example.org A");
    query[query.size() - 5] = 7;  // The version of EDNS.
    send(query);
    EXPECT_EQ(value("nearcast_responses_total{rcode=badvers}"), 1);
}

TEST_F(CountersTest, LeavesOutTheGuardsProbes) {
    answer::Exchange exchange;
    exchange.is_probe = true;
    statistics_.worker(0).count(exchange);
    EXPECT_EQ(value("nearcast_queries_total{transport=udp,family=ipv4}"), 0);
}

TEST_F(CountersTest, PutsSizesIntoTheSmallestBucketThatHoldsThem) {
    SizeTally sizes;
    for (const size_t size : {0U, 1U, 16U, 17U, 32U, 65535U}) sizes.add(size);
    EXPECT_EQ(sizes.counts[0].get(), 2U);
    EXPECT_EQ(sizes.counts[3].get(), 1U);
    EXPECT_EQ(sizes.counts[4].get(), 2U);
    EXPECT_EQ(sizes.counts[15].get(), 1U);
    EXPECT_EQ(sizes.bytes.get(), 65601U);
}

TEST(ZoneCounters, CountsEachZoneUpToItsBound) {
    constexpr size_t kZones = 1000;
    ZoneCounters counters(kZones);
    for (uint64_t round = 0; round < 3; ++round) {
        for (uint64_t zone = 1; zone <= kZones + 10; ++zone) {
            counters.count(zone * 0x9E3779B97F4A7C15, Outcome::Answer, 0);
        }
    }
    ASSERT_EQ(counters.entries().size(), kZones);
    for (const auto& entry : counters.entries()) EXPECT_EQ(entry.total(), 3U);
    EXPECT_EQ(counters.uncounted(), 30U);
}

TEST(ZoneCounters, FindsZonesWhoseHashesCrowdOnePlace) {
    ZoneCounters counters(100);
    for (uint64_t zone = 1; zone <= 100; ++zone) counters.count(zone, Outcome::NoData, 0);
    for (uint64_t zone = 1; zone <= 100; ++zone) counters.count(zone, Outcome::NoData, 0);
    ASSERT_EQ(counters.entries().size(), 100U);
    for (const auto& entry : counters.entries()) EXPECT_EQ(entry.total(), 2U);
}

TEST(ZoneCounters, MayBeTurnedOff) {
    ZoneCounters counters(0);
    counters.count(7, Outcome::Answer, 0);
    EXPECT_TRUE(counters.entries().empty());
    EXPECT_EQ(counters.uncounted(), 1U);
}

}  // namespace
}  // namespace nearcast::observe
