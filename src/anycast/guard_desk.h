// SPDX-License-Identifier: Apache-2.0
//
// Where the guard meets the operator and the disk: a thread apart, so that neither delays the loop.
//
// It serves guard.sock, keeps the operator's drain in a file that outlives restarts, and looks at
// the free space. The loop reads its conclusions without waiting.

#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "anycast/control_socket.h"
#include "anycast/guard_status.h"
#include "anycast/node_config.h"

namespace nearcast::anycast {

class GuardDesk {
 public:
    // Adds to a status what only another thread knows.
    using Complete = std::function<void(GuardStatus&)>;

    // Both must outlive the desk; `complete` may be empty, and runs on the desk's thread.
    GuardDesk(const NodeConfig& config, Complete complete);
    GuardDesk(const GuardDesk&) = delete;
    GuardDesk& operator=(const GuardDesk&) = delete;
    ~GuardDesk();

    // Opens the socket and starts the thread. The thread also runs when the socket could not be
    // opened, and tries again.
    [[nodiscard]] base::Result<void> open();

    [[nodiscard]] bool is_drained() const { return is_drained_; }
    [[nodiscard]] bool is_disk_full() const { return is_disk_full_; }

    // What the next `status` shows. Dropped rather than waiting, should the desk hold it just now.
    void publish(const GuardStatus& status);

 private:
    [[nodiscard]] base::Result<void> listen();
    void run();
    void look_at_disk();
    [[nodiscard]] std::string answer(std::string_view command);
    [[nodiscard]] std::string drain(bool is_wanted);
    [[nodiscard]] std::string drain_path() const { return config_.state_directory + "/drained"; }

    const NodeConfig& config_;
    Complete complete_;
    std::atomic<bool> is_drained_;
    std::atomic<bool> is_disk_full_ = false;
    std::mutex mutex_;  // Guards the status.
    GuardStatus status_;
    std::optional<ControlSocket> socket_;
    std::atomic<bool> is_ending_ = false;
    std::thread thread_;
};

}  // namespace nearcast::anycast
