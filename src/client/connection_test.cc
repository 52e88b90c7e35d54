// SPDX-License-Identifier: Apache-2.0

#include "client/connection.h"

#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <httplib.h>
#include <sys/socket.h>

#include "base/listener.h"
#include "tls/test_keys.h"

namespace nearcast::client {
namespace {

using testing::HasSubstr;
using testing::Not;

// An HTTPS server with the certificate for 127.0.0.1 that `kCa` signed.
class ConnectionTest : public testing::Test {
 protected:
    ConnectionTest() {
        server_.Get("/api/echo", [](const httplib::Request& from, httplib::Response& to) {
            to.set_header("ETag", "\"7\"");
            to.set_content("{\"key\": \"" + from.get_header_value("X-API-Key") + "\"}",
                           "application/json");
        });
        server_.Post("/api/echo", [](const httplib::Request& from, httplib::Response& to) {
            to.status = 201;
            to.set_content(from.body, "application/json");
        });
        server_.Get("/api/port", [](const httplib::Request& from, httplib::Response& to) {
            to.set_content(std::to_string(from.remote_port), "application/json");
        });
        for (const int status : {401, 412, 422, 500}) {
            server_.Get("/api/" + std::to_string(status),
                        [status](const httplib::Request&, httplib::Response& to) {
                            to.status = status;
                            to.set_content(kErrors.at(status), "application/json");
                        });
        }
        server_.Get("/api/in-use", [](const httplib::Request&, httplib::Response& to) {
            to.status = 412;
            to.set_content(R"({"error": "the tenant has 2 zones"})", "application/json");
        });
        port_ = server_.bind_to_any_port("127.0.0.1");
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        while (!server_.is_running()) std::this_thread::yield();
    }
    ~ConnectionTest() override {
        server_.stop();
        thread_.join();
    }

    [[nodiscard]] Target target() const {
        return {"https://127.0.0.1:" + std::to_string(port_), "the-key", ca_, ""};
    }
    // Whether a second request went over the connection of the first.
    [[nodiscard]] bool keeps_it(std::chrono::seconds unused) const {
        auto connection = Connection::open(target(), {.unused = unused});
        const auto first = connection->ask({.path = "/api/port"});
        const auto second = connection->ask({.path = "/api/port"});
        EXPECT_TRUE(first && second);
        return first->text == second->text;
    }
    static base::Result<Answer> ask(const Target& target, const std::string& path = "/api/echo") {
        auto connection = Connection::open(target);
        if (!connection) return std::unexpected(connection.error());
        return connection->ask({.path = path});
    }

    static inline const std::map<int, std::string> kErrors{
        {401, R"({"error": "Unauthor\u001bized"})"},
        {412, R"({"error": "the zone has serial 2, not 1: it was changed since"})"},
        {422, R"({"error": "two", "errors": ["one is wrong", "so is the other"]})"},
        {500, "no JSON"}};

    tls::TestFolder folder_;
    std::string ca_ = folder_.write("ca.pem", tls::kCa);
    httplib::SSLServer server_{folder_.write("server.pem", tls::kServer).c_str(),
                               folder_.write("server.key", tls::kServerKey).c_str()};
    int port_ = 0;
    std::thread thread_;
};

TEST_F(ConnectionTest, BringsTheKeyAndTakesTheAnswer) {
    const auto answer = ask(target());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->header("etag"), "\"7\"");
    EXPECT_EQ(answer->json.value("key", ""), "the-key");
}

TEST_F(ConnectionTest, SendsABodyAndGoesOnOverTheSameConnection) {
    auto connection = Connection::open(target());
    ASSERT_TRUE(connection);
    for (int i = 0; i < 3; ++i) {
        const auto answer =
            connection->ask({.method = "POST", .path = "/api/echo", .body = {{"number", i}}});
        ASSERT_TRUE(answer) << answer.error().message;
        EXPECT_EQ(answer->status, 201);
        EXPECT_EQ(answer->json.value("number", -1), i);
    }
}

TEST_F(ConnectionTest, BeginsAnotherOneWhenTheServerMayHaveEndedIt) {
    EXPECT_TRUE(keeps_it(std::chrono::hours(1)));
    EXPECT_FALSE(keeps_it(std::chrono::seconds(0)));
}

TEST_F(ConnectionTest, BelievesAPinAloneAndNoOther) {
    Target pinned = target();
    pinned.ca.clear();
    pinned.pin = tls::kServerPin;
    EXPECT_TRUE(ask(pinned));
    pinned.pin = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const auto refused = ask(pinned);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("its key is not the pinned one"));
    EXPECT_THAT(refused.error().hint, HasSubstr(tls::kServerPin));
}

