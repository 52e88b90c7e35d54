// SPDX-License-Identifier: Apache-2.0

#include "base/account.h"

#include <array>
#include <optional>
#include <utility>

#include <pwd.h>
#include <unistd.h>

namespace nearcast::base {

namespace {

template <typename Lookup, typename Key>
std::optional<Account> look_up(Lookup lookup, Key key) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> room{};
    if (lookup(key, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
        return std::nullopt;
    }
    return Account{found->pw_name, found->pw_uid, found->pw_gid};
}

}  // namespace

Result<Account> find_account(const std::string& name) {
    if (auto found = look_up(::getpwnam_r, name.c_str())) return *std::move(found);
    return fail("there is no user " + name, "adduser --system --group --no-create-home " + name);
}

Account own_account() {
    auto known = look_up(::getpwuid_r, ::geteuid());
    return known ? *std::move(known)
                 : Account{std::to_string(::geteuid()), ::geteuid(), ::getegid()};
}

}  // namespace nearcast::base
