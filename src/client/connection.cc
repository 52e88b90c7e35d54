// SPDX-License-Identifier: Apache-2.0

#include "client/connection.h"

#include <algorithm>
#include <utility>

#include <httplib.h>

#include "base/clock.h"
#include "tls/server_proof.h"

namespace nearcast::client {
namespace {

using base::Result;
using nlohmann::json;

// A zone of a million records is some 150 MB of JSON; ten times as much would fill a laptop.
constexpr size_t kAnswerSizeMax = size_t{512} << 20;

std::string lowered(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return text;
}

std::string place_of(const Url& url) {
    const bool is_v6 = url.host.contains(':');
    return (is_v6 ? '[' + url.host + ']' : url.host) + ':' + std::to_string(url.port);
}

// What can be done about such an answer, which says this.
std::string way_out(const Answer& answer, const std::string& sentences) {
    switch (answer.status) {
        case 401:
            return "is the key right, and was it not removed? nearcast context list shows which is "
                   "used; to have another: nearcast context remove NAME, then nearcast context add "
                   "NAME --url URL --key-file FILE, with --ca or --pin as before";
        case 403:
            return "the key is not allowed to do this: use one that covers it (nearcast key list)";
        case 404:
            return "the lists show what there is: nearcast zone list, change list, pop list, key "
                   "list";
        case 412:
            // What is still in use says itself by whom.
            if (!sentences.contains("changed since")) return {};
            return "somebody else was faster: look at it again, and repeat";
        case 413:
            return "it is larger than the controller takes at once: in smaller parts";
        case 429:
            return "wait a minute, and repeat";
        case 502:
        case 503:
        case 504:
            return "the controller is not ready: look at its log, and repeat";
        default:
            return {};
    }
}

// The sentences of an error, one line.
std::string sentences_of(const json& body) {
    if (!body.is_object()) return {};
    std::string text;
    if (const auto list = body.find("errors"); list != body.end() && list->is_array()) {
        for (const json& sentence : *list) {
            if (!sentence.is_string()) continue;
            text += (text.empty() ? "" : "; ") + sentence.get<std::string>();
        }
    }
    const auto error = body.find("error");
    if (text.empty() && error != body.end() && error->is_string()) text = error->get<std::string>();
    // A terminal would obey control characters.
    std::ranges::replace_if(text, [](char c) { return static_cast<uint8_t>(c) < ' '; }, ' ');
    return text;
}

}  // namespace

class Connection::Link {
 public:
    Link(const Target& target, Url url, tls::ClientSettings settings, Advice advice)
        : url_(std::move(url)),
          key_(target.key),
          advice_(std::move(advice)),
          proof_(std::move(settings)) {}

    Result<void> open(const Patience& patience) {
        if (url_.is_secure) {
            auto client = std::make_unique<httplib::SSLClient>(url_.host, url_.port);
            if (!client->is_valid()) return base::fail("TLS cannot be set up");
            client->enable_server_certificate_verification(false);  // The proof does that.
            if (auto done = proof_.demand_of(client->ssl_context()); !done) return done;
            client_ = std::move(client);
        } else {
            client_ = std::make_unique<httplib::ClientImpl>(url_.host, url_.port);
        }
        client_->set_keep_alive(true);
        client_->set_tcp_nodelay(true);
        client_->set_url_encode(false);  // Paths are escaped already.
        client_->set_connection_timeout(patience.connecting);
        client_->set_read_timeout(patience.answering);
        client_->set_write_timeout(patience.answering);
        unused_ = patience.unused;
        return {};
    }

