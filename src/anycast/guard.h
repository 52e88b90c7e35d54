// SPDX-License-Identifier: Apache-2.0
//
// The guard: the process that alone holds the signals, asks the server, and keeps it running.
//
// One loop on one thread does what must not be late: it beats, asks, hears, decides (GuardLogic)
// and signals. It never waits for the disk, a log, the operator or the routing daemon; those have
// threads of their own.

#pragma once

#include <array>
#include <optional>
#include <string>

#include "anycast/guard_desk.h"
#include "anycast/guard_logic.h"
#include "anycast/heartbeat_page.h"
#include "anycast/node_config.h"
#include "anycast/process.h"
#include "anycast/route_watch.h"
#include "anycast/service_notice.h"
#include "anycast/signals.h"
#include "anycast/starvation.h"
#include "anycast/tcp_prober.h"
#include "anycast/udp_prober.h"

namespace nearcast::anycast {

class Guard {
 public:
    Guard(const NodeConfig& config, const ProbeQuestion& question, Inheritance inheritance,
          SharedPage page);

    // Guards until the node is told to stop; returns the exit status. Call once.
    [[nodiscard]] int run();

 private:
    [[nodiscard]] base::Result<void> begin();
    void adopt_server();
    [[nodiscard]] base::Result<void> watch(int fd, uint64_t key, uint32_t events);

    void wait(base::Instant due);
    void take_signals();
    void take_server_end(base::Instant now);
    void take_probes();
    void tick(base::Instant now, base::Duration lateness);
    void read_page(base::Instant now);
    void read_symptoms(base::Instant now);
    void obey(base::Instant now);
    void start_server(base::Instant now);
    void stop(base::Instant now);
    void reload();
    void show(base::Instant now);
    void report(base::Instant now);

    const NodeConfig& config_;
    Inheritance inheritance_;
    SharedPage page_;
    ServiceNotice notice_;
    GuardLogic logic_;
    UdpProber udp_;
    TcpProber tcp_;
    SignalPair signals_;
    RouteWatch routes_;
    GuardDesk desk_;

    base::Fd epoll_;
    base::Fd signal_fd_;
    Process server_;
    bool is_server_ready_ = false;
    bool is_condemned_ = false;  // The server was killed and has not ended yet.
    bool was_ever_ready_ = false;
    bool has_ended_ = false;
    int exit_status_ = 0;
    std::optional<base::Instant> stopped_at_;
    base::Instant next_ask_{};
    base::Instant wrong_until_{};  // A wrong answer counts as a symptom until then.
    std::string signal_problem_;   // The last that was logged.
    std::array<StarvationMeter, kWorkersMax> starvation_;  // Of each worker.
    ProbeEvents events_;
};

}  // namespace nearcast::anycast
