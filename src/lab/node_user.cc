// SPDX-License-Identifier: Apache-2.0

#include "lab/node_user.h"

#include <array>

#include <pwd.h>

namespace nearcast::lab {

base::Result<uid_t> node_user() {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> buffer{};
    ::getpwnam_r(kNodeUser, &entry, buffer.data(), buffer.size(), &found);
    if (found == nullptr) {
        return base::fail("there is no user nearcast, which the servers run as",
                          "adduser --system --group --no-create-home nearcast");
    }
    return found->pw_uid;
}

}  // namespace nearcast::lab