    Result<Answer> exchange(const Request& request) {
        httplib::Request asked;
        asked.method = request.method;
        asked.path = url_.path + request.path;
        if (!key_.empty()) asked.set_header("X-API-Key", key_);
        for (const auto& [name, value] : request.headers) asked.set_header(name, value);
        if (!request.body.is_null()) {
            asked.body = request.body.dump(-1, ' ', false, json::error_handler_t::replace);
            asked.set_header("Content-Type", "application/json");
        }
        Answer answer;
        asked.content_receiver = [&answer](const char* data, size_t size, uint64_t, uint64_t) {
            if (answer.text.size() + size > kAnswerSizeMax) return false;
            answer.text.append(data, size);
            return true;
        };
        proof_.forget_refusal();
        if (base::now() - answered_at_ >= unused_) client_->stop();
        httplib::Response response;
        httplib::Error error{};
        const bool is_answered = client_->send(asked, response, error);
        answered_at_ = base::now();
        if (!is_answered) return fail(error);
        answer.status = response.status;
        for (const auto& [name, value] : response.headers) {
            answer.headers.emplace(lowered(name), value);
        }
        answer.json = json::parse(answer.text, nullptr, /*allow_exceptions=*/false);
        if (answer.json.is_discarded()) answer.json = nullptr;
        return answer;
    }

 private:
    [[nodiscard]] std::unexpected<base::Error> fail(httplib::Error error) const {
        const std::string place = place_of(url_);
        if (proof_.refusal()) {
            const std::string pin = "if its key is " + tls::to_text(proof_.refusal()->pin) +
                                    " on the controller itself too (nearcast context pin shows it "
                                    "there), --pin with that";
            return base::fail(
                "the server at " + place + " cannot be believed: " + proof_.refusal()->reason,
                (advice_.unproved.empty() ? "--ca FILE with its certificate or that of its CA; or, "
                                          : advice_.unproved) +
                    pin);
        }
        switch (error) {
            case httplib::Error::Connection:
            case httplib::Error::ConnectionTimeout:
                return base::fail("cannot connect to the controller at " + place,
                                  advice_.unreached.empty()
                                      ? "does nearcast-control run there, and is the way to it "
                                        "open? nearcast context list shows which address is used"
                                      : advice_.unreached);
            case httplib::Error::SSLConnection:
                return base::fail("no TLS connection to " + place,
                                  "is it the API of a controller that listens there? [api] listen "
                                  "in its control.toml");
            case httplib::Error::Canceled:
                return base::fail("the answer of " + place + " is larger than 512 MiB",
                                  "ask for less at once: one zone, one name");
            default:
                return base::fail("the connection to " + place + " broke before the answer came",
                                  "whether it was done is not known: nearcast change list shows "
                                  "it; the controller's log may tell why");
        }
    }

    Url url_;
    std::string key_;
    Advice advice_;
    std::chrono::seconds unused_{};
    base::Instant answered_at_{};
    tls::ServerProof proof_;  // Outlives the client, whose context borrows it.
    std::unique_ptr<httplib::ClientImpl> client_;
};

std::string Answer::header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
}

Connection::Connection(std::unique_ptr<Link> link) : link_(std::move(link)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Result<Connection> Connection::open(const Target& target, Patience patience, Advice advice) {
    auto url = parse_url(target.url);
    if (!url) return std::unexpected(url.error());
    tls::ClientSettings settings;
    settings.server_name = url->host;
    settings.ca = target.ca;
    if (!target.pin.empty()) {
        const auto pin = tls::parse_pin(target.pin);
        if (!pin) return std::unexpected(pin.error());
        settings.pins.push_back(*pin);
    }
    auto link =
        std::make_unique<Link>(target, *std::move(url), std::move(settings), std::move(advice));
    if (auto done = link->open(patience); !done) return std::unexpected(done.error());
    return Connection(std::move(link));
}

Result<Answer> Connection::exchange(const Request& request) { return link_->exchange(request); }

Result<Answer> Connection::ask(const Request& request) {
    auto answer = exchange(request);
    if (answer && answer->status >= 400) return std::unexpected(error_of(*answer));
    return answer;
}

base::Error error_of(const Answer& answer) {
    std::string sentences = sentences_of(answer.json);
    if (sentences.empty()) {
        sentences = "the controller answered with status " + std::to_string(answer.status);
    }
    std::string hint = way_out(answer, sentences);
    return {std::move(sentences), std::move(hint)};
}

}  // namespace nearcast::client
