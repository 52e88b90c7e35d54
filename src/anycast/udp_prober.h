// SPDX-License-Identifier: Apache-2.0
//
// Asks every worker on every service address over UDP.
//
// The kernel chooses a worker by the ports and addresses of a packet, so the prober opens sockets
// with ever new source ports until each worker has answered on each address, and keeps the socket
// that reached it. Nothing blocks. One thread.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "anycast/probe_event.h"
#include "anycast/probe_message.h"
#include "base/address.h"
#include "base/clock.h"
#include "base/fd.h"

namespace nearcast::anycast {

class UdpProber {
 public:
    // A question of a search counts as lost after `patience`.
    UdpProber(std::vector<base::SocketAddress> addresses, const ProbeQuestion& question,
              const ProbeToken& token, base::Duration patience);

    // Readable when receive() has something to read.
    [[nodiscard]] int fd() const { return epoll_.get(); }

    // Forgets every socket, and looks for so many workers from now on. Zero: is quiet.
    void reset(uint32_t worker_count);

    // One question to each worker that was found, and some to find the others.
    void ask(base::Instant now, ProbeEvents& events);

    // Takes in the answers that have come.
    void receive(ProbeEvents& events);

 private:
    struct Probe {
        base::Fd socket = {};
        uint32_t address = 0;
        uint32_t worker = 0;         // Of a found one.
        uint16_t id = 0;             // Of the last question.
        base::Instant lost_at = {};  // Of a search: when its question counts as lost.
        [[nodiscard]] bool is_used() const { return static_cast<bool>(socket); }
    };

    void search(base::Instant now, ProbeEvents& events);
    void start_search(Probe& probe, uint32_t address, base::Instant now, ProbeEvents& events);
    void take_answer(Probe& probe, bool is_search, std::span<const uint8_t> message,
                     ProbeEvents& events);
    void adopt(Probe& probe, uint32_t worker);
    void send(Probe& probe);
    [[nodiscard]] bool watch(const Probe& probe, uint64_t key, int operation);
    [[nodiscard]] Probe& found(uint32_t worker, uint32_t address) {
        return found_[size_t{worker} * addresses_.size() + address];
    }
    [[nodiscard]] bool has_missing(uint32_t address);

    // Enough to find the workers of a small machine in one round; of 64 in a few.
    static constexpr size_t kSearchesMax = 64;

    std::vector<base::SocketAddress> addresses_;
    ProbeQuestion question_;
    ProbeToken token_;
    base::Duration patience_;
    base::Fd epoll_;
    uint32_t worker_count_ = 0;
    std::vector<Probe> found_;  // By worker and address.
    std::array<Probe, kSearchesMax> searches_;
};

}  // namespace nearcast::anycast
