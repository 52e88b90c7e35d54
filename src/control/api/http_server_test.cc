// SPDX-License-Identifier: Apache-2.0

#include "control/api/http_server.h"

#include <chrono>
#include <future>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/fd.h"

namespace nearcast::control_api {
namespace {

using std::chrono::minutes;

// Of the client: what does not come by then is a fault. The server's own limits are an hour, unless
// a test is about one of them, so that nothing is done by waiting.
constexpr timeval kPatience{.tv_sec = 20, .tv_usec = 0};
constexpr HttpPatience kEndless{
    .limit = minutes(60), .idle_limit = minutes(60), .end_limit = std::chrono::seconds(1)};

base::SocketAddress here(uint16_t port) { return {*base::parse_ip_address("127.0.0.1"), port}; }

base::Fd connected_to(const HttpServer& server) {
    base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    const base::NativeAddress native(here(server.port()));
    EXPECT_EQ(::connect(socket.get(), native.data(), native.size()), 0);
    return socket;
}

void send(const base::Fd& socket, std::string_view text) {
    EXPECT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
}

// What has come by the end of the `count`th response's body, which ends in a bar; all of it
// until the server ends the connection, if `count` is 0.
std::string receive(const base::Fd& socket, size_t count = 1) {
    std::string text;
    char byte = 0;
    while (::recv(socket.get(), &byte, 1, 0) == 1) {
        text += byte;
        const bool is_end = byte == '|';
        if (is_end && --count == 0) return text;
    }
    return text;
}

bool is_ended(const base::Fd& socket) { return receive(socket, 0).empty(); }

// Tells what was asked.
Admission echo(const Request& /*head*/) {
    return {1000, [](const Request& whole) -> Response {
                return {.status = 200,
                        .content_type = "text/plain",
                        .body = whole.method + ":" + whole.body + "|",
                        .headers = {}};
            }};
}

std::unique_ptr<HttpServer> serve(size_t threads, HttpServer::Admit admit = echo,
                                  HttpPatience patience = kEndless) {
    auto server = HttpServer::open(
        {.listen = here(0), .threads = threads, .limits = {.grace = {}}, .patience = patience},
        std::move(admit));
    EXPECT_TRUE(server) << server.error().message;
    return *std::move(server);
}

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

std::string patch(std::string_view body) {
    return "PATCH /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

TEST(HttpServer, RequestsThatComeTogetherAreAnsweredInTurn) {
    const auto server = serve(1);
    const base::Fd client = connected_to(*server);
    send(client, patch("one") + patch("two") + std::string(kGet));
    const std::string answers = receive(client, 3);
    EXPECT_TRUE(answers.contains("PATCH:one|")) << answers;
    EXPECT_TRUE(answers.contains("PATCH:two|")) << answers;
    EXPECT_TRUE(answers.ends_with("GET:|")) << answers;
}

TEST(HttpServer, AQuestionMarkIsACharacterOfAQuery) {
    const auto server = serve(1, [](const Request& head) -> Admission {
        const std::string found = head.path.at(0) + ' ' + head.parameter("q").value_or("none");
        return {1000, [found](const Request& whole) -> Response {
                    return {.status = 200,
                            .content_type = "text/plain",
                            .body = found + whole.body + "|",
                            .headers = {}};
                }};
    });
    const base::Fd client = connected_to(*server);
    const std::string host = " HTTP/1.1\r\nHost: x?y?z\r\n";
    send(client, "GET /a?q=w?w.??&max=1" + host + "\r\n" + "PATCH /b?q=%3F?" + host +
                     "Content-Length: 4\r\n\r\n?b?c" + "GET /c" + host + "\r\n");
    const std::string answers = receive(client, 3);
    EXPECT_TRUE(answers.contains("a w?w.??|")) << answers;
    EXPECT_TRUE(answers.contains("b ???b?c|")) << answers;
    EXPECT_TRUE(answers.ends_with("c none|")) << answers;
}

TEST(HttpServer, WhoeverKeepsItWaitingGivesWay) {
    const auto server = serve(2);
    const base::Fd in_head = connected_to(*server);
    send(in_head, "GET /a HTTP/1.1\r\nHost");
    const base::Fd in_body = connected_to(*server);
    send(in_body, "PATCH /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab");
    for (int i = 0; i < 10; ++i) {
        const base::Fd client = connected_to(*server);
        send(client, kGet);
        EXPECT_TRUE(receive(client).ends_with("GET:|"));
    }
    EXPECT_TRUE(is_ended(in_head));
}

TEST(HttpServer, WhoMayAskAgainGivesWay) {
    const auto server = serve(1);
    const base::Fd idle = connected_to(*server);
    send(idle, kGet);
    EXPECT_TRUE(receive(idle).ends_with("GET:|"));
    const base::Fd client = connected_to(*server);
    send(client, kGet);
    EXPECT_TRUE(receive(client).ends_with("GET:|"));
    EXPECT_TRUE(is_ended(idle));
}

TEST(HttpServer, ARequestThatTricklesInEndsInTime) {
    HttpPatience patience = kEndless;
    patience.limit = std::chrono::milliseconds(50);
    const auto server = serve(1, echo, patience);
    const base::Fd client = connected_to(*server);
    send(client, "GET /a HTTP/1.1\r\nHost: x\r\nX: ");
    pollfd wait{client.get(), POLLIN, 0};
    // A byte each millisecond, for as long as it is borne.
    while (::poll(&wait, 1, 1) == 0) send(client, "x");
    EXPECT_TRUE(is_ended(client));
}

TEST(HttpServer, AHeadHasABound) {
    const auto server = serve(1);
    const base::Fd client = connected_to(*server);
    std::string head = "GET /a HTTP/1.1\r\n";
    while (head.size() < 100'000) head += "X: " + std::string(1000, 'x') + "\r\n";
    (void)::send(client.get(), head.data(), head.size(), MSG_NOSIGNAL);
    const base::Fd next = connected_to(*server);
    send(next, kGet);
    EXPECT_TRUE(receive(next).ends_with("GET:|"));
}

TEST(HttpServer, ItsEndWaitsForNobodyWhoIsSilent) {
    auto server = serve(4);
    const base::Fd silent = connected_to(*server);
    const base::Fd idle = connected_to(*server);
    send(idle, kGet);
    EXPECT_TRUE(receive(idle).ends_with("GET:|"));
    server.reset();
    EXPECT_TRUE(is_ended(silent));
    EXPECT_TRUE(is_ended(idle));
}

TEST(HttpServer, ItsEndWaitsForWhatIsBeingAnswered) {
    std::promise<void> begun;
    std::promise<void> may_end;
    auto server = serve(1, [&](const Request& head) {
        Admission admission = echo(head);
        return Admission{1000, [&, answer = admission.answer](const Request& whole) {
                             begun.set_value();
                             may_end.get_future().wait();
                             return answer(whole);
                         }};
    });
    const base::Fd client = connected_to(*server);
    send(client, kGet);
    begun.get_future().wait();
    auto end = std::async(std::launch::async, [&] { server.reset(); });
    may_end.set_value();
    end.wait();
    EXPECT_TRUE(receive(client).ends_with("GET:|"));
}

TEST(HttpServer, AnAnswerThatNeedsNoBodyEndsTheConnection) {
    const auto server =
        serve(1, [](const Request& head) { return Admission{0, echo(head).answer}; });
    const base::Fd client = connected_to(*server);
    send(client, patch("one") + std::string(kGet));
    const std::string answer = receive(client, 0);
    EXPECT_TRUE(answer.contains("Connection: close\r\n")) << answer;
    EXPECT_TRUE(answer.ends_with("PATCH:|")) << answer;
}

TEST(HttpServer, ABodyThatIsTooLongIsNotKept) {
    const auto server = serve(1);
    for (const std::string& request :
         {patch(std::string(1001, 'x')),
          "PATCH /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
              std::string(1001, 'x') + "\r\n0\r\n\r\n"}) {
        const base::Fd client = connected_to(*server);
        send(client, request);
        EXPECT_TRUE(receive(client, 0).starts_with("HTTP/1.1 413 ")) << request;
    }
    const base::Fd client = connected_to(*server);
    send(client, patch(std::string(1000, 'x')));
    EXPECT_TRUE(receive(client).starts_with("HTTP/1.1 200 "));
}

// RFC 9112 §7.1.
TEST(HttpServer, ChunksMayHaveExtensions) {
    const auto server = serve(1);
    const std::string head = "PATCH /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const std::string& body : {std::string("3;a=b;c=\"d\"\r\none\r\n0;e\r\n\r\n"),
                                    "3;a=" + std::string(200, 'x') + "\r\none\r\n0\r\n\r\n"}) {
        const base::Fd client = connected_to(*server);
        send(client, head + body);
        const std::string answer = receive(client);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
        EXPECT_TRUE(answer.ends_with("PATCH:one|")) << answer;
    }
}

TEST(HttpServer, ChunksThatAreNoneAreABadRequest) {
    const auto server = serve(1);
    const std::string head = "PATCH /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (const char* body : {"3\r\none\r\n0\r\nX-Trailer: 1\r\n\r\n", "zz\r\none\r\n0\r\n\r\n"}) {
        const base::Fd client = connected_to(*server);
        send(client, head + body);
        const std::string answer = receive(client, 0);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
        EXPECT_TRUE(answer.contains("no fields")) << answer;
    }
}

