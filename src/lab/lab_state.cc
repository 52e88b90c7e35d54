// SPDX-License-Identifier: Apache-2.0

#include "lab/lab_state.h"

#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lab/netns.h"
#include "lab/relay_control.h"
#include "lab/topology_file.h"

namespace nearcast::lab {

using base::fail;
using base::fail_errno;
using base::Fd;
using base::Result;

namespace {

std::unexpected<base::Error> belongs_to_root() {
    return fail("the lab belongs to root: it is made of network namespaces", "sudo nearcast lab …");
}

// What an ordinary user may not even look at is there.
Result<bool> is_there(const std::string& path) {
    std::error_code error;
    const bool is_found = std::filesystem::exists(path, error);
    if (error == std::errc::permission_denied) return belongs_to_root();
    return is_found;
}

bool is_at(const Fd& file, const std::string& path) {
    struct stat own{};
    struct stat named{};
    return ::fstat(file.get(), &own) == 0 && ::stat(path.c_str(), &named) == 0 &&
           own.st_dev == named.st_dev && own.st_ino == named.st_ino;
}

}  // namespace

Result<Fd> lock_lab() {
    std::error_code error;
    std::filesystem::create_directories(paths::kRun, error);
    // A `down` that ends takes the file away: a lock on that one keeps nobody apart.
    constexpr int kTries = 10;
    for (int i = 0; i < kTries; ++i) {
        Fd file(::open(paths::kLock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!file && errno == EACCES) return belongs_to_root();
        if (!file) return fail_errno(paths::kLock, errno);
        if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) break;
        if (is_at(file, paths::kLock)) return file;
    }
    return fail("another command is changing the lab", "wait for it to end, then try again");
}

void remove_lock() { ::unlink(paths::kLock.c_str()); }

Result<Plan> open_lab() {
    const auto is_up = is_there(paths::kTopology);
    if (!is_up) return std::unexpected(is_up.error());
    if (!*is_up) return fail("no lab is up", "sudo nearcast lab up");
    auto topology = read_topology(paths::kTopology);
    if (!topology) return std::unexpected(topology.error());
    if (!std::filesystem::exists(paths::kComplete)) {
        return fail("the lab is only half there: its `up` did not finish",
                    "sudo nearcast lab down");
    }
    if (auto relay = reach_relay(paths::kRelaySocket); !relay) {
        return std::unexpected(relay.error());
    }
    return make_plan(*std::move(topology));
}

Result<void> reach_relay(const std::string& socket) {
    // Who connects to a socket writes to it.
    if (::faccessat(AT_FDCWD, socket.c_str(), W_OK, AT_EACCESS) != 0 && errno == EACCES) {
        return belongs_to_root();
    }
    if (order_relay(socket, "ping")) return {};
    return fail("the lab is broken: its links are gone", "sudo nearcast lab down");
}

bool has_remains() {
    return std::filesystem::exists(paths::kRoot) || !namespaces_with(kNamespacePrefix).empty();
}

void note_event(const std::string& what) {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    std::array<char, 16> clock{};
    std::strftime(clock.data(), clock.size(), "%H:%M:%S", &local);
    std::ofstream(paths::kEvents, std::ios::app) << clock.data() << ' ' << what << '\n';
}

}  // namespace nearcast::lab
