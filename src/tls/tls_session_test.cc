// SPDX-License-Identifier: Apache-2.0

#include "tls/tls_session.h"

#include <array>
#include <csignal>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tls/stream.h"
#include "tls/test_keys.h"
#include "tls/tls_context.h"

namespace nearcast::tls {
namespace {

// A pair of streams over a socket pair, by default with the right certificates on both sides.
class TlsSessionTest : public testing::Test {
 protected:
    TlsSessionTest() {
        std::signal(SIGPIPE, SIG_IGN);
        server_settings_ = {.certificate = folder_.write("server.pem", kServer),
                            .key = folder_.write("server.key", kServerKey)};
        client_settings_ = {
            .name = "test", .server_name = "server.example", .ca = folder_.write("ca.pem", kCa)};
    }

    void ask_for_client(std::string_view certificate, std::string_view key) {
        server_settings_.asks_clients = true;
        server_settings_.client_ca = folder_.write("ca.pem", kCa);
        client_settings_.certificate = folder_.write("client.pem", certificate);
        client_settings_.key = folder_.write("client.key", key);
    }

    void connect() {
        const auto server = TlsContext::for_server(server_settings_);
        ASSERT_TRUE(server) << server.error().message;
        const auto client = TlsContext::for_client(client_settings_);
        ASSERT_TRUE(client) << client.error().message;
        std::array<int, 2> ends{};
        ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        server_ = open(*server, ends[0]);
        client_ = open(*client, ends[1]);
    }

    // Turns in which both sides read; what the server got, and whether the client is broken.
    std::string exchange(const std::string& text) {
        std::string got;
        for (int i = 0; i < 20 && got.size() < text.size(); ++i) {
            std::array<uint8_t, 64> room{};
            if (client_.is_established() && !is_sent_) {
                const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
                is_sent_ = client_.write(bytes).state == Io::State::Moved;
            } else if (client_.read(room).state == Io::State::Broken) {
                return "(client broken)";
            }
            const Io io = server_.read(room);
            if (io.state == Io::State::Broken) return "(server broken)";
            got.append(reinterpret_cast<const char*>(room.data()), io.size);
        }
        return got;
    }

    static Stream open(const TlsContext& context, int socket) {
        auto session = context.open_session(socket);
        EXPECT_TRUE(session);
        return {base::Fd(socket), *std::move(session)};
    }