TEST(HttpServer, AHeadRequestWithABodyEndsTheConnection) {
    const auto server = serve(1);
    const base::Fd client = connected_to(*server);
    send(client, "HEAD /a HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n" + std::string(kGet));
    const std::string answer = receive(client, 0);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
    EXPECT_EQ(answer.find("HTTP/1.1", 1), std::string::npos) << answer;
}

Admission answer_without_body(const Request& /*head*/) {
    return {1000, [](const Request& /*whole*/) -> Response {
                return {.status = 204, .content_type = {}, .body = {}, .headers = {}};
            }};
}

// RFC 9110 §8.6.
TEST(HttpServer, AnAnswerWithoutABodyHasNoLength) {
    const auto server = serve(1, answer_without_body);
    const base::Fd client = connected_to(*server);
    send(client, "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    const std::string answer = receive(client, 0);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 204 ")) << answer;
    EXPECT_FALSE(answer.contains("Content-Length")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
}

// RFC 9112 §3.2.
TEST(HttpServer, ARequestHasOneHost) {
    const auto server = serve(1);
    for (const auto& [head, status] : {
             std::pair("GET /a HTTP/1.1\r\n\r\n", "400"),
             std::pair("GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"),
             std::pair("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200"),
             std::pair("GET /a HTTP/1.0\r\n\r\n", "200"),
         }) {
        const base::Fd client = connected_to(*server);
        send(client, head);
        const std::string answer = receive(client, 0);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(status))) << head << answer;
    }
}

// docs/reference/api.md: an error is {"error": "..."}.
TEST(HttpServer, WhatIsRefusedHasAReason) {
    const auto server = serve(1);
    for (const auto& [request, status] : {
             std::pair(patch(std::string(1001, 'x')), "413"),
             std::pair("GET /" + std::string(5000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"),
             std::pair("GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"),
             std::pair(std::string("GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"), "400"),
             std::pair(std::string("GET /a HTTP/1.1\r\n\r\n"), "400"),
             std::pair(std::string("BREW /a HTTP/1.1\r\nHost: x\r\n\r\n"), "400"),
         }) {
        const base::Fd client = connected_to(*server);
        send(client, request);
        const std::string answer = receive(client, 0);
        EXPECT_TRUE(answer.starts_with("HTTP/1.1 " + std::string(status))) << answer;
        EXPECT_TRUE(answer.contains("Content-Type: application/json\r\n")) << answer;
        EXPECT_TRUE(answer.contains("\r\n\r\n{\"error\":\"")) << answer;
    }
}

}  // namespace
}  // namespace nearcast::control_api
