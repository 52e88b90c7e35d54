// SPDX-License-Identifier: Apache-2.0

#include "privileges.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/account.h"
#include "base/fd.h"

namespace nearcast::app {
namespace {

using base::Account;
using base::fail_errno;
using base::Result;

Result<Account> target_account(const std::string& user) {
    auto found = base::find_account(user.empty() ? std::string(kDefaultUser) : user);
    if (!found && user.empty()) return base::own_account();
    return found;
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

// What stays. Who stays root still reads the zone files that root could read.
std::vector<cap_value_t> kept_by(const Account& account, Rights rights) {
    std::vector<cap_value_t> kept{CAP_NET_BIND_SERVICE};
    if (account.uid == 0) kept.push_back(CAP_DAC_READ_SEARCH);
    if (rights == Rights::PortsAndXdp) {
        kept.insert(kept.end(), {CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF});
    }
    return kept;
}

// Root's exec would gain everything again: the bounding set shrinks too.
void shrink_bounding_set(const std::vector<cap_value_t>& kept) {
    for (cap_value_t capability = 0; capability <= CAP_LAST_CAP; ++capability) {
        if (std::ranges::find(kept, capability) == kept.end()) (void)cap_drop_bound(capability);
    }
}

using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)>;

// A container may have been given less than root usually has.
bool is_permitted(cap_value_t capability) {
    const Capabilities state(cap_get_proc(), cap_free);
    cap_flag_value_t value = CAP_CLEAR;
    return state && cap_get_flag(state.get(), capability, CAP_PERMITTED, &value) == 0 &&
           value == CAP_SET;
}

Result<void> keep_only(std::vector<cap_value_t> kept) {
    std::erase_if(kept, [](cap_value_t capability) { return !is_permitted(capability); });
    const Capabilities state(cap_init(), cap_free);
    const int count = static_cast<int>(kept.size());
    for (const cap_flag_t set : {CAP_PERMITTED, CAP_EFFECTIVE, CAP_INHERITABLE}) {
        if (count > 0 && cap_set_flag(state.get(), set, count, kept.data(), CAP_SET) != 0) {
            return fail_errno("choose capabilities", errno);
        }
    }
    if (cap_set_proc(state.get()) != 0) return fail_errno("give up capabilities", errno);
    for (const cap_value_t capability : kept) {
        if (cap_set_ambient(capability, CAP_SET) != 0) {
            return fail_errno("hand on capabilities", errno);
        }
    }
    return {};
}

Result<std::string> drop_root(const std::string& user, Rights rights) {
    const Result<Account> account = target_account(user);
    if (!account) return std::unexpected(account.error());
    const std::vector<cap_value_t> kept = kept_by(*account, rights);
    shrink_bounding_set(kept);
    if (const Result<void> became = become(*account); !became) {
        return std::unexpected(became.error());
    }
    if (const Result<void> given_up = keep_only(kept); !given_up) {
        return std::unexpected(given_up.error());
    }
    return account->name;
}

Result<std::string> drop_own(Rights rights) {
    const Account own = base::own_account();
    if (const Result<void> given_up = keep_only(kept_by(own, rights)); !given_up) {
        return std::unexpected(given_up.error());
    }
    return own.name;
}

std::string first_unreadable(const std::string& directory) {
    std::error_code error;
    for (std::filesystem::directory_iterator item(directory, error), end; !error && item != end;
         item.increment(error)) {
        if (access(item->path().c_str(), R_OK) != 0) return item->path();
    }
    return error ? directory : std::string();
}

// Writes what cannot be read, if anything. Runs in a child, since credentials do not come back.
[[noreturn]] void look_as(const Account& account, const std::string& directory,
                          const base::Fd& answer) {
    const std::string path = become(account) ? first_unreadable(directory) : directory;
    const auto size = static_cast<ssize_t>(path.size());
    _exit(write(answer.get(), path.data(), path.size()) == size ? 0 : 1);
}

// The first path in `directory`, or itself, that this account cannot read; empty: it can read all.
std::string unreadable_for(const Account& account, const std::string& directory) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return directory;
    const base::Fd question(ends[0]);
    base::Fd answer(ends[1]);
    const pid_t child = fork();
    if (child == 0) look_as(account, directory, answer);
    answer = {};
    std::array<char, PATH_MAX> path{};
    const ssize_t size = read(question.get(), path.data(), path.size());
    int status = 1;
    const bool is_told = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                         WEXITSTATUS(status) == 0 && size >= 0;
    return is_told ? std::string(path.data(), static_cast<size_t>(size)) : directory;
}

}  // namespace

UsualUser usual_user(const std::string& directory) {
    const Account own = base::own_account();
    if (geteuid() != 0) return {own.name};
    const Result<Account> wanted = base::find_account(std::string(kDefaultUser));
    if (!wanted) return {own.name};
    std::string unreadable = unreadable_for(*wanted, directory);
    if (unreadable.empty()) return {wanted->name};
    return {own.name, std::move(unreadable)};
}

Result<std::string> drop_privileges(const std::string& user, Rights rights) {
    const Result<std::string> name = geteuid() == 0 ? drop_root(user, rights) : drop_own(rights);
    if (!name) return name;
    // Changing the user cleared both; see the header for why the process stays dumpable.
    if (prctl(PR_SET_DUMPABLE, 1) != 0) return fail_errno("stay dumpable", errno);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail_errno("forbid privileges", errno);
    return name;
}

}  // namespace nearcast::app
