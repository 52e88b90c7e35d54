// SPDX-License-Identifier: Apache-2.0
//
// Programs that the lab starts and stops: they outlive the command that started them.

#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/result.h"

namespace nearcast::lab {

struct Program {
    std::vector<std::string> arguments;  // The first is found along PATH.
    std::string net_namespace;           // Empty: the caller's.
    std::string log;                     // Its stdout and stderr are appended here.
    bool gets_own_tun = false;           // A /dev/net/tun of its own that every user may open.
    bool has_no_syslog = false;          // Nobody hears it there.
    int nice = 0;
};

// Starts it in a session of its own, with no descriptor of ours. It is a child of init.
[[nodiscard]] base::Result<void> start(const Program& program);

// Runs a program to its end and returns what it wrote, or fails with that unless it ends with 0.
// `environment` goes over ours: "NAME=VALUE".
[[nodiscard]] base::Result<std::string> run(const std::vector<std::string>& arguments,
                                            const std::vector<std::string>& environment = {});

struct ProcessInfo {
    pid_t pid = 0;
    std::string name;     // As in /proc/PID/comm.
    std::string command;  // The arguments, separated by spaces.
    bool is_stopped = false;
};

// The processes of a namespace, without those that are dead but not yet collected.
[[nodiscard]] std::vector<ProcessInfo> inspect(const std::string& net_namespace);

void signal_all(std::span<const pid_t> pids, int signal_number);

// SIGKILL, then waits until the kernel has torn them down; false when `patience` ran out.
bool kill_and_wait(std::span<const pid_t> pids, std::chrono::milliseconds patience);

}  // namespace nearcast::lab