    TestFolder folder_;
    ServerSettings server_settings_;
    ClientSettings client_settings_;
    Stream server_;
    Stream client_;
    bool is_sent_ = false;
};

TEST_F(TlsSessionTest, CarriesWhatIsWritten) {
    connect();
    EXPECT_FALSE(server_.is_established());
    EXPECT_EQ(exchange("a question"), "a question");
    EXPECT_TRUE(server_.is_established());
    EXPECT_TRUE(server_.session()->peer().is_fit_for_transfers);
    EXPECT_FALSE(server_.session()->peer().has_certificate);
}

TEST_F(TlsSessionTest, TellsThatMoreIsPendingThanWasRead) {
    connect();
    ASSERT_EQ(exchange("x"), "x");
    const std::string text(100, 'q');
    is_sent_ = false;
    EXPECT_EQ(exchange(text), text);  // In pieces of 64 bytes, of one record.
    EXPECT_FALSE(server_.is_pending());
}

TEST_F(TlsSessionTest, AnEndIsToldAndTheOtherWayGoesOn) {
    connect();
    ASSERT_EQ(exchange("x"), "x");
    client_ = Stream();
    std::array<uint8_t, 8> room{};
    EXPECT_EQ(server_.read(room).state, Io::State::Ended);
}

TEST_F(TlsSessionTest, APeerThatGoesInTheHandshakeBreaksIt) {
    connect();
    std::array<uint8_t, 8> room{};
    EXPECT_EQ(client_.read(room).state, Io::State::NeedsInput);
    EXPECT_EQ(server_.read(room).state, Io::State::NeedsInput);
    client_ = Stream();
    EXPECT_EQ(server_.read(room).state, Io::State::Broken);
}

TEST_F(TlsSessionTest, NonsenseBreaksIt) {
    connect();
    const std::string nonsense = "GET / HTTP/1.1\r\n\r\n";
    ASSERT_GT(::send(client_.fd(), nonsense.data(), nonsense.size(), 0), 0);
    std::array<uint8_t, 8> room{};
    EXPECT_EQ(server_.read(room).state, Io::State::Broken);
    EXPECT_FALSE(server_.problem().empty());
    EXPECT_EQ(server_.write(room).state, Io::State::Broken);
}

TEST_F(TlsSessionTest, AServerOfAnotherNameIsRefused) {
    client_settings_.server_name = "other.example";
    connect();
    EXPECT_EQ(exchange("secret"), "(client broken)");
    EXPECT_NE(client_.problem().find("hostname mismatch"), std::string::npos) << client_.problem();
}

TEST_F(TlsSessionTest, AServerIsKnownByItsAddressToo) {
    client_settings_.server_name = "127.0.0.1";
    connect();
    EXPECT_EQ(exchange("a question"), "a question");
}

TEST_F(TlsSessionTest, AServerOfNoKnownCaIsRefused) {
    server_settings_ = {.certificate = folder_.write("server.pem", kStranger),
                        .key = folder_.write("server.key", kStrangerKey)};
    connect();
    EXPECT_EQ(exchange("secret"), "(client broken)");
    EXPECT_NE(client_.problem().find("self-signed"), std::string::npos) << client_.problem();
}

TEST_F(TlsSessionTest, APinnedKeyIsBelievedWithoutACa) {
    client_settings_ = {.name = "pins", .pins = {SpkiPin{}, *parse_pin(kServerPin)}};
    connect();
    EXPECT_EQ(exchange("a question"), "a question");
    client_settings_.pins = {SpkiPin{}};
    is_sent_ = false;
    connect();
    EXPECT_EQ(exchange("secret"), "(client broken)");
}

TEST_F(TlsSessionTest, ThePinMustFitBesideTheCa) {
    client_settings_.pins = {SpkiPin{}};
    connect();
    EXPECT_EQ(exchange("secret"), "(client broken)");
}

TEST_F(TlsSessionTest, AClientIsKnownByNameWhenItsCaIsBelieved) {
    ask_for_client(kClient, kClientKey);
    connect();
    ASSERT_EQ(exchange("x"), "x");
    const Peer peer = server_.session()->peer();
    EXPECT_TRUE(peer.has_certificate);
    EXPECT_TRUE(peer.has_name("client.EXAMPLE"));
    EXPECT_FALSE(peer.has_name("server.example"));
}

TEST_F(TlsSessionTest, AStrangersNamesAreNotBelieved) {
    ask_for_client(kStranger, kStrangerKey);
    connect();
    ASSERT_EQ(exchange("x"), "x");
    const Peer peer = server_.session()->peer();
    EXPECT_TRUE(peer.has_certificate);
    EXPECT_FALSE(peer.has_name("client.example"));
    EXPECT_NE(peer.pin, SpkiPin{});
}

TEST(ParsePin, ReadsWhatToTextWrites) {
    SpkiPin pin{};
    for (size_t i = 0; i < pin.size(); ++i) pin[i] = static_cast<uint8_t>(i * 7);
    ASSERT_TRUE(parse_pin(to_text(pin)));
    EXPECT_EQ(*parse_pin(to_text(pin)), pin);
    EXPECT_EQ(*parse_pin(to_text(pin).substr(7)), pin);
    for (const char* wrong : {"", "sha256/", "sha256/AAAA", "client.example"}) {
        EXPECT_FALSE(parse_pin(wrong)) << wrong;
    }
    EXPECT_FALSE(parse_pin(std::string(43, '!') + "="));
}

}  // namespace
}  // namespace nearcast::tls
