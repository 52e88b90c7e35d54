// SPDX-License-Identifier: Apache-2.0
//
// Carries every packet of every link of the lab, in one process: in place of netem, which many
// kernels lack.
//
// Each link is a pair of TUN devices, one in the namespace of each router. A packet read at one end
// waits in a DelayLine and is written at the other. Orders come as text over a Unix socket; see
// relay_control.h. One thread.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "lab/delay_line.h"
#include "lab/plan.h"

namespace nearcast::lab {

class Relay {
 public:
    // Makes the devices; the namespaces must be there. Listens on the Unix socket at `control`.
    [[nodiscard]] static base::Result<Relay> create(const Plan& plan, const std::string& control);

    // Until the process is killed, or epoll itself fails.
    [[nodiscard]] base::Result<void> run();

 private:
    // One direction: from the device it is read at to the one it is written to.
    struct Direction {
        base::Fd* source = nullptr;
        base::Fd* target = nullptr;
        DelayLine line;
        bool is_scheduled = false;  // Has an entry in `schedule_`.
    };
    struct LinkEnds {
        base::Fd a, b;
    };
    struct Appointment {
        base::Instant at;
        size_t direction;
        bool operator>(const Appointment& other) const { return at > other.at; }
    };
    using Schedule = std::priority_queue<Appointment, std::vector<Appointment>, std::greater<>>;

    Relay() = default;

    [[nodiscard]] base::Result<void> open_link(const Plan& plan, size_t link);
    [[nodiscard]] base::Result<void> watch(int fd, uint64_t mark);
    void read_packets(size_t direction, base::Instant now);
    void write_due(base::Instant now);
    void schedule(size_t direction);
    void set_timer();
    [[nodiscard]] std::string obey(const std::string& order);

    std::vector<std::unique_ptr<LinkEnds>> links_;
    std::vector<Direction> directions_;  // Of link n: 2n from a to b, 2n+1 back.
    Schedule schedule_;
    base::Fd epoll_;
    base::Fd timer_;
    base::Fd control_;
    uint64_t packets_ = 0;
};

}  // namespace nearcast::lab
