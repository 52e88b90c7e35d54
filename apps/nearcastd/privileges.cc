// SPDX-License-Identifier: Apache-2.0

#include "privileges.h"

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace nearcast::app {
namespace {

using base::fail;
using base::fail_errno;
using base::Result;

struct Account {
    std::string name;
    uid_t uid = 0;
    gid_t gid = 0;
};

template <typename Lookup, typename Key>
std::optional<Account> look_up(Lookup lookup, Key key) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> room{};
    if (lookup(key, &entry, room.data(), room.size(), &found) != 0 || found == nullptr) {
        return std::nullopt;
    }
    return Account{entry.pw_name, entry.pw_uid, entry.pw_gid};
}

Account own_account() {
    const std::optional<Account> known = look_up(getpwuid_r, geteuid());
    return known ? *known : Account{std::to_string(geteuid()), geteuid(), getegid()};
}

Result<Account> target_account(const std::string& user) {
    const std::string name(user.empty() ? kDefaultUser : user);
    if (std::optional<Account> found = look_up(getpwnam_r, name.c_str())) return *found;
    if (user.empty()) return own_account();
    return fail("user " + user + " does not exist", "useradd --system " + user);
}

Result<void> become(const Account& account) {
    if (account.uid == geteuid()) return {};
    if (prctl(PR_SET_KEEPCAPS, 1) != 0) return fail_errno("keep capabilities", errno);
    if (initgroups(account.name.c_str(), account.gid) != 0 ||
        setresgid(account.gid, account.gid, account.gid) != 0 ||
        setresuid(account.uid, account.uid, account.uid) != 0) {
        return fail_errno("become user " + account.name, errno);
    }
    return {};
}

// Root's exec would gain everything again: the bounding set shrinks too.
void shrink_bounding_set() {
    for (cap_value_t capability = 0; capability <= CAP_LAST_CAP; ++capability) {
        if (capability != CAP_NET_BIND_SERVICE) (void)cap_drop_bound(capability);
    }
}

using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)>;

// A container may have been given less than root usually has.
bool may_bind_service() {
    const Capabilities state(cap_get_proc(), cap_free);
    cap_flag_value_t value = CAP_CLEAR;
    return state && cap_get_flag(state.get(), CAP_NET_BIND_SERVICE, CAP_PERMITTED, &value) == 0 &&
           value == CAP_SET;
}

Result<void> keep_only_bind_service() {
    const Capabilities state(cap_init(), cap_free);
    const cap_value_t kept = CAP_NET_BIND_SERVICE;
    if (!may_bind_service()) {
        if (cap_set_proc(state.get()) != 0) return fail_errno("give up capabilities", errno);
        return {};
    }
    for (const cap_flag_t set : {CAP_PERMITTED, CAP_EFFECTIVE, CAP_INHERITABLE}) {
        if (cap_set_flag(state.get(), set, 1, &kept, CAP_SET) != 0) {
            return fail_errno("choose capabilities", errno);
        }
    }
    if (cap_set_proc(state.get()) != 0) return fail_errno("give up capabilities", errno);
    if (cap_set_ambient(kept, CAP_SET) != 0) return fail_errno("hand on capabilities", errno);
    return {};
}

Result<std::string> drop_root(const std::string& user) {
    const Result<Account> account = target_account(user);
    if (!account) return std::unexpected(account.error());
    shrink_bounding_set();
    if (const Result<void> became = become(*account); !became) {
        return std::unexpected(became.error());
    }
    if (const Result<void> kept = keep_only_bind_service(); !kept) {
        return std::unexpected(kept.error());
    }
    return account->name;
}

}  // namespace

Result<std::string> drop_privileges(const std::string& user) {
    Result<std::string> name = own_account().name;
    if (geteuid() == 0) name = drop_root(user);
    if (!name) return name;
    // Changing the user cleared both; see the header for why the process stays dumpable.
    if (prctl(PR_SET_DUMPABLE, 1) != 0) return fail_errno("stay dumpable", errno);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("forbid privileges", errno);
    return name;
}

}  // namespace nearcast::app
