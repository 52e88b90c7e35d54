// SPDX-License-Identifier: Apache-2.0

#include "control/api/connection_desk.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include <sys/socket.h>

#include "control/refusals.h"

namespace nearcast::control_api {

void ConnectionDesk::add(base::Fd socket, const base::SocketAddress& peer, base::Instant now) {
    const std::lock_guard lock(mutex_);
    const base::IpAddress source = control::network_of(peer.ip);
    if (is_stopping_ || waiting_.size() >= limits_.waiting_max) return;
    if (count_of(source) >= limits_.per_source_max && !give_way(&source, now)) return;
    const int fd = socket.get();
    connections_.push_back({std::move(socket), peer, fd, source, Phase::Waiting, now});
    waiting_.push_back(&connections_.back());
    make_room(now);
    ready_.notify_one();
}

bool ConnectionDesk::relieve(base::Instant now) {
    const std::lock_guard lock(mutex_);
    make_room(now);
    return waiting_.size() > free_workers_;
}

ConnectionDesk::Connection* ConnectionDesk::take() {
    std::unique_lock lock(mutex_);
    ++free_workers_;
    ready_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
    --free_workers_;
    if (is_stopping_) return nullptr;
    Connection* const next = waiting_.front();
    waiting_.pop_front();
    next->phase = Phase::Asking;
    return next;
}

bool ConnectionDesk::enter(Connection& connection, Phase phase, base::Instant now) {
    const std::lock_guard lock(mutex_);
    connection.phase = phase;
    connection.since = now;
    if (phase != Phase::Idle) return !connection.is_ended;
    return !connection.is_ended && !is_stopping_ && waiting_.size() <= free_workers_;
}

void ConnectionDesk::leave(Connection& connection) {
    const std::lock_guard lock(mutex_);
    connections_.remove_if([&](const Connection& each) { return &each == &connection; });
    left_.notify_all();
}

void ConnectionDesk::stop(base::Duration patience) {
    std::unique_lock lock(mutex_);
    is_stopping_ = true;
    for (auto at = connections_.begin(); at != connections_.end();) {
        Connection& connection = *at++;  // A waiting one goes at once.
        if (connection.phase < Phase::Answering) end(connection);
    }
    ready_.notify_all();
    left_.wait_for(lock, patience, [&] {
        return std::ranges::none_of(connections_, [](const Connection& each) {
            return each.phase >= Phase::Answering && !each.is_ended;
        });
    });
    for (Connection& connection : connections_) end(connection);
}

bool ConnectionDesk::is_stopping() const {
    const std::lock_guard lock(mutex_);
    return is_stopping_;
}

void ConnectionDesk::make_room(base::Instant now) {
    while (waiting_.size() > workers_to_come() && give_way(nullptr, now)) {
    }
}

// Of those of `source`, or if it is null of those that have a worker. False when none can.
bool ConnectionDesk::give_way(const base::IpAddress* source, base::Instant now) {
    std::map<base::IpAddress, size_t> counts;
    for (const Connection& each : connections_) counts[each.source] += each.is_ended ? 0 : 1;
    const auto rank = [&](const Connection& each) {
        return std::tuple(each.phase != Phase::Idle, SIZE_MAX - counts[each.source], each.since);
    };
    Connection* found = nullptr;
    for (Connection& each : connections_) {
        const bool is_meant =
            source != nullptr ? each.source == *source : each.phase != Phase::Waiting;
        const bool may = each.phase == Phase::Idle ||
                         (each.phase != Phase::Answering && now >= each.since + limits_.grace);
        if (!is_meant || !may || each.is_ended) continue;
        if (found == nullptr || rank(each) < rank(*found)) found = &each;
    }
    if (found != nullptr) end(*found);
    return found != nullptr;
}

// Those that wait for a connection, and those whose connection has ended under their hands.
size_t ConnectionDesk::workers_to_come() const {
    return free_workers_ + static_cast<size_t>(std::ranges::count_if(
                               connections_, [](const Connection& each) { return each.is_ended; }));
}

size_t ConnectionDesk::count_of(const base::IpAddress& source) const {
    return static_cast<size_t>(std::ranges::count_if(connections_, [&](const Connection& each) {
        return !each.is_ended && each.source == source;
    }));
}

void ConnectionDesk::end(Connection& connection) {
    if (connection.phase != Phase::Waiting) {
        connection.is_ended = true;
        ::shutdown(connection.fd, SHUT_RDWR);  // Whoever waits for it wakes up.
        return;
    }
    std::erase(waiting_, &connection);
    connections_.remove_if([&](const Connection& each) { return &each == &connection; });
}

}  // namespace nearcast::control_api
