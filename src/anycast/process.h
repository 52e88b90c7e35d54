// SPDX-License-Identifier: Apache-2.0
//
// Another process of this node: started from our own program, watched and signalled by descriptor.
//
// A pidfd names a process for as long as it is held, so nothing here can hit a stranger that got
// the number of a dead one. It becomes readable when the process ends.

#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"

namespace nearcast::anycast {

// Descriptors at which a process of a node finds what it inherits.
constexpr int kInheritedPageFd = 3;    // The heartbeat page.
constexpr int kInheritedLockFd = 4;    // The lock that keeps a second node from starting.
constexpr int kInheritedConfigFd = 5;  // The text of node.toml as it was when the node started.

class Process {
 public:
    Process() = default;

    // Takes hold of a running process of the same user.
    [[nodiscard]] static base::Result<Process> open(pid_t pid);

    // Negative when there is none.
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] int fd() const { return fd_.get(); }
    [[nodiscard]] explicit operator bool() const { return static_cast<bool>(fd_); }

    [[nodiscard]] bool has_ended() const;

    // False when it is gone already.
    bool send(int signal) const;

    // Collects the status of an ended child, in words; none for a process that is not our child.
    struct End {
        bool was_killed = false;
        int code = 0;  // The exit status, or the signal.
    };
    [[nodiscard]] std::optional<End> reap() const;

 private:
    Process(pid_t pid, base::Fd fd) : pid_(pid), fd_(std::move(fd)) {}

    pid_t pid_ = -1;
    base::Fd fd_;
};

// What the processes of a node hand on to each other.
struct Inheritance {
    std::string config_path;  // For messages; the text comes from `config`.
    base::Fd page;
    base::Fd lock;
    base::Fd config;
};

enum class Role { Guard, Server };

// Starts our own program again as `role`, with the inheritance at its fixed descriptors, no other
// but stdin, stdout and stderr, and signals as a program expects to find them.
[[nodiscard]] base::Result<Process> start_process(Role role, const Inheritance& inheritance);

// Turns this process into `role`; returns only on failure.
[[nodiscard]] base::Error become_process(Role role, const Inheritance& inheritance);

// The inheritance of a process that start_process() or become_process() made.
[[nodiscard]] base::Result<Inheritance> inherit(const std::string& config_path);

}  // namespace nearcast::anycast
