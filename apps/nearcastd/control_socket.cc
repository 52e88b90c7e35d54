// SPDX-License-Identifier: Apache-2.0

#include "control_socket.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace nearcast::app {
namespace {

using base::Fd;
using base::Result;

// Operators and their scripts, not a service: more at once is a mistake.
constexpr size_t kClientsMax = 16;
constexpr size_t kLineSizeMax = 4096;

// A reply with a failure for each of 100,000 zones fits; the kernel grants it from
// net.core.wmem_max.
constexpr int kSendBuffer = 4 << 20;

bool is_answered(const sockaddr_un& address) {
    const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return base::fail("control socket " + path + ": the path is longer than " +
                              std::to_string(sizeof address.sun_path - 1) + " bytes",
                          "a shorter run directory");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size());
    return address;
}

}  // namespace

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const std::string& path,
                                                           Handler handler) {
    const Result<sockaddr_un> address = address_of(path);
    if (!address) return std::unexpected(address.error());
    if (is_answered(*address)) {
        return base::fail("control socket " + path + ": another process answers there",
                          "stop it, or give this one a run directory of its own");
    }
    ::unlink(path.c_str());
    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!listener ||
        ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) !=
            0 ||
        ::chmod(path.c_str(), 0660) != 0 || ::listen(listener.get(), kClientsMax) != 0) {
        auto failed = base::fail_errno("control socket " + path, errno);
        failed.error().hint = "a directory that exists and that the server's user may write";
        return failed;
    }
    return std::unique_ptr<ControlSocket>(
        new ControlSocket(std::move(listener), path, std::move(handler)));
}

ControlSocket::ControlSocket(Fd listener, std::string path, Handler handler)
    : listener_(std::move(listener)), path_(std::move(path)), handler_(std::move(handler)) {}

ControlSocket::~ControlSocket() { ::unlink(path_.c_str()); }

void ControlSocket::append_to(std::vector<pollfd>& wait) const {
    wait.push_back({listener_.get(), POLLIN, 0});
    for (const Client& client : clients_) wait.push_back({client.socket.get(), POLLIN, 0});
}

void ControlSocket::handle(const std::vector<pollfd>& ready) {
    const auto is_ready = [&ready](int fd) {
        return std::ranges::any_of(
            ready, [fd](const pollfd& item) { return item.fd == fd && item.revents != 0; });
    };
    std::vector<ClientId> speaking;
    for (const Client& client : clients_) {
        if (is_ready(client.socket.get())) speaking.push_back(client.id);
    }
    for (const ClientId id : speaking) {
        if (!read_from(id)) std::erase_if(clients_, [id](const Client& c) { return c.id == id; });
    }
    if (is_ready(listener_.get())) accept_client();
}

void ControlSocket::accept_client() {
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket || clients_.size() >= kClientsMax) return;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
    clients_.push_back({next_id_++, std::move(socket), {}});
}

bool ControlSocket::read_from(ClientId id) {
    std::array<char, kLineSizeMax> room{};
    Client* client = find(id);
    const ssize_t got = ::recv(client->socket.get(), room.data(), room.size(), 0);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    client->input.append(room.data(), static_cast<size_t>(got));

    // A handler may reply, and a failed reply removes nobody: the pointer stays good.
    for (size_t end = 0; (end = client->input.find('\n')) != std::string::npos;) {
        const std::string line = client->input.substr(0, end);
        client->input.erase(0, end + 1);
        handler_(id, line);
    }
    return client->input.size() < kLineSizeMax;
}

// The reply goes out whole or the client is told nothing more: an operator's command that does not
// read what it asked for must not make the server wait.
void ControlSocket::reply(ClientId client, const std::string& line) {
    const Client* found = find(client);
    if (found == nullptr) return;
    const std::string framed = line + '\n';
    const ssize_t sent =
        ::send(found->socket.get(), framed.data(), framed.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != static_cast<ssize_t>(framed.size())) ::shutdown(found->socket.get(), SHUT_RDWR);
}

ControlSocket::Client* ControlSocket::find(ClientId id) {
    const auto found = std::ranges::find(clients_, id, &Client::id);
    return found == clients_.end() ? nullptr : &*found;
}

}  // namespace nearcast::app
