// SPDX-License-Identifier: Apache-2.0

#include "control/api/http_server.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <httplib.h>

#include "dns/ascii.h"

namespace nearcast::control_api {
namespace {

using base::Result;

// Longer ones name nothing that is here: two names of 1,000 characters at most.
constexpr size_t kTargetSizeMax = 4096;

std::string lowered(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    }
    return text;
}

enum class After : uint8_t { GoOn, Close };

void write(Response response, After after, httplib::Response& to) {
    to.status = response.status;
    for (auto& [name, value] : response.headers) to.set_header(name, value);
    if (response.content_type.empty()) return;
    if (after == After::GoOn) return to.set_content(response.body, response.content_type);
    // The library closes the connection after a body that its provider gives up.
    const size_t size = response.body.size();
    to.set_content_provider(
        size, response.content_type,
        [body = std::move(response.body)](size_t offset, size_t length, httplib::DataSink& sink) {
            sink.write(body.data() + offset, length);
            return false;
        });
}

// Whether all who read the request agree where it ends (RFC 9112 §6).
bool is_well_framed(const httplib::Request& from) {
    const bool has_coding = from.has_header("Transfer-Encoding");
    const size_t lengths = from.get_header_value_count("Content-Length");
    if (lengths > 1 || (lengths == 1 && has_coding)) return false;
    const bool may_have_body =
        from.method != "GET" && from.method != "HEAD" && from.method != "OPTIONS";
    if (has_coding) {
        return may_have_body && from.get_header_value_count("Transfer-Encoding") == 1 &&
               lowered(from.get_header_value("Transfer-Encoding")) == "chunked";
    }
    const std::string length = lengths == 0 ? "0" : from.get_header_value("Content-Length");
    return !length.empty() && std::ranges::all_of(length, dns::is_digit);
}

}  // namespace

class HttpServer::Listener {
 public:
    Listener(const HttpOptions& options, Handler handler, BodyLimit body_limit)
        : handler_(std::move(handler)), body_limit_(std::move(body_limit)) {
        if (options.certificate.empty()) {
            server_ = std::make_unique<httplib::Server>();
        } else {
            server_ = std::make_unique<httplib::SSLServer>(options.certificate.c_str(),
                                                           options.key.c_str());
        }
        if (!server_->is_valid()) return;
        server_->new_task_queue = [threads = options.threads] {
            return new httplib::ThreadPool(threads);  // The library takes it over.
        };
        server_->set_keep_alive_timeout(options.idle_limit.count());
        server_->set_keep_alive_max_count(1000);
        server_->set_tcp_nodelay(true);
        server_->set_payload_max_length(options.body_size_max);
        route();
    }

    Result<void> start(const base::SocketAddress& listen, const HttpOptions& options) {
        if (!server_->is_valid()) {
            return base::fail("cannot use the certificate " + options.certificate +
                                  " with the key " + options.key,
                              "both in PEM, and the key of that certificate; or remove both files "
                              "and have new ones made");
        }
        if (!server_->bind_to_port(base::to_text(listen.ip), listen.port)) {
            return base::fail("cannot listen for the API on " + base::to_text(listen),
                              "is another program listening there? ss -tlnp");
        }
        thread_ = std::thread([this] { server_->listen_after_bind(); });
        // stop() does nothing before that.
        while (!server_->is_running()) std::this_thread::yield();
        return {};
    }

    ~Listener() {
        if (!thread_.joinable()) return;
        server_->stop();
        thread_.join();
    }

 private:
    void route() {
        // Before anything is matched, as the library matches by recursion.
        server_->set_pre_routing_handler([](const httplib::Request& from, httplib::Response& to) {
            // What is here is made anew for each request: there are no parts of it to ask for.
            const_cast<httplib::Request&>(from).ranges.clear();
            if (!is_well_framed(from)) {
                write({.status = 400,
                       .content_type = "text/plain",
                       .body = "It is not clear where this request ends\n",
                       .headers = {}},
                      After::Close, to);
                return httplib::Server::HandlerResponse::Handled;
            }
            if (from.target.size() <= kTargetSizeMax) {
                return httplib::Server::HandlerResponse::Unhandled;
            }
            to.status = 414;
            return httplib::Server::HandlerResponse::Handled;
        });
        const auto without_body = [this](const httplib::Request& from, httplib::Response& to) {
            Request request;
            if (!read_head(from, request)) {
                to.status = 400;
                return;
            }
            const bool has_body =
                from.has_header("Content-Length") && from.get_header_value("Content-Length") != "0";
            write(handler_(request), has_body ? After::Close : After::GoOn, to);
        };
        const auto with_body = [this](const httplib::Request& from, httplib::Response& to,
                                      const httplib::ContentReader& read) {
            answer_with_body(from, to, read);
        };
        server_->Get(".*", without_body);
        server_->Options(".*", without_body);
        server_->Post(".*", with_body);
        server_->Put(".*", with_body);
        server_->Patch(".*", with_body);
        server_->Delete(".*", with_body);
    }

    void answer_with_body(const httplib::Request& from, httplib::Response& to,
                          const httplib::ContentReader& read) {
        Request request;
        const bool is_right = read_head(from, request);
        const size_t limit = is_right ? body_limit_(request) : 0;
        size_t received = 0;
        // Without either there is none (RFC 9112 §6.3); the library would read to the end.
        if (from.has_header("Content-Length") || from.has_header("Transfer-Encoding")) {
            const bool is_read = read([&](const char* data, size_t size) {
                received += size;
                if (received <= limit) request.body.append(data, size);
                return true;
            });
            if (!is_read) return;
            request.lacks_body = limit == 0 && received > 0;
        }
        if (!is_right || (limit != 0 && received > limit)) {
            to.status = is_right ? 413 : 400;
            return;
        }
        write(handler_(request), After::GoOn, to);
    }

    static bool read_head(const httplib::Request& from, Request& request) {
        request.method = from.method;
        request.peer = from.remote_addr;
        for (const auto& [name, value] : from.headers) {
            request.headers.emplace(lowered(name), value);
        }
        return read_target(from.target, request);
    }

    Handler handler_;
    BodyLimit body_limit_;
    std::unique_ptr<httplib::Server> server_;
    std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(const HttpOptions& options, Handler handler,
                                                     BodyLimit body_limit) {
    auto listener = std::make_unique<Listener>(options, std::move(handler), std::move(body_limit));
    if (auto done = listener->start(options.listen, options); !done) {
        return std::unexpected(done.error());
    }
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

}  // namespace nearcast::control_api
