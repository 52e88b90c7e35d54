// SPDX-License-Identifier: Apache-2.0

#include "control/api/http_server.h"

#include <array>
#include <thread>
#include <utility>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/listener.h"
#include "control/api/http_exchange.h"

namespace nearcast::control_api {
namespace {

using base::Result;

// Without a descriptor nobody can be accepted, and the listener stays readable: look again later.
constexpr int kAcceptPauseMs = 100;

// While some wait for a worker: how often it is looked whether others give way by now.
constexpr int kReliefPauseMs = 100;

}  // namespace

class HttpServer::Loop {
 public:
    Loop(base::Fd listener, const HttpOptions& options, Admit admit)
        : options_(options),
          admit_(std::move(admit)),
          listener_(std::move(listener)),
          end_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          desk_(options.limits) {
        for (size_t i = 0; i < options.threads; ++i) {
            workers_.emplace_back([this] { work(); });
        }
        acceptor_ = std::thread([this] { accept(); });
    }
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        eventfd_write(end_.get(), 1);
        acceptor_.join();
        listener_.reset();
        desk_.stop(options_.stop_limit);
        for (std::thread& worker : workers_) worker.join();
    }

    [[nodiscard]] uint16_t port() const { return base::port_of(listener_); }

 private:
    void accept() {
        bool lacks_room = false;
        for (;;) {
            std::array<pollfd, 2> wait{{{end_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}}};
            const bool do_some_wait = desk_.relieve(base::now());
            ::poll(wait.data(), lacks_room ? 1 : 2,
                   lacks_room     ? kAcceptPauseMs
                   : do_some_wait ? kReliefPauseMs
                                  : -1);
            if (wait[0].revents != 0) return;
            base::Arrival arrival = base::accept_tcp(listener_);
            lacks_room = arrival.lacks_room;
            if (!arrival.socket) continue;
            constexpr int kOn = 1;
            ::setsockopt(arrival.socket.get(), IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
            desk_.add(std::move(arrival.socket), arrival.peer, base::now());
        }
    }

    void work() {
        HttpExchange exchange(admit_);
        while (ConnectionDesk::Connection* const place = desk_.take()) {
            look_after(exchange, *place);
        }
    }

    void look_after(HttpExchange& exchange, ConnectionDesk::Connection& place) {
        using Then = HttpExchange::Then;
        auto stream = open_stream(place);
        if (!stream) return desk_.leave(place);
        HttpConnection connection(*std::move(stream), desk_, place, options_.patience);
        unsigned count = 0;
        while (connection.await_request()) {
            const bool is_last = ++count == HttpExchange::kRequestsMax || desk_.is_stopping();
            if (!exchange.run(connection, is_last ? Then::Ends : Then::MayGoOn)) break;
        }
        connection.finish();
    }

    Result<tls::Stream> open_stream(ConnectionDesk::Connection& place) const {
        if (options_.tls == nullptr) return tls::Stream(std::move(place.socket));
        auto session = options_.tls->current()->open_session(place.socket.get());
        if (!session) return std::unexpected(session.error());
        return tls::Stream(std::move(place.socket), *std::move(session));
    }

    const HttpOptions options_;
    const Admit admit_;
    base::Fd listener_;
    const base::Fd end_;  // Readable: the acceptor ends.
    ConnectionDesk desk_;
    std::vector<std::thread> workers_;
    std::thread acceptor_;
};

Result<std::unique_ptr<HttpServer>> HttpServer::open(const HttpOptions& options, Admit admit) {
    auto listener = base::listen_tcp(options.listen, base::Ipv4::Included);
    if (!listener) return std::unexpected(listener.error());
    return std::unique_ptr<HttpServer>(
        new HttpServer(std::make_unique<Loop>(*std::move(listener), options, std::move(admit))));
}

HttpServer::HttpServer(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}
HttpServer::~HttpServer() = default;

uint16_t HttpServer::port() const { return loop_->port(); }

}  // namespace nearcast::control_api
