// SPDX-License-Identifier: Apache-2.0

#include "join_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/account.h"
#include "base/fd.h"
#include "base/free_with.h"

namespace nearcast {

using base::Result;

Result<base::IpAddress> own_address_towards(const std::string& host, uint16_t port) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_DGRAM;
    addrinfo* found = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
    if (failed != 0) return base::fail("cannot find " + host + ": " + ::gai_strerror(failed));
    const std::unique_ptr<addrinfo, base::FreeWith<::freeaddrinfo>> owner(found);
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
        const base::Fd socket(::socket(each->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_storage own{};
        socklen_t size = sizeof own;
        if (socket && ::connect(socket.get(), each->ai_addr, each->ai_addrlen) == 0 &&
            ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own), &size) == 0) {
            return base::from_native(own).ip;
        }
    }
    return base::fail("there is no way from here to " + host, "--address ADDRESS:53");
}

Result<void> check_reachable(const base::SocketAddress& address) {
    // Farther away than any place on earth, a lost packet or two.
    constexpr int kPatienceMs = 5'000;
    const base::Fd socket(
        ::socket(address.ip.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const base::NativeAddress native(address);
    int error = 0;
    if (!socket || ::connect(socket.get(), native.data(), native.size()) != 0) error = errno;
    if (error == EINPROGRESS) {
        pollfd item{socket.get(), POLLOUT, 0};
        socklen_t size = sizeof error;
        error = ::poll(&item, 1, kPatienceMs) > 0 ? 0 : ETIMEDOUT;
        if (error == 0) ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return {};
    return base::fail_errno("cannot reach " + base::to_text(address), error);
}

Result<void> write_file(const std::string& path, const std::string& text, mode_t mode) {
    const std::string made = path + ".new";
    {
        const base::Fd file(::open(made.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
        if (!file) return base::fail_errno("cannot make " + made, errno);
        const auto size = static_cast<ssize_t>(text.size());
        if (::fchmod(file.get(), mode) != 0 ||
            ::write(file.get(), text.data(), text.size()) != size || ::fsync(file.get()) != 0) {
            return base::fail_errno("cannot write " + made, errno);
        }
    }
    if (::rename(made.c_str(), path.c_str()) != 0) {
        return base::fail_errno("cannot rename " + made, errno);
    }
    return {};
}

Result<void> make_directory(const std::string& path) {
    std::error_code failed;
    std::filesystem::create_directories(path, failed);
    if (failed) return base::fail("cannot make " + path + ": " + failed.message());
    if (::access(path.c_str(), W_OK | X_OK) == 0) return {};
    return base::fail_errno("cannot make files in " + path, errno);
}

Result<void> check_user(const std::string& user) {
    if (user.empty() || ::geteuid() != 0) return {};
    const auto account = base::find_account(user);
    return account ? Result<void>() : std::unexpected(account.error());
}

Result<void> check_program(const std::string& name, const std::string& hint) {
    const char* const variable = std::getenv("PATH");
    const std::string path = variable == nullptr ? "/bin:/usr/bin" : variable;
    for (size_t at = 0; at <= path.size();) {
        const size_t end = std::min(path.find(':', at), path.size());
        const std::string folder = path.substr(at, end - at);
        const std::string file = name.contains('/') ? name : folder + '/' + name;
        if (::access(file.c_str(), X_OK) == 0) return {};
        at = end + 1;
    }
    return base::fail("there is no program " + name + " here", hint);
}

Result<void> give_to(const std::string& path, const std::string& user) {
    if (user.empty() || ::geteuid() != 0) return {};
    const auto account = base::find_account(user);
    if (!account) return std::unexpected(account.error());
    if (::chown(path.c_str(), account->uid, account->gid) == 0) return {};
    return base::fail_errno("cannot give " + path + " to " + user, errno);
}

namespace {

std::vector<char*> pointers_to(const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    for (const std::string& argument : arguments) {
        pointers.push_back(const_cast<char*>(argument.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace

Result<void> run_program(const std::vector<std::string>& arguments) {
    pid_t child = 0;
    const int failed = ::posix_spawnp(&child, arguments.front().c_str(), nullptr, nullptr,
                                      pointers_to(arguments).data(), environ);
    if (failed != 0) return base::fail_errno("cannot run " + arguments.front(), failed);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    std::string command;
    for (const std::string& argument : arguments)
        command += (command.empty() ? "" : " ") + argument;
    return base::fail("this failed: " + command);
}

Result<void> become_program(const std::vector<std::string>& arguments) {
    ::execvp(arguments.front().c_str(), pointers_to(arguments).data());
    return base::fail_errno("cannot run " + arguments.front(), errno);
}

std::string path_of_program(const std::string& name) {
    std::error_code failed;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", failed);
    const auto beside = self.parent_path() / name;
    return !failed && std::filesystem::exists(beside, failed) ? beside.string() : name;
}

}  // namespace nearcast
