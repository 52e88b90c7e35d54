// SPDX-License-Identifier: Apache-2.0

#include "observe/metrics_endpoint.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/listener.h"
#include "observe/metric_text.h"
#include "observe/scrape_request.h"

namespace nearcast::observe {
namespace {

using base::Fd;
using base::Instant;

// Without a descriptor nobody can be accepted, and the listener stays readable: look again later.
constexpr std::chrono::milliseconds kAcceptPause{100};

// After the response: what the client sends still is read and forgotten until it ends the
// connection, since closing earlier could destroy what it has not read yet (RFC 9112 §9.6).
constexpr std::chrono::seconds kEndLimit{2};

std::string response_head(std::string_view status, std::string_view type, size_t body_size) {
    std::string head = "HTTP/1.1 ";
    head += status;
    if (status.starts_with("405")) head += "\r\nAllow: GET, HEAD";
    head += "\r\nContent-Type: ";
    head += type;
    head += "\r\nContent-Length: " + std::to_string(body_size) + "\r\nConnection: close\r\n\r\n";
    return head;
}

std::string refusal(std::string_view status) {
    return response_head(status, "text/plain", status.size() + 1).append(status).append("\n");
}

std::string response_to(ScrapeRequest request, const MetricsEndpoint::Collect& collect) {
    switch (request) {
        case ScrapeRequest::Get:
        case ScrapeRequest::Head: {
            const std::string body = to_metric_text(collect());
            std::string response = response_head("200 OK", kMetricTextType, body.size());
            return request == ScrapeRequest::Get ? response.append(body) : response;
        }
        case ScrapeRequest::OtherPath:
            return refusal("404 Not Found");
        case ScrapeRequest::OtherMethod:
            return refusal("405 Method Not Allowed");
        case ScrapeRequest::TooLarge:
            return refusal("431 Request Header Fields Too Large");
        default:
            return refusal("400 Bad Request");
    }
}

}  // namespace

class MetricsEndpoint::Loop {
 public:
    Loop(Fd listener, Collect collect, const ScrapeLimits& limits)
        : listener_(std::move(listener)),
          collect_(std::move(collect)),
          limits_(limits),
          end_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          thread_([this] { work(); }) {}
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;
    ~Loop() {
        eventfd_write(end_.get(), 1);
        thread_.join();
    }

    [[nodiscard]] uint16_t port() const { return base::port_of(listener_); }

 private:
    // In the order in which a connection goes through them.
    enum class Phase : uint8_t { Asking, Taking, Ending };

    struct Connection {
        Fd socket;
        Instant give_up_at;
        Phase phase = Phase::Asking;
        std::string text = {};  // Of the request, then of the response.
        size_t sent = 0;
    };

    void work() {
        for (;;) {
            std::vector<pollfd> wait = waits();
            ::poll(wait.data(), wait.size(), patience());
            if (wait[0].revents != 0) return;
            const Instant now = base::now();
            // In the order of waits(); none has come or gone since.
            for (size_t i = 0; i < connections_.size(); ++i) {
                if (wait[i + kFixedWaits].revents != 0) move_on(connections_[i], now);
            }
            std::erase_if(connections_, [now](const Connection& connection) {
                return !connection.socket || now >= connection.give_up_at;
            });
            if (wait[1].revents != 0) accept_one(now);
        }
    }

    [[nodiscard]] std::vector<pollfd> waits() const {
        const bool accepts = base::now() >= accept_at_;
        std::vector<pollfd> wait = {{end_.get(), POLLIN, 0},
                                    {accepts ? listener_.get() : -1, POLLIN, 0}};
        for (const Connection& connection : connections_) {
            const bool takes = connection.phase == Phase::Taking;
            wait.push_back(
                {connection.socket.get(), static_cast<short>(takes ? POLLOUT : POLLIN), 0});
        }
        return wait;
    }

