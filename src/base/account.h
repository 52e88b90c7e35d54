// SPDX-License-Identifier: Apache-2.0
//
// Users of the machine, by name: whom files are given to, and as whom programs run.

#pragma once

#include <string>

#include <sys/types.h>

#include "base/result.h"

namespace nearcast::base {

struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};

// Fails with the command that adds him when there is none. Any thread.
[[nodiscard]] Result<Account> find_account(const std::string& name);

// Who this program runs as; by his number, where that has no name here. Any thread.
[[nodiscard]] Account own_account();

}  // namespace nearcast::base