TEST_F(ConnectionTest, BelievesNobodyWithoutTheCaOrUnderAnotherName) {
    Target stranger = target();
    stranger.ca = folder_.write("stranger.pem", tls::kStranger);
    const auto refused = ask(stranger);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("cannot be believed"));
    EXPECT_THAT(refused.error().hint, HasSubstr("--ca"));
    Target other = target();
    other.url = "https://localhost:" + std::to_string(port_);
    const auto misnamed = ask(other);
    ASSERT_FALSE(misnamed);
    EXPECT_THAT(misnamed.error().message, HasSubstr("hostname mismatch"));
    // A pin beside a CA does not stand for it.
    stranger.pin = tls::kServerPin;
    EXPECT_FALSE(ask(stranger));
}

TEST_F(ConnectionTest, TellsErrorsInTheWordsOfTheController) {
    EXPECT_EQ(ask(target(), "/api/412").error().message,
              "the zone has serial 2, not 1: it was changed since");
    EXPECT_THAT(ask(target(), "/api/412").error().hint, HasSubstr("somebody else"));
    EXPECT_EQ(ask(target(), "/api/in-use").error().hint, "");
    EXPECT_EQ(ask(target(), "/api/422").error().message, "one is wrong; so is the other");
    EXPECT_EQ(ask(target(), "/api/401").error().message, "Unauthor ized");
    EXPECT_THAT(ask(target(), "/api/401").error().hint, HasSubstr("nearcast context"));
    EXPECT_EQ(ask(target(), "/api/500").error().message, "the controller answered with status 500");
    auto connection = Connection::open(target());
    ASSERT_TRUE(connection);
    EXPECT_EQ(connection->exchange({.path = "/api/412"})->status, 412);
}

TEST_F(ConnectionTest, TellsWhyThereIsNone) {
    Target wrong = target();
    wrong.ca = "/nowhere.pem";
    EXPECT_THAT(ask(wrong).error().message, HasSubstr("/nowhere.pem"));
    wrong = target();
    wrong.url = "http://127.0.0.1:" + std::to_string(port_);  // A server that speaks TLS.
    EXPECT_THAT(ask(wrong).error().message, Not(HasSubstr("cannot connect")));
    wrong.url = "https://127.0.0.1:1";  // tcpmux, which nobody runs.
    EXPECT_THAT(ask(wrong).error().message, HasSubstr("cannot connect"));
}

TEST(Advice, IsGivenInPlaceOfTheUsual) {
    // Bound and not listening: whoever connects is refused, and nobody else gets the port.
    const base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const base::NativeAddress any({*base::parse_ip_address("127.0.0.1"), 0});
    ASSERT_EQ(::bind(socket.get(), any.data(), any.size()), 0);
    const Target target{.url = "http://127.0.0.1:" + std::to_string(base::port_of(socket)),
                        .key = {},
                        .ca = {},
                        .pin = {}};
    auto usual = Connection::open(target);
    auto known = Connection::open(target, {}, {.unreached = "look in its control.toml"});
    ASSERT_TRUE(usual && known);
    EXPECT_THAT(usual->ask({.path = "/"}).error().hint, HasSubstr("nearcast context list"));
    EXPECT_EQ(known->ask({.path = "/"}).error().hint, "look in its control.toml");
}

}  // namespace
}  // namespace nearcast::client
