// SPDX-License-Identifier: Apache-2.0

#include "anycast/guard_desk.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"

namespace nearcast::anycast {
namespace {

// How soon the thread notices that it should end, and how often it looks at the disk.
constexpr std::chrono::milliseconds kRound{200};
constexpr std::chrono::seconds kDiskInterval{5};

// The file is there, or not, also after a loss of power.
base::Result<void> keep_file(const std::string& path, bool is_wanted) {
    if (!is_wanted) {
        if (unlink(path.c_str()) == 0 || errno == ENOENT) return {};
        return base::fail_errno("cannot remove " + path, errno);
    }
    const base::Fd file(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!file || fsync(file.get()) != 0) return base::fail_errno("cannot write " + path, errno);
    const std::string directory = path.substr(0, path.rfind('/'));
    const base::Fd parent(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent || fsync(parent.get()) != 0) {
        return base::fail_errno("cannot write " + directory, errno);
    }
    return {};
}

}  // namespace

GuardDesk::GuardDesk(const NodeConfig& config, Complete complete)
    : config_(config),
      complete_(std::move(complete)),
      is_drained_(access((config.state_directory + "/drained").c_str(), F_OK) == 0) {}

GuardDesk::~GuardDesk() {
    is_ending_ = true;
    if (thread_.joinable()) thread_.join();
}

base::Result<void> GuardDesk::open() {
    auto opened = listen();
    thread_ = std::thread([this] { run(); });
    return opened;
}

base::Result<void> GuardDesk::listen() {
    auto socket = ControlSocket::open(config_.run_directory + "/guard.sock",
                                      [this](std::string_view command) { return answer(command); });
    if (!socket) return std::unexpected(socket.error());
    socket_ = std::move(*socket);
    return {};
}

void GuardDesk::publish(const GuardStatus& status) {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock) status_ = status;
}

void GuardDesk::run() {
    base::Instant next_look{};
    while (!is_ending_) {
        if (base::now() >= next_look) {
            look_at_disk();
            if (!socket_) (void)listen();
            next_look = base::now() + kDiskInterval;
        }
        if (socket_) {
            socket_->serve(kRound);
        } else {
            poll(nullptr, 0, static_cast<int>(kRound.count()));
        }
    }
}

void GuardDesk::look_at_disk() {
    struct statvfs disk{};
    if (statvfs(config_.state_directory.c_str(), &disk) != 0) return;
    const uint64_t free_mib = disk.f_bavail * disk.f_frsize >> 20;
    is_disk_full_ = free_mib < config_.guard.disk_free_min_mib;
}

std::string GuardDesk::answer(std::string_view command) {
    if (command == "status") {
        GuardStatus status;
        {
            const std::lock_guard lock(mutex_);
            status = status_;
        }
        status.is_drained = is_drained_;
        if (complete_) complete_(status);
        return to_json(status);
    }
    if (command == "drain") return drain(true);
    if (command == "undrain") return drain(false);
    return control_error(
        {"unknown command \"" + std::string(command) + '"', "one of status, drain, undrain"});
}

// The drain takes effect even when it cannot be written down: the operator wants it now. He is told
// that a restart would undo it.
std::string GuardDesk::drain(bool is_wanted) {
    is_drained_ = is_wanted;
    base::log::info(is_wanted ? "drain" : "undrain");
    if (auto kept = keep_file(drain_path(), is_wanted); !kept) {
        kept.error().hint = is_wanted ? "the node is drained, but a restart would undo it"
                                      : "the node is undrained, but a restart would drain it";
        return control_error(kept.error());
    }
    return control_ok();
}

}  // namespace nearcast::anycast
