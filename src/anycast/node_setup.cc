// SPDX-License-Identifier: Apache-2.0

#include "anycast/node_setup.h"

#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include <unistd.h>

#include "anycast/signals.h"
#include "base/account.h"

namespace nearcast::anycast {
namespace {

using base::Result;

Result<void> prepare_directory(const std::string& path, const base::Account& owner) {
    std::error_code problem;
    std::filesystem::create_directories(path, problem);
    if (problem) return base::fail("cannot create " + path + ": " + problem.message());
    if (chown(path.c_str(), owner.uid, owner.gid) == 0) return {};
    return base::fail_errno("cannot give " + path + " to its user", errno);
}

}  // namespace

Result<void> prepare_node(const NodeConfig& config) {
    const auto account = base::find_account(config.user);
    if (!account) return std::unexpected(account.error());
    for (const std::string& path : {config.run_directory, config.state_directory}) {
        if (auto done = prepare_directory(path, *account); !done) return done;
    }
    for (const std::string& device : {config.live_device, config.pref_device}) {
        if (auto done = prepare_device(config.tun, device, account->uid); !done) return done;
    }
    return {};
}

}  // namespace nearcast::anycast
