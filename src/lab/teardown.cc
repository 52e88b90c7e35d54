// SPDX-License-Identifier: Apache-2.0

#include "lab/teardown.h"

#include <filesystem>
#include <vector>

#include "lab/lab_state.h"
#include "lab/netns.h"
#include "lab/process.h"

namespace nearcast::lab {

namespace {

using namespace std::chrono_literals;

// A killed process is gone in milliseconds; only one stuck in the kernel takes longer.
constexpr auto kPatience = 10s;
// Processes may start others while we look; each round kills what the last one missed.
constexpr int kRoundsMax = 5;

size_t kill_all(const std::vector<std::string>& names) {
    size_t killed = 0;
    for (int round = 0; round < kRoundsMax; ++round) {
        const std::vector<pid_t> pids = processes_in_any(names);
        if (pids.empty()) break;
        kill_and_wait(pids, kPatience);
        if (round == 0) killed = pids.size();
    }
    return killed;
}

}  // namespace

base::Result<Removed> tear_down() {
    const std::vector<std::string> names = namespaces_with(kNamespacePrefix);
    Removed removed{.processes = kill_all(names), .namespaces = names.size()};
    for (const std::string& name : names) remove_namespace(name);
    std::error_code error;
    std::filesystem::remove_all(paths::kRoot, error);
    if (error) return base::fail(paths::kRoot + ": " + error.message());
    return removed;
}

}  // namespace nearcast::lab
