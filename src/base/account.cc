// SPDX-License-Identifier: Apache-2.0

#include "base/account.h"

#include <array>

#include <pwd.h>

namespace nearcast::base {

Result<Account> find_account(const std::string& name) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> room{};
    ::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
    if (found != nullptr) return Account{found->pw_name, found->pw_uid, found->pw_gid};
    return fail("there is no user " + name, "adduser --system --group --no-create-home " + name);
}

}  // namespace nearcast::base