    // For poll(), in milliseconds.
    [[nodiscard]] int patience() const {
        std::optional<Instant> next;
        const auto before = [&next](Instant at) { next = std::min(next.value_or(at), at); };
        for (const Connection& connection : connections_) before(connection.give_up_at);
        const Instant now = base::now();
        if (accept_at_ > now) before(accept_at_);
        if (!next) return -1;
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - now);
        return static_cast<int>(std::max<int64_t>(left.count(), 0));
    }

    // One a round: so it can say what it wants before the next one takes its place.
    void accept_one(Instant now) {
        base::Arrival arrival = base::accept_tcp(listener_);
        if (arrival.lacks_room) accept_at_ = now + kAcceptPause;
        if (!arrival.socket) return;
        if (connections_.size() >= limits_.connections_max) make_room();
        connections_.push_back({std::move(arrival.socket), now + limits_.request_limit});
        move_on(connections_.back(), now);
    }

    void make_room() {
        // They lie in the order in which they came.
        const auto taking = [](const Connection& each) { return each.phase == Phase::Taking; };
        const auto found = std::ranges::find_if_not(connections_, taking);
        connections_.erase(found == connections_.end() ? connections_.begin() : found);
    }

    // Closes it when it is done with.
    void move_on(Connection& connection, Instant now) {
        if (connection.phase == Phase::Asking) read_request(connection, now);
        if (connection.phase == Phase::Taking) send_response(connection, now);
        if (connection.phase == Phase::Ending) read_rest(connection);
    }

    void read_request(Connection& connection, Instant now) {
        std::array<char, kScrapeRequestSizeMax> room{};
        const ssize_t got = ::recv(connection.socket.get(), room.data(), room.size(), 0);
        if (got <= 0) {
            if (got == 0 || !is_pause(errno)) connection.socket.reset();
            return;
        }
        connection.text.append(room.data(), static_cast<size_t>(got));
        const ScrapeRequest request = read_scrape_request(connection.text);
        if (request == ScrapeRequest::Incomplete) return;
        connection.text = response_to(request, collect_);
        connection.phase = Phase::Taking;
        connection.give_up_at = now + limits_.response_limit;
    }

    static void send_response(Connection& connection, Instant now) {
        while (connection.sent < connection.text.size()) {
            const std::string_view left = std::string_view(connection.text).substr(connection.sent);
            const ssize_t sent =
                ::send(connection.socket.get(), left.data(), left.size(), MSG_NOSIGNAL);
            if (sent < 0) {
                if (!is_pause(errno)) connection.socket.reset();
                return;
            }
            connection.sent += static_cast<size_t>(sent);
        }
        connection.text = {};
        ::shutdown(connection.socket.get(), SHUT_WR);
        connection.phase = Phase::Ending;
        connection.give_up_at = now + kEndLimit;
    }

    static void read_rest(Connection& connection) {
        std::array<char, 4096> room{};
        const ssize_t got = ::recv(connection.socket.get(), room.data(), room.size(), 0);
        if (got == 0 || (got < 0 && !is_pause(errno))) connection.socket.reset();
    }

    static bool is_pause(int error) { return error == EAGAIN || error == EINTR; }

    static constexpr size_t kFixedWaits = 2;

    const Fd listener_;
    const Collect collect_;
    const ScrapeLimits limits_;
    const Fd end_;  // Readable: the thread ends.
    std::vector<Connection> connections_;
    Instant accept_at_ = Instant::min();
    std::thread thread_;  // The last: it uses all of the above.
};

base::Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::open(
    const base::SocketAddress& listen, Collect collect, const ScrapeLimits& limits) {
    auto listener = base::listen_tcp(listen, base::Ipv4::Apart);
    if (!listener) {
        listener.error().hint =
            "an address of this machine and a free port, as in metrics.listen = \"127.0.0.1:9153\"";
        return std::unexpected(listener.error());
    }
    return std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint(
        std::make_unique<Loop>(*std::move(listener), std::move(collect), limits)));
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

MetricsEndpoint::~MetricsEndpoint() = default;

uint16_t MetricsEndpoint::port() const { return loop_->port(); }

}  // namespace nearcast::observe
