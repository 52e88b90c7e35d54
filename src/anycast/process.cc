// SPDX-License-Identifier: Apache-2.0

#include "anycast/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nearcast::anycast {
namespace {

using base::Fd;
using base::Result;

constexpr const char* kOwnProgram = "/proc/self/exe";  // Also right after an upgrade replaced it.
constexpr int kFirstFreeFd = 6;

// glibc 2.36 of Debian 12 has wrappers, but in a header that clashes with <csignal>'s siginfo.
int pidfd_of(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0U)); }

struct Arguments {
    explicit Arguments(Role role, const std::string& config_path)
        : texts{"nearcastd", "--config", config_path, "--role",
                role == Role::Guard ? "guard" : "server"} {
        for (std::string& text : texts) pointers.push_back(text.data());
        pointers.push_back(nullptr);
    }
    std::vector<std::string> texts;
    std::vector<char*> pointers;
};

// Copies above the fixed numbers, so that putting one in its place overwrites no other.
struct Copies {
    explicit Copies(const Inheritance& from)
        : page(fcntl(from.page.get(), F_DUPFD_CLOEXEC, kFirstFreeFd)),
          lock(fcntl(from.lock.get(), F_DUPFD_CLOEXEC, kFirstFreeFd)),
          config(fcntl(from.config.get(), F_DUPFD_CLOEXEC, kFirstFreeFd)) {}

    [[nodiscard]] bool are_whole() const { return page && lock && config; }
    [[nodiscard]] std::array<std::pair<int, int>, 3> moves() const {
        return {{{page.get(), kInheritedPageFd},
                 {lock.get(), kInheritedLockFd},
                 {config.get(), kInheritedConfigFd}}};
    }
    Fd page;
    Fd lock;
    Fd config;
};

class SpawnPlan {
 public:
    SpawnPlan() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        sigset_t all;
        sigset_t none;
        sigfillset(&all);
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }

    // Shares our memory until it executes, so starting a guard from a server that holds gigabytes
    // of zones copies no page table.
    int spawn(const Copies& copies, const Arguments& arguments, pid_t& pid) {
        for (const auto& [from, to] : copies.moves()) {
            posix_spawn_file_actions_adddup2(&actions_, from, to);
        }
        posix_spawn_file_actions_addclosefrom_np(&actions_, kFirstFreeFd);
        return posix_spawn(&pid, kOwnProgram, &actions_, &attributes_, arguments.pointers.data(),
                           environ);
    }

 private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

Result<Process> Process::open(pid_t pid) {
    Fd fd(pid > 0 ? pidfd_of(pid) : -1);
    if (!fd) return base::fail_errno("cannot open process " + std::to_string(pid), errno);
    return Process(pid, std::move(fd));
}

bool Process::has_ended() const {
    pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return poll(&waiting, 1, 0) == 1;
}

bool Process::send(int signal) const {
    return syscall(SYS_pidfd_send_signal, fd_.get(), signal, nullptr, 0U) == 0;
}

std::optional<Process::End> Process::reap() const {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    const bool was_killed = WIFSIGNALED(status);
    return End{was_killed, was_killed ? WTERMSIG(status) : WEXITSTATUS(status)};
}

Result<Process> start_process(Role role, const Inheritance& inheritance) {
    const Copies copies(inheritance);
    if (!copies.are_whole()) return base::fail_errno("cannot hand descriptors on", errno);
    pid_t pid = -1;
    const int error = SpawnPlan().spawn(copies, Arguments(role, inheritance.config_path), pid);
    if (error != 0) return base::fail_errno("cannot start " + std::string(kOwnProgram), error);
    // Our child: the number stays taken until we reap it.
    return Process::open(pid);
}

base::Error become_process(Role role, const Inheritance& inheritance) {
    const Copies copies(inheritance);
    if (!copies.are_whole()) return base::fail_errno("cannot hand descriptors on", errno).error();
    for (const auto& [from, to] : copies.moves()) dup2(from, to);
    close_range(kFirstFreeFd, ~0U, 0);
    execv(kOwnProgram, Arguments(role, inheritance.config_path).pointers.data());
    return base::fail_errno("cannot execute " + std::string(kOwnProgram), errno).error();
}

Result<Inheritance> inherit(const std::string& config_path) {
    for (const int fd : {kInheritedPageFd, kInheritedLockFd, kInheritedConfigFd}) {
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            return base::fail("--role is for nearcastd's own use",
                              "nearcastd --config " + config_path);
        }
    }
    return Inheritance{config_path, Fd(kInheritedPageFd), Fd(kInheritedLockFd),
                       Fd(kInheritedConfigFd)};
}

}  // namespace nearcast::anycast
