// SPDX-License-Identifier: Apache-2.0

#include "control/api/http_server.h"

#include <thread>
#include <utility>

#include <httplib.h>

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

void write(Response response, httplib::Response& to) {
    to.status = response.status;
    for (auto& [name, value] : response.headers) to.set_header(name, value);
    if (!response.content_type.empty()) to.set_content(response.body, response.content_type);
}

}  // namespace

class HttpServer::Listener {
 public:
    Listener(const HttpOptions& options, Handler handler) : handler_(std::move(handler)) {
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
            if (from.target.size() <= kTargetSizeMax) {
                return httplib::Server::HandlerResponse::Unhandled;
            }
            to.status = 414;
            return httplib::Server::HandlerResponse::Handled;
        });
        const auto without_body = [this](const httplib::Request& from, httplib::Response& to) {
            answer(from, {}, to);
            // The library leaves a body of a GET unread: nothing may follow it.
            if (from.get_header_value("Content-Length", 0) != "0" &&
                from.has_header("Content-Length")) {
                to.set_header("Connection", "close");
            }
        };
        const auto with_body = [this](const httplib::Request& from, httplib::Response& to,
                                      const httplib::ContentReader& read) {
            std::string body;
            const bool is_read = read([&](const char* data, size_t size) {
                body.append(data, size);
                return true;
            });
            if (is_read) answer(from, std::move(body), to);
        };
        server_->Get(".*", without_body);
        server_->Options(".*", without_body);
        server_->Post(".*", with_body);
        server_->Put(".*", with_body);
        server_->Patch(".*", with_body);
        server_->Delete(".*", with_body);
    }

    void answer(const httplib::Request& from, std::string body, httplib::Response& to) {
        Request request{.method = from.method,
                        .path = {},
                        .query = {},
                        .headers = {},
                        .body = std::move(body),
                        .peer = from.remote_addr};
        for (const auto& [name, value] : from.headers) {
            request.headers.emplace(lowered(name), value);
        }
        if (!read_target(from.target, request)) {
            to.status = 400;
            return;
        }
        write(handler_(request), to);
    }

    Handler handler_;
    std::unique_ptr<httplib::Server> server_;
    std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_(std::move(listener)) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::open(const HttpOptions& options, Handler handler) {
    auto listener = std::make_unique<Listener>(options, std::move(handler));
    if (auto done = listener->start(options.listen, options); !done) {
        return std::unexpected(done.error());
    }
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listener)));
}

}  // namespace nearcast::control_api
