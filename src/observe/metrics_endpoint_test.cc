// SPDX-License-Identifier: Apache-2.0

#include "observe/metrics_endpoint.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "observe/metrics_config.h"

namespace nearcast::observe {
namespace {

base::SocketAddress here(uint16_t port) { return {*base::parse_ip_address("127.0.0.1"), port}; }

// Waits long enough for any machine: what does not come by then is refused.
constexpr timeval kPatience{.tv_sec = 10, .tv_usec = 0};

base::Fd connected_to(uint16_t port) {
    base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    const base::NativeAddress native(here(port));
    EXPECT_EQ(::connect(socket.get(), native.data(), native.size()), 0);
    return socket;
}

void send(const base::Fd& socket, std::string_view text) {
    EXPECT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
}

std::string read_all(const base::Fd& socket) {
    std::string text;
    std::array<char, 4096> room{};
    ssize_t got = 0;
    while ((got = ::recv(socket.get(), room.data(), room.size(), 0)) > 0) {
        text.append(room.data(), static_cast<size_t>(got));
    }
    EXPECT_EQ(got, 0) << "the connection was not ended in order";
    return text;
}

std::string ask(uint16_t port, std::string_view request) {
    const base::Fd socket = connected_to(port);
    send(socket, request);
    return read_all(socket);
}

std::string scrape(uint16_t port) { return ask(port, "GET /metrics HTTP/1.0\r\n\r\n"); }

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

TEST(MetricsEndpoint, AnswersHeadAsGetWithoutTheBody) {
    const auto endpoint = MetricsEndpoint::open(here(0), example);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    const std::string whole = ask((*endpoint)->port(), "GET /metrics HTTP/1.0\r\n\r\n");
    const std::string head = ask((*endpoint)->port(), "HEAD /metrics HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
    EXPECT_EQ(head, whole.substr(0, whole.find("\r\n\r\n") + 4));
}

TEST(MetricsEndpoint, AnswersWhileSilentConnectionsHoldEveryPlace) {
    const auto endpoint = MetricsEndpoint::open(here(0), example);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    std::vector<base::Fd> silent;
    for (size_t i = 0; i < ScrapeLimits{}.connections_max; ++i) {
        silent.push_back(connected_to((*endpoint)->port()));
        send(silent.back(), "GET /metrics HT");
    }
    EXPECT_TRUE(scrape((*endpoint)->port()).contains("test_queries_total"));
    send(silent.back(), "TP/1.1\r\n\r\n");
    EXPECT_TRUE(read_all(silent.back()).contains("test_queries_total")) << "the newest stays";
}

TEST(MetricsEndpoint, EndsAConnectionThatAsksNothing) {
    const auto endpoint =
        MetricsEndpoint::open(here(0), example, {.request_limit = std::chrono::milliseconds(20)});
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    EXPECT_EQ(read_all(connected_to((*endpoint)->port())), "");
}

TEST(MetricsEndpoint, AnswersWhileOthersTakeNothingOfTheirs) {
    const auto much = [] {
        std::vector<Metric> metrics = example();
        metrics.front().help = std::string(size_t{16} << 20, 'x');  // No socket holds so much.
        return metrics;
    };
    const auto endpoint = MetricsEndpoint::open(here(0), much, {.connections_max = 2});
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    std::vector<base::Fd> idle;
    for (size_t i = 0; i < 2; ++i) {
        idle.push_back(connected_to((*endpoint)->port()));
        send(idle.back(), "GET /metrics HTTP/1.1\r\n\r\n");
    }
    EXPECT_TRUE(scrape((*endpoint)->port()).contains("test_queries_total"));
}

TEST(MetricsEndpoint, SaysWhatIsNotThere) {
    const auto endpoint = MetricsEndpoint::open(here(0), example);
    ASSERT_TRUE(endpoint) << endpoint.error().message;
    const uint16_t port = (*endpoint)->port();
    EXPECT_TRUE(ask(port, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 404 "));
    EXPECT_TRUE(ask(port, "what\r\n\r\n").starts_with("HTTP/1.1 400 "));
    const std::string no_method = ask(port, "POST /metrics HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(no_method.starts_with("HTTP/1.1 405 ")) << no_method;
    EXPECT_TRUE(no_method.contains("\r\nAllow: GET, HEAD\r\n")) << no_method;
}

TEST(MetricsEndpoint, SaysThatAnAddressIsTaken) {
    const auto first = MetricsEndpoint::open(here(0), example);
    ASSERT_TRUE(first);
    const auto second = MetricsEndpoint::open(here((*first)->port()), example);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message,
              "cannot listen on 127.0.0.1:" + std::to_string((*first)->port()) +
                  ": Address already in use");
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
