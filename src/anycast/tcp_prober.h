// SPDX-License-Identifier: Apache-2.0
//
// Asks every worker on every service address over TCP: a new connection for each question.
//
// A connection that is kept would not notice that no new one is accepted. Which worker gets a
// connection depends on its source port, so the port that reached a worker is used again. A round
// is over when each question was answered or given up; failures are only ever soft. One thread.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "anycast/probe_event.h"
#include "anycast/probe_message.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"

namespace nearcast::anycast {

class TcpProber {
 public:
    TcpProber(std::vector<base::SocketAddress> addresses, const ProbeQuestion& question,
              const ProbeToken& token);

    // Readable when receive() has something to do.
    [[nodiscard]] int fd() const { return epoll_.get(); }

    // As UdpProber::reset().
    void reset(uint32_t worker_count);

    // Starts a round when one is due; gives up what takes too long.
    void ask(base::Instant now, ProbeEvents& events);

    // Moves the connections on.
    void receive(ProbeEvents& events);

 private:
    struct Connection {
        base::Fd socket = {};
        uint32_t address = 0;
        uint32_t worker = 0;  // Whom it is meant for; when a search, who lacks a port.
        bool is_search = false;
        bool is_sent = false;
        bool is_over = false;  // Answered or given up.
        uint16_t id = 0;
        std::vector<uint8_t> received = {};
    };

    void start_round(ProbeEvents& events);
    void open(Connection& connection, ProbeEvents& events);
    [[nodiscard]] bool try_open(Connection& connection);
    void advance(Connection& connection, ProbeEvents& events);
    [[nodiscard]] bool send_question(Connection& connection);
    // False when the connection is of no more use.
    [[nodiscard]] bool read_answer(Connection& connection, ProbeEvents& events);
    void give_up(Connection& connection, ProbeEvents& events);
    void succeed(Connection& connection, const ProbeAnswer& answer, ProbeEvents& events);
    [[nodiscard]] uint16_t& port(uint32_t worker, uint32_t address) {
        return ports_[size_t{worker} * addresses_.size() + address];
    }

    std::vector<base::SocketAddress> addresses_;
    ProbeQuestion question_;
    ProbeToken token_;
    base::Fd epoll_;
    uint32_t worker_count_ = 0;
    std::vector<uint16_t> ports_;  // By worker and address; 0: none known.
    std::vector<Connection> connections_;
    base::Instant next_round_{};
    uint16_t next_id_ = 0;
};

}  // namespace nearcast::anycast
