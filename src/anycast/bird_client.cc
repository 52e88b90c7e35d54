// SPDX-License-Identifier: Apache-2.0

#include "anycast/bird_client.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace nearcast::anycast {
namespace {

using base::Result;
using Lines = std::vector<std::string>;

// BIRD answers within milliseconds; while it loads a full table or dumps it, in a second or two.
constexpr std::chrono::seconds kReplyPatience{5};

// What a node exports is a handful of prefixes; anything near this is a leak, and is told as one.
constexpr size_t kReplyLinesMax = 10'000;

constexpr std::string_view kGracefulShutdown = "(65535,0)";

bool has_code(std::string_view line) {
    return line.size() > 4 &&
           std::all_of(line.begin(), line.begin() + 4,
                       [](unsigned char byte) { return std::isdigit(byte) != 0; }) &&
           (line[4] == ' ' || line[4] == '-');
}

bool is_up(const Lines& lines, const std::string& protocol) {
    return std::ranges::any_of(lines, [&](const std::string& line) {
        return line.starts_with(protocol + ' ') && line.contains("Established");
    });
}

// Routes begin at the left edge with their prefix, their attributes follow indented:
//   192.0.2.0/24         unicast [nc_live4 01:50:00.000] * (200)
//           BGP.community: (65535,0)
std::vector<Announcement> parse_routes(const Lines& lines) {
    std::vector<Announcement> found;
    for (const std::string& line : lines) {
        const auto prefix = base::parse_ip_prefix(line.substr(0, line.find(' ')));
        if (prefix) found.push_back({*prefix, false});
        if (!found.empty() && line.contains("BGP.community:") && line.contains(kGracefulShutdown)) {
            found.back().has_graceful_shutdown = true;
        }
    }
    return found;
}

}  // namespace

std::string bird_protocol_name(const std::string& neighbor) {
    std::string name = "bgp_" + neighbor;
    std::ranges::replace(name, '-', '_');
    return name;
}

Result<std::vector<NeighborRoutes>> BirdClient::read() {
    auto connection = BirdConnection::open(config_.control_socket);
    if (!connection) return std::unexpected(connection.error());
    const auto protocols = connection->ask("show protocols");
    if (!protocols) return std::unexpected(protocols.error());
    std::vector<NeighborRoutes> found;
    for (const Neighbor& neighbor : config_.neighbors) {
        const std::string protocol = bird_protocol_name(neighbor.name);
        NeighborRoutes& routes = found.emplace_back(neighbor.name, is_up(*protocols, protocol));
        if (!routes.is_established) continue;
        const auto lines = connection->ask("show route export " + protocol + " all");
        if (!lines) return std::unexpected(lines.error());
        routes.announced = parse_routes(*lines);
    }
    return found;
}

Result<BirdConnection> BirdConnection::open(const std::string& path) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    if (path.size() >= sizeof address.sun_path) {
        return base::fail("the path " + path + " is too long for a socket");
    }
    path.copy(address.sun_path, path.size());
    base::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const int reason = errno;
        auto failed = base::fail_errno("cannot reach BIRD at " + path, reason);
        if (reason == EACCES) failed.error().hint = "usermod -aG bird nearcast";
        return failed;
    }
    BirdConnection connection(std::move(fd));
    if (auto greeting = connection.read_reply(); !greeting) {
        return std::unexpected(greeting.error());
    }
    return connection;
}

Result<Lines> BirdConnection::ask(std::string_view command) {
    const std::string line = std::string(command) + '\n';
    if (send(fd_.get(), line.data(), line.size(), MSG_NOSIGNAL) != std::ssize(line)) {
        return base::fail_errno("cannot ask BIRD", errno);
    }
    return read_reply();
}

// "1007-text" opens a block, " text" continues it, "0000 text" ends the reply; codes from 8000 up
// are failures.
Result<Lines> BirdConnection::read_reply() {
    const base::Instant deadline = base::now() + kReplyPatience;
    Lines lines;
    for (size_t count = 0; count < kReplyLinesMax; ++count) {
        const auto line = read_line(deadline);
        if (!line) return std::unexpected(line.error());
        if (!has_code(*line)) {
            lines.push_back(line->starts_with(' ') ? line->substr(1) : *line);
            continue;
        }
        const std::string text = line->substr(5);
        if (line->front() >= '8') return base::fail("BIRD says: " + text);
        lines.push_back(text);
        if ((*line)[4] == ' ') return lines;
    }
    return base::fail("BIRD exports more than a node ever should");
}

Result<std::string> BirdConnection::read_line(base::Instant deadline) {
    for (;;) {
        if (const size_t end = received_.find('\n'); end != std::string::npos) {
            std::string line = received_.substr(0, end);
            received_.erase(0, end + 1);
            return line;
        }
        if (base::now() >= deadline) return base::fail("BIRD does not answer");
        pollfd waiting{.fd = fd_.get(), .events = POLLIN, .revents = 0};
        if (poll(&waiting, 1, 200) != 1) continue;
        std::array<char, 4096> room{};
        const ssize_t size = recv(fd_.get(), room.data(), room.size(), 0);
        if (size <= 0) return base::fail("BIRD closed the connection");
        received_.append(room.data(), static_cast<size_t>(size));
    }
}

}  // namespace nearcast::anycast
