// SPDX-License-Identifier: Apache-2.0

#include "lab/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "lab/files.h"
#include "lab/netns.h"

namespace nearcast::lab {

namespace {

using base::Fd;
using base::Result;

constexpr unsigned kTunMajor = 10;
constexpr unsigned kTunMinor = 200;

// The host's node may be for root alone; a PoP's daemon is not root. A mount namespace of the
// program's own holds a node that is for everyone, and nobody else sees it.
bool give_own_tun() {
    if (::unshare(CLONE_NEWNS) != 0) return false;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
    if (::mount("none", "/dev/net", "tmpfs", MS_NOSUID | MS_NOEXEC, "mode=0755") != 0) return false;
    if (::mknod("/dev/net/tun", S_IFCHR | 0666, makedev(kTunMajor, kTunMinor)) != 0) return false;
    return ::chmod("/dev/net/tun", 0666) == 0;
}

bool take_syslog_away() {
    constexpr const char* kSyslog = "/dev/log";
    if (::access(kSyslog, F_OK) != 0) return true;
    return ::unshare(CLONE_NEWNS) == 0 &&
           ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("/dev/null", kSyslog, nullptr, MS_BIND, nullptr) == 0;
}

bool redirect_output(const std::string& log) {
    const Fd out(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    const Fd in(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return out && in && ::dup2(in.get(), 0) >= 0 && ::dup2(out.get(), 1) >= 0 &&
           ::dup2(out.get(), 2) >= 0;
}

std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

// In the grandchild: everything up to exec. Returns only on failure, with the reason in errno.
void become(const Program& program) {
    if (!program.net_namespace.empty() && !move_into_namespace(program.net_namespace)) return;
    if (program.gets_own_tun && !give_own_tun()) return;
    if (program.has_no_syslog && !take_syslog_away()) return;
    if (!redirect_output(program.log)) return;
    if (program.nice != 0) static_cast<void>(::setpriority(PRIO_PROCESS, 0, program.nice));
    std::vector<char*> arguments = pointers_to(program.arguments);
    ::signal(SIGPIPE, SIG_DFL);
    ::execvp(arguments[0], arguments.data());
}

// The first child only makes the second an orphan, which init collects when it ends.
[[noreturn]] void run_child(const Program& program, int report) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild > 0) ::_exit(0);
    if (grandchild == 0) become(program);
    const int reason = errno;
    static_cast<void>(::write(report, &reason, sizeof reason) == sizeof reason);
    ::_exit(1);
}

std::string word_after(const std::string& text, std::string_view key) {
    const size_t start = text.find(key);
    if (start == std::string::npos) return {};
    const size_t first = text.find_first_not_of(" \t", start + key.size());
    return first == std::string::npos ? "" : text.substr(first, text.find('\n', first) - first);
}

Fd open_pidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

}  // namespace

Result<void> start(const Program& program) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return base::fail_errno("pipe", errno);
    const Fd reader(pipe[0]);
    Fd writer(pipe[1]);
    const pid_t child = ::fork();
    if (child < 0) return base::fail_errno("fork", errno);
    if (child == 0) run_child(program, writer.get());
    writer.reset();
    ::waitpid(child, nullptr, 0);
    // The pipe closes without a word when exec succeeds.
    int reason = 0;
    if (::read(reader.get(), &reason, sizeof reason) == sizeof reason) {
        return base::fail_errno("start " + program.arguments.front(), reason);
    }
    return {};
}

namespace {

// Ours, but for the variables that `changed` names.
std::vector<std::string> environment_with(const std::vector<std::string>& changed) {
    std::vector<std::string> all = changed;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string_view text(*each);
        const std::string_view start = text.substr(0, text.find('=') + 1);
        const bool is_changed = std::ranges::any_of(
            changed, [&](const std::string& item) { return item.starts_with(start); });
        if (!is_changed) all.emplace_back(text);
    }
    return all;
}

std::string read_to_end(const Fd& fd) {
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
        if (size > 0) text.append(buffer.data(), static_cast<size_t>(size));
        if (size == 0 || (size < 0 && errno != EINTR)) return text;
    }
}

}  // namespace

Result<std::string> run(const std::vector<std::string>& arguments,
                        const std::vector<std::string>& environment) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return base::fail_errno("pipe", errno);
    const Fd reader(pipe[0]);
    Fd writer(pipe[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, writer.get(), 1);
    ::posix_spawn_file_actions_adddup2(&actions, writer.get(), 2);
    const auto variables = environment_with(environment);
    pid_t child = 0;
    const int failed = ::posix_spawnp(&child, arguments.front().c_str(), &actions, nullptr,
                                      pointers_to(arguments).data(), pointers_to(variables).data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) return base::fail_errno("start " + arguments.front(), failed);
    writer.reset();
    std::string output = read_to_end(reader);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output;
    return base::fail(output.empty() ? arguments.front() + " failed" : output);
}

std::vector<ProcessInfo> inspect(const std::string& net_namespace) {
    std::vector<ProcessInfo> found;
    for (const pid_t pid : processes_in_any({&net_namespace, 1})) {
        const std::string directory = "/proc/" + std::to_string(pid);
        const auto status = read_text(directory + "/status");
        auto command = read_text(directory + "/cmdline");
        if (!status || !command) continue;
        const std::string state = word_after(*status, "State:");
        if (state.starts_with('Z') || state.starts_with('X')) continue;
        std::ranges::replace(*command, '\0', ' ');
        found.push_back({.pid = pid,
                         .name = word_after(*status, "Name:"),
                         .command = *std::move(command),
                         .is_stopped = state.starts_with('T')});
    }
    return found;
}

void signal_all(std::span<const pid_t> pids, int signal_number) {
    for (const pid_t pid : pids) ::kill(pid, signal_number);
}

bool kill_and_wait(std::span<const pid_t> pids, std::chrono::milliseconds patience) {
    std::vector<Fd> watched;
    for (const pid_t pid : pids) watched.push_back(open_pidfd(pid));
    signal_all(pids, SIGKILL);
    const base::Instant deadline = base::now() + patience;
    bool all_gone = true;
    for (const Fd& process : watched) {
        if (!process) continue;
        pollfd poll{.fd = process.get(), .events = POLLIN, .revents = 0};
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - base::now());
        all_gone &= ::poll(&poll, 1, std::max(0, static_cast<int>(left.count()))) == 1;
    }
    return all_gone;
}

}  // namespace nearcast::lab
