// SPDX-License-Identifier: Apache-2.0
//
// The connections of the API: which is looked after next, and which has to give way.
//
// Each has one of a fixed number of workers from when one is free until it ends, so whoever only
// holds a connection open holds a worker. When none is free for a new one, another connection gives
// way: one between two requests, or else one that has kept us waiting for its request, or with its
// response, longer than a request takes that is sent at once. Of these the oldest of the source
// that has the most. What is being answered is left alone. Any thread.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>

#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"

namespace nearcast::control_api {

struct ConnectionLimits {
    // That wait for a worker while all are answering; more are turned away.
    size_t waiting_max = 128;
    // From one address; of IPv6 from its /64. With so many, the next takes the place of another
    // that gives way, or is turned away.
    size_t per_source_max = 96;
    // For a request to come and its response to go before others may take the place. Also on a slow
    // line a handshake and a request are done by then.
    std::chrono::milliseconds grace{500};
};

class ConnectionDesk {
 public:
    enum class Phase : uint8_t {
        Waiting,    // For a worker.
        Idle,       // Between two requests, or after the last.
        Asking,     // A request is on its way.
        Answering,  // It is there as a whole, and is carried out whatever becomes of the
                    // connection.
        Taking,     // The response is on its way.
    };

    struct Connection {
        base::Fd socket;  // Until its worker takes it.
        base::SocketAddress peer;
        // Of the desk alone.
        int fd = -1;
        base::IpAddress source;
        Phase phase = Phase::Waiting;
        base::Instant since{};  // In this phase.
        bool is_ended = false;
    };

    explicit ConnectionDesk(const ConnectionLimits& limits) : limits_(limits) {}

    // A new one, which is closed when there is no place for it.
    void add(base::Fd socket, const base::SocketAddress& peer, base::Instant now);

    // Who still waits for a worker is given one if another connection gives way by now. True: some
    // wait on; look again soon.
    [[nodiscard]] bool relieve(base::Instant now);

    // Of a worker: waits for the next one. Null: there is none any more.
    [[nodiscard]] Connection* take();
    // False: the connection is to end now, as it gave way, or a worker is needed that would idle.
    [[nodiscard]] bool enter(Connection& connection, Phase phase, base::Instant now);
    // Before its socket is closed.
    void leave(Connection& connection);

    // From now on there is nothing to take. Ends all connections: those that are answered after
    // their response, or after `patience`. What is being answered is carried out all the same.
    void stop(base::Duration patience);
    [[nodiscard]] bool is_stopping() const;

 private:
    // With the mutex, all of these.
    void make_room(base::Instant now);
    [[nodiscard]] bool give_way(const base::IpAddress* source, base::Instant now);
    [[nodiscard]] size_t workers_to_come() const;
    [[nodiscard]] size_t count_of(const base::IpAddress& source) const;
    void end(Connection& connection);

    const ConnectionLimits limits_;
    mutable std::mutex mutex_;  // Guards what follows.
    std::condition_variable ready_;
    std::condition_variable left_;
    std::list<Connection> connections_;
    std::deque<Connection*> waiting_;
    size_t free_workers_ = 0;
    bool is_stopping_ = false;
};

}  // namespace nearcast::control_api
