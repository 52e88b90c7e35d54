// SPDX-License-Identifier: Apache-2.0

#include "lab/netns.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nearcast::lab {

namespace {

using base::fail_errno;
using base::Fd;
using base::Result;

constexpr const char* kDirectory = "/run/netns";
constexpr const char* kOfThisThread = "/proc/thread-self/ns/net";

std::string path_of(const std::string& name) { return std::string(kDirectory) + '/' + name; }

// What two names of one namespace have in common.
std::optional<std::pair<dev_t, ino_t>> identify(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return std::pair(status.st_dev, status.st_ino);
}

}  // namespace

Result<void> prepare_namespaces() {
    if (::mkdir(kDirectory, 0755) != 0 && errno != EEXIST) return fail_errno(kDirectory, errno);
    // Shared, so that a name removed here does not live on in someone else's mount namespace.
    if (::mount("", kDirectory, "none", MS_SHARED | MS_REC, nullptr) == 0) return {};
    if (errno != EINVAL) return fail_errno("mount /run/netns", errno);
    if (::mount(kDirectory, kDirectory, "none", MS_BIND | MS_REC, nullptr) != 0 ||
        ::mount("", kDirectory, "none", MS_SHARED | MS_REC, nullptr) != 0) {
        return fail_errno("mount /run/netns", errno);
    }
    return {};
}

Result<void> create_namespace(const std::string& name) {
    const std::string path = path_of(name);
    const Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0));
    if (!file) return fail_errno(path, errno);
    if (::unshare(CLONE_NEWNET) != 0) {
        const int reason = errno;
        ::unlink(path.c_str());
        return fail_errno("make the network namespace " + name, reason);
    }
    if (::mount(kOfThisThread, path.c_str(), "none", MS_BIND, nullptr) != 0) {
        const int reason = errno;
        ::unlink(path.c_str());
        return fail_errno("mount " + path, reason);
    }
    return {};
}

void remove_namespace(const std::string& name) {
    const std::string path = path_of(name);
    ::umount2(path.c_str(), MNT_DETACH);
    ::unlink(path.c_str());
}

std::vector<std::string> namespaces_with(std::string_view prefix) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(kDirectory, ignored)) {
        const std::string name = entry.path().filename();
        if (name.starts_with(prefix)) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

std::vector<pid_t> processes_in_any(std::span<const std::string> names) {
    std::set<std::pair<dev_t, ino_t>> wanted;
    for (const std::string& name : names) {
        if (const auto identity = identify(path_of(name))) wanted.insert(*identity);
    }
    std::vector<pid_t> found;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        const std::string number = entry.path().filename();
        pid_t pid = 0;
        const auto parsed = std::from_chars(number.data(), number.data() + number.size(), pid);
        if (parsed.ec != std::errc()) continue;
        const auto identity = identify(entry.path() / "ns/net");
        if (identity && wanted.contains(*identity)) found.push_back(pid);
    }
    return found;
}

Result<NamespaceVisit> NamespaceVisit::enter(const std::string& name) {
    Fd home(::open(kOfThisThread, O_RDONLY | O_CLOEXEC));
    if (!home) return fail_errno(kOfThisThread, errno);
    if (auto done = move_into_namespace(name); !done) return std::unexpected(done.error());
    return NamespaceVisit(std::move(home));
}

NamespaceVisit::~NamespaceVisit() {
    // It cannot fail: the descriptor is open, and who could enter can leave.
    if (home_) static_cast<void>(::setns(home_.get(), CLONE_NEWNET));
}

Result<void> move_into_namespace(const std::string& name) {
    const Fd there(::open(path_of(name).c_str(), O_RDONLY | O_CLOEXEC));
    if (!there) return fail_errno("the namespace " + name, errno);
    if (::setns(there.get(), CLONE_NEWNET) != 0) return fail_errno("enter " + name, errno);
    return {};
}

}  // namespace nearcast::lab
