// SPDX-License-Identifier: Apache-2.0

#include "anycast/node_setup.h"

#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <system_error>

#include <pwd.h>
#include <unistd.h>

#include "anycast/signals.h"

namespace nearcast::anycast {
namespace {

using base::Result;

struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
};

Result<Account> find_account(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> room{};
    getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
    if (found != nullptr) return Account{found->pw_uid, found->pw_gid};
    return base::fail("user " + name + " does not exist",
                      "useradd --system --no-create-home --shell /usr/sbin/nologin " + name);
}

Result<void> prepare_directory(const std::string& path, const Account& owner) {
    std::error_code problem;
    std::filesystem::create_directories(path, problem);
    if (problem) return base::fail("cannot create " + path + ": " + problem.message());
    if (chown(path.c_str(), owner.uid, owner.gid) == 0) return {};
    return base::fail_errno("cannot give " + path + " to its user", errno);
}

}  // namespace

Result<void> prepare_node(const NodeConfig& config) {
    const auto account = find_account(config.user);
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
