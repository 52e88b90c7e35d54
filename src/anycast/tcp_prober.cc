// SPDX-License-Identifier: Apache-2.0

#include "anycast/tcp_prober.h"

#include <array>
#include <cerrno>
#include <utility>

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/bytes.h"

namespace nearcast::anycast {
namespace {

// Between two rounds, and the time an answer may take. Two rounds make a window in which TCP is
// judged (soft_limit); a connection costs the server far more than a datagram.
constexpr base::Duration kRoundInterval = std::chrono::seconds(1);

constexpr size_t kAnswerSizeMax = 1232;

base::Fd open_socket(const base::SocketAddress& address, uint16_t source_port) {
    base::Fd fd(socket(address.ip.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) return fd;
    // Closing resets the connection: no TIME_WAIT holds the port back from the next round.
    const linger reset{.l_onoff = 1, .l_linger = 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (source_port != 0) {
        const int on = 1;
        setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        const base::NativeAddress source({address.ip, source_port});
        if (bind(fd.get(), source.data(), source.size()) != 0) return {};
    }
    const base::NativeAddress target(address);
    if (connect(fd.get(), target.data(), target.size()) != 0 && errno != EINPROGRESS) return {};
    return fd;
}

uint16_t source_port_of(const base::Fd& fd) {
    sockaddr_storage native{};
    socklen_t size = sizeof native;
    if (getsockname(fd.get(), reinterpret_cast<sockaddr*>(&native), &size) != 0) return 0;
    return base::from_native(native).port;
}

}  // namespace

TcpProber::TcpProber(std::vector<base::SocketAddress> addresses, const ProbeQuestion& question,
                     const ProbeToken& token)
    : addresses_(std::move(addresses)),
      question_(question),
      token_(token),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

void TcpProber::reset(uint32_t worker_count) {
    worker_count_ = worker_count;
    connections_.clear();
    ports_.assign(worker_count * addresses_.size(), 0);
    next_round_ = {};
}

void TcpProber::ask(base::Instant now, ProbeEvents& events) {
    if (worker_count_ == 0 || now < next_round_) return;
    next_round_ = now + kRoundInterval;
    for (Connection& connection : connections_) give_up(connection, events);
    start_round(events);
}

void TcpProber::start_round(ProbeEvents& events) {
    connections_.clear();
    for (uint32_t address = 0; address < addresses_.size(); ++address) {
        for (uint32_t worker = 0; worker < worker_count_; ++worker) {
            connections_.push_back(
                {.address = address, .worker = worker, .is_search = port(worker, address) == 0});
        }
    }
    // Only now: the epoll set holds indices, and opening may fail at once.
    for (Connection& connection : connections_) open(connection, events);
}

void TcpProber::open(Connection& connection, ProbeEvents& events) {
    connection.id = next_id_++;
    if (!try_open(connection)) give_up(connection, events);
}

bool TcpProber::try_open(Connection& connection) {
    uint16_t& source_port = port(connection.worker, connection.address);
    connection.socket = open_socket(addresses_[connection.address], source_port);
    if (!connection.socket && source_port != 0) {
        // Somebody else has the port now: find another that leads to the worker.
        source_port = 0;
        connection.is_search = true;
        connection.socket = open_socket(addresses_[connection.address], 0);
    }
    if (!connection.socket) return false;
    const auto index = static_cast<uint64_t>(&connection - connections_.data());
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.u64 = index}};
    return epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.socket.get(), &event) == 0;
}

void TcpProber::receive(ProbeEvents& events) {
    std::array<epoll_event, 64> ready{};
    for (int round = 0; round < 16; ++round) {
        const int count = epoll_wait(epoll_.get(), ready.data(), ready.size(), 0);
        if (count <= 0) return;
        for (const epoll_event& event : std::span(ready).first(static_cast<size_t>(count))) {
            Connection& connection = connections_[event.data.u64];
            if (connection.socket) advance(connection, events);
        }
    }
}

void TcpProber::advance(Connection& connection, ProbeEvents& events) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection.socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0 || !send_question(connection) || !read_answer(connection, events)) {
        give_up(connection, events);
    }
}

bool TcpProber::send_question(Connection& connection) {
    if (connection.is_sent) return true;
    std::vector<uint8_t> message = build_probe(question_, connection.id, token_);
    message.insert(message.begin(), 2, 0);
    base::store_u16(message.data(), static_cast<uint16_t>(message.size() - 2));
    const ssize_t sent =
        send(connection.socket.get(), message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN || errno == ENOTCONN;  // Not connected yet.
    connection.is_sent = sent == std::ssize(message);
    return connection.is_sent;
}

bool TcpProber::read_answer(Connection& connection, ProbeEvents& events) {
    for (;;) {
        std::array<uint8_t, kAnswerSizeMax + 2> room{};
        const ssize_t size = recv(connection.socket.get(), room.data(), room.size(), MSG_DONTWAIT);
        if (size < 0) return errno == EAGAIN || errno == ENOTCONN;
        if (size == 0) return false;
        std::vector<uint8_t>& received = connection.received;
        received.insert(received.end(), room.begin(), room.begin() + size);
        if (received.size() > kAnswerSizeMax + 2) return false;
        if (received.size() < 2) continue;
        const size_t length = base::load_u16(received.data());
        if (received.size() < length + 2) continue;
        const auto answer = read_probe_answer(question_, std::span(received).subspan(2, length));
        if (!answer || answer->id != connection.id || answer->worker >= worker_count_) return false;
        succeed(connection, *answer, events);
        return true;
    }
}

void TcpProber::succeed(Connection& connection, const ProbeAnswer& answer, ProbeEvents& events) {
    const Lane lane{answer.worker, connection.address, Transport::Tcp};
    events.push_back({ProbeEvent::Kind::Asked, lane});
    events.push_back({ProbeEvent::Kind::Answered, lane, answer.is_right});
    const uint16_t source_port = source_port_of(connection.socket);
    if (!connection.is_search && answer.worker != connection.worker) {
        port(connection.worker, connection.address) = 0;
    }
    if (port(answer.worker, connection.address) == 0) {
        port(answer.worker, connection.address) = source_port;
    }
    connection.socket.reset();
    connection.is_over = true;
}

// A search that fails is booked on the worker it was to find: it may be the one that refuses.
void TcpProber::give_up(Connection& connection, ProbeEvents& events) {
    if (connection.is_over) return;
    connection.socket.reset();
    connection.is_over = true;
    events.push_back(
        {ProbeEvent::Kind::Asked, {connection.worker, connection.address, Transport::Tcp}});
}

}  // namespace nearcast::anycast
