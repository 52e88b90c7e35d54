// SPDX-License-Identifier: Apache-2.0
//
// Carries every packet of every link of the lab, in one process: in place of netem, which many
// kernels lack.
//
// Each wire is a pair of TUN devices, one in the namespace at each end. A packet read at one end
// waits in a DelayLine and is written at the other. Orders come as text over a Unix socket; see
// relay_control.h. One thread.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "lab/delay_line.h"
#include "lab/wire.h"

namespace nearcast::lab {

class Relay {
 public:
    // Makes the devices; the namespaces must be there. Listens on the Unix socket at `control`.
    [[nodiscard]] static base::Result<Relay> create(const std::vector<Wire>& wires,
                                                    const std::string& control);

    // Until the process is killed, or epoll itself fails.
    [[nodiscard]] base::Result<void> run();

 private:
    struct Ends {
        base::Fd a, b;
        size_t direction = 0;  // The one from a to b; the way back is the next.
    };
    // One direction: from the device it is read at to the one it is written to. No devices: that of
    // a wire that was taken away.
    struct Direction {
        base::Fd* source = nullptr;
        base::Fd* target = nullptr;
        DelayLine line;
        bool is_scheduled = false;  // Has an entry in `schedule_`.
    };
    struct Appointment {
        base::Instant at;
        size_t direction;
        bool operator>(const Appointment& other) const { return at > other.at; }
    };
    using Schedule = std::priority_queue<Appointment, std::vector<Appointment>, std::greater<>>;

    Relay() = default;

    [[nodiscard]] base::Result<void> add(const Wire& wire);
    [[nodiscard]] base::Result<void> remove(uint32_t number);
    [[nodiscard]] base::Result<void> watch(int fd, uint64_t mark);
    void read_packets(size_t direction, base::Instant now);
    void write_due(base::Instant now);
    void schedule(size_t direction);
    void set_timer();
    [[nodiscard]] std::string obey(const std::string& order);
    [[nodiscard]] std::string change(const std::string& verb, std::istream& words);

    std::map<uint32_t, std::unique_ptr<Ends>> wires_;  // By number.
    std::vector<Direction> directions_;
    Schedule schedule_;
    base::Fd epoll_;
    base::Fd timer_;
    base::Fd control_;
    uint64_t packets_ = 0;
};

}  // namespace nearcast::lab
