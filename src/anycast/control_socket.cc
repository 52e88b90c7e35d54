// SPDX-License-Identifier: Apache-2.0

#include "anycast/control_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace nearcast::anycast {
namespace {

using base::Fd;
using base::Instant;
using nlohmann::json;

constexpr size_t kClientsMax = 16;    // A person and some monitoring; more is a mistake.
constexpr size_t kLineSizeMax = 512;  // A command is a word.
constexpr std::chrono::seconds kClientPatience{5};

base::Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    if (path.size() >= sizeof address.sun_path) {
        return base::fail("the path " + path + " is too long for a socket",
                          "a shorter run_directory");
    }
    path.copy(address.sun_path, path.size());
    return address;
}

void send_line(const Fd& fd, std::string line) {
    line += '\n';
    (void)!send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace

base::Result<ControlSocket> ControlSocket::open(const std::string& path, Answer answer) {
    const auto address = address_of(path);
    if (!address) return std::unexpected(address.error());
    Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    unlink(path.c_str());
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
        chmod(path.c_str(), 0600) != 0 || listen(listener.get(), kClientsMax) != 0) {
        return base::fail_errno("cannot listen on " + path, errno);
    }
    return ControlSocket(std::move(listener), std::move(answer));
}

void ControlSocket::serve(base::Duration patience) {
    std::vector<pollfd> waiting = {{.fd = listener_.get(), .events = POLLIN, .revents = 0}};
    for (const Client& client : clients_) {
        waiting.push_back({.fd = client.fd.get(), .events = POLLIN, .revents = 0});
    }
    const auto timeout = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
    if (poll(waiting.data(), waiting.size(), static_cast<int>(timeout)) <= 0) {
        for (pollfd& each : waiting) each.revents = 0;
    }
    const Instant now = base::now();
    for (size_t i = clients_.size(); i-- > 0;) {
        const bool is_done =
            waiting[i + 1].revents != 0 ? !read_client(clients_[i]) : now >= clients_[i].deadline;
        if (is_done) clients_.erase(clients_.begin() + static_cast<ptrdiff_t>(i));
    }
    if (waiting[0].revents != 0) accept_client();
}

void ControlSocket::accept_client() {
    Fd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd || clients_.size() >= kClientsMax) return;
    clients_.push_back({std::move(fd), "", base::now() + kClientPatience});
}

bool ControlSocket::read_client(Client& client) {
    std::array<char, kLineSizeMax> room{};
    const ssize_t size = recv(client.fd.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    client.received.append(room.data(), static_cast<size_t>(size));
    for (size_t end = 0; (end = client.received.find('\n')) != std::string::npos;) {
        send_line(client.fd, reply_to(client.received.substr(0, end)));
        client.received.erase(0, end + 1);
        client.deadline = base::now() + kClientPatience;
    }
    return client.received.size() <= kLineSizeMax;
}

std::string ControlSocket::reply_to(const std::string& line) {
    const json request = json::parse(line, nullptr, false);
    if (!request.is_object() || !request.contains("command") || !request["command"].is_string()) {
        return control_error({"not a command", "{\"command\": \"status\"}"});
    }
    return answer_(request["command"].get<std::string>());
}

base::Result<std::string> ask_control(const std::string& path, std::string_view command,
                                      base::Duration patience) {
    const auto address = address_of(path);
    if (!address) return std::unexpected(address.error());
    const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0) {
        const int reason = errno;
        auto failed = base::fail_errno("cannot reach nearcastd at " + path, reason);
        failed.error().hint = reason == EACCES ? "run this as root or as the node's user"
                                               : "systemctl status nearcast";
        return failed;
    }
    send_line(fd, json{{"command", command}}.dump());
    const Instant deadline = base::now() + patience;
    for (std::string received; base::now() < deadline;) {
        pollfd waiting{.fd = fd.get(), .events = POLLIN, .revents = 0};
        if (poll(&waiting, 1, 100) == 0) continue;
        std::array<char, 4096> room{};
        const ssize_t size = recv(fd.get(), room.data(), room.size(), 0);
        if (size <= 0) break;
        received.append(room.data(), static_cast<size_t>(size));
        if (received.ends_with('\n')) return received.substr(0, received.size() - 1);
    }
    return base::fail("nearcastd at " + path + " did not answer", "journalctl -u nearcast");
}

std::string control_ok() { return json{{"ok", true}}.dump(); }

std::string control_error(const base::Error& error) {
    return json{{"error", error.message}, {"try", error.hint}}.dump();
}

base::Result<void> check_control_answer(const std::string& line) {
    const json answer = json::parse(line, nullptr, false);
    if (!answer.is_object()) return base::fail("nearcastd answered something unexpected: " + line);
    if (!answer.contains("error")) return {};
    return base::fail(answer.value("error", ""), answer.value("try", ""));
}

}  // namespace nearcast::anycast
