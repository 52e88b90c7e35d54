// SPDX-License-Identifier: Apache-2.0

#include "anycast/frr_client.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#include <nlohmann/json.hpp>

namespace nearcast::anycast {
namespace {

using base::Fd;
using base::Result;
using nlohmann::json;

// vtysh connects to each daemon in turn; one that hangs holds it up.
constexpr std::chrono::seconds kVtyshPatience{5};
constexpr size_t kOutputSizeMax = 4 << 20;

// Routes to a neighbour that are looked at, each by a vtysh of its own. More is a leak, and shows
// as one all the same.
constexpr size_t kRoutesMax = 16;

struct Output {
    Fd read_end;
    Fd write_end;
};

Result<Output> make_pipe() {
    int ends[2] = {-1, -1};
    if (pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno("cannot make a pipe", errno);
    return Output{Fd(ends[0]), Fd(ends[1])};
}

std::string read_all(const Fd& fd) {
    const base::Instant deadline = base::now() + kVtyshPatience;
    std::string text;
    while (base::now() < deadline && text.size() < kOutputSizeMax) {
        pollfd waiting{.fd = fd.get(), .events = POLLIN, .revents = 0};
        if (poll(&waiting, 1, 200) != 1) continue;
        std::array<char, 4096> room{};
        const ssize_t size = read(fd.get(), room.data(), room.size());
        if (size <= 0) break;
        text.append(room.data(), static_cast<size_t>(size));
    }
    return text;
}

Result<std::string> run_vtysh(const std::string& directory, const std::string& command) {
    auto output = make_pipe();
    if (!output) return std::unexpected(output.error());
    std::vector<std::string> texts = {"vtysh", "--vty_socket", directory, "-c", command};
    std::vector<char*> arguments;
    for (std::string& text : texts) arguments.push_back(text.data());
    arguments.push_back(nullptr);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, output->write_end.get(), STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, "vtysh", &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) return base::fail_errno("cannot run vtysh", error);

    output->write_end.reset();
    std::string text = read_all(output->read_end);
    kill(pid, SIGKILL);  // Our own child, not reaped yet: the number is still its own.
    waitpid(pid, nullptr, 0);
    return text;
}

json parse(const Result<std::string>& text) {
    return text ? json::parse(*text, nullptr, false) : json();
}

// FRR 8 lists what it advertises without communities; these are in the route itself, where our
// configuration sets them.
bool has_graceful_shutdown(const json& route) {
    if (!route.is_object()) return false;
    for (const json& path : route.value("paths", json::array())) {
        const json community = path.value("community", json::object());
        if (path.contains("bestpath") &&
            community.value("string", "").contains("graceful-shutdown")) {
            return true;
        }
    }
    return false;
}

}  // namespace

FrrClient::FrrClient(const RoutingConfig& config)
    : config_(config), vtysh_([&config](const std::string& command) {
          return run_vtysh(config.control_socket, command);
      }) {}

Result<std::vector<NeighborRoutes>> FrrClient::read() {
    std::vector<NeighborRoutes> found;
    // Another version of FRR may give a value another type; the guard must not die of that.
    try {
        for (const Neighbor& neighbor : config_.neighbors) {
            NeighborRoutes& routes = found.emplace_back(neighbor.name);
            if (auto done = read_neighbor(neighbor, routes); !done) {
                return std::unexpected(done.error());
            }
        }
    } catch (const json::exception& problem) {
        return base::fail(std::string("vtysh gives something unexpected: ") + problem.what());
    }
    return found;
}

Result<void> FrrClient::read_neighbor(const Neighbor& neighbor, NeighborRoutes& routes) {
    const std::string address = to_text(neighbor.address);
    const std::string family = neighbor.address.is_v6 ? "ipv6" : "ipv4";
    const json state = parse(vtysh_("show bgp neighbors " + address + " json"));
    if (!state.is_object()) return base::fail("vtysh gives no state of " + address);
    routes.is_established =
        state.contains(address) && state[address].value("bgpState", "") == "Established";
    if (!routes.is_established) return {};

    const std::string show = "show bgp " + family + " unicast ";
    const json table = parse(vtysh_(show + "neighbors " + address + " advertised-routes json"));
    if (!table.is_object()) return base::fail("vtysh gives no routes to " + address);
    const json advertised = table.value("advertisedRoutes", json::object());
    for (const auto& [text, route] : advertised.items()) {
        const auto prefix = base::parse_ip_prefix(text);
        if (!prefix || routes.announced.size() >= kRoutesMax) continue;
        routes.announced.push_back(
            {*prefix, has_graceful_shutdown(parse(vtysh_(show + text + " json")))});
    }
    return {};
}

}  // namespace nearcast::anycast
