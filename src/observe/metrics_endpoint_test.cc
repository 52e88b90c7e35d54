// SPDX-License-Identifier: Apache-2.0

#include "observe/metrics_endpoint.h"

#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "observe/metrics_config.h"

namespace nearcast::observe {
namespace {

base::SocketAddress here(uint16_t port) { return {*base::parse_ip_address("127.0.0.1"), port}; }

std::string scrape(uint16_t port) {
    const base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const base::NativeAddress native(here(port));
    EXPECT_EQ(::connect(socket.get(), native.data(), native.size()), 0);
    const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
    EXPECT_EQ(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string text;
    std::array<char, 4096> room{};
    for (ssize_t got = 0; (got = ::recv(socket.get(), room.data(), room.size(), 0)) > 0;) {
        text.append(room.data(), static_cast<size_t>(got));
    }
    return text;
}

std::vector<Metric> example() {
    Metric queries{.name = "test_queries_total", .help = "What came", .samples = {}};
    queries.add({{"zone", "a \"quoted\".example."}}, uint64_t{7});
    Metric sizes{.name = "test_size_bytes",
                 .help = "How large",
                 .kind = Metric::Kind::Histogram,
                 .samples = {{.labels = {}, .value = 40, .buckets = {{16, 1}, {32, 2}}}}};
    return {queries, sizes};
}

TEST(MetricsEndpoint, OffersWhatItCollects) {
    const auto endpoint = MetricsEndpoint::open(here(0), example);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    const std::string text = scrape((*endpoint)->port());
    for (const char* line :
         {"# HELP test_queries_total What came", "# TYPE test_queries_total counter",
          "test_queries_total{zone=\"a \\\"quoted\\\".example.\"} 7",
          "# TYPE test_size_bytes histogram", "test_size_bytes_bucket{le=\"16\"} 1",
          "test_size_bytes_bucket{le=\"+Inf\"} 2", "test_size_bytes_sum 40",
          "test_size_bytes_count 2"}) {
        EXPECT_TRUE(text.contains(line)) << line << "\n" << text;
    }
}

TEST(MetricsEndpoint, SaysThatAnAddressIsTaken) {
    const auto first = MetricsEndpoint::open(here(0), example);
    ASSERT_TRUE(first);
    const auto second = MetricsEndpoint::open(here((*first)->port()), example);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message,
              "cannot offer metrics on 127.0.0.1:" + std::to_string((*first)->port()));
}

TEST(MetricsConfig, IsOffUnlessAnAddressIsGiven) {
    const auto absent = parse_metrics_config("[node]\nname = \"x\"\n", "node.toml");
    ASSERT_TRUE(absent);
    EXPECT_FALSE(absent->listen);
    const auto given = parse_metrics_config(
        "[metrics]\nlisten = \"[::1]:9153\"\nzone_labels_max = 5\nzones_counted_max = 0\n",
        "node.toml");
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_EQ(given->listen->port, 9153);
    EXPECT_EQ(given->zone_labels_max, 5U);
    EXPECT_EQ(given->zones_counted_max, 0U);
    EXPECT_FALSE(parse_metrics_config("[metrics]\nlisten = \"here\"\n", "node.toml"));
    EXPECT_FALSE(parse_metrics_config("[metrics]\nport = 1\n", "node.toml"));
}

}  // namespace
}  // namespace nearcast::observe
