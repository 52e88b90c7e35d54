// SPDX-License-Identifier: Apache-2.0

#include "lab/lab_state.h"

#include <array>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <sys/file.h>

#include "lab/netns.h"
#include "lab/relay_control.h"
#include "lab/topology_file.h"

namespace nearcast::lab {

using base::fail;
using base::fail_errno;
using base::Fd;
using base::Result;

Result<Fd> lock_lab() {
    std::error_code error;
    std::filesystem::create_directories(paths::kRun, error);
    Fd file(::open(paths::kLock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!file && errno == EACCES) {
        return fail("the lab belongs to root: it is made of network namespaces",
                    "sudo nearcast lab …");
    }
    if (!file) return fail_errno(paths::kLock, errno);
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail("another command is changing the lab", "wait for it to end, then try again");
    }
    return file;
}

Result<Plan> open_lab() {
    if (!std::filesystem::exists(paths::kTopology)) {
        return fail("no lab is up", "sudo nearcast lab up");
    }
    auto topology = read_topology(paths::kTopology);
    if (!topology) return std::unexpected(topology.error());
    if (!std::filesystem::exists(paths::kComplete)) {
        return fail("the lab is only half there: its `up` did not finish",
                    "sudo nearcast lab down");
    }
    if (auto relay = order_relay(paths::kRelaySocket, "ping"); !relay) {
        return fail("the lab is broken: its links are gone", "sudo nearcast lab down");
    }
    return make_plan(*std::move(topology));
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
