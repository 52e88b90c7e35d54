// SPDX-License-Identifier: Apache-2.0
//
// Reads from BIRD 2, over its control socket, what it exports to our neighbours.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anycast/routing_daemon.h"
#include "base/clock.h"
#include "base/fd.h"

namespace nearcast::anycast {

// The name of a neighbour's protocol in BIRD's configuration, which knows no hyphens.
[[nodiscard]] std::string bird_protocol_name(const std::string& neighbor);

class BirdClient : public RoutingDaemon {
 public:
    // `config` must outlive it.
    explicit BirdClient(const RoutingConfig& config) : config_(config) {}

    [[nodiscard]] base::Result<std::vector<NeighborRoutes>> read() override;

 private:
    const RoutingConfig& config_;
};

// One connection to a control socket. Each command has seconds to be answered.
class BirdConnection {
 public:
    [[nodiscard]] static base::Result<BirdConnection> open(const std::string& path);

    // The lines of the reply, without their codes. Fails with BIRD's words on a code of 8000 up.
    [[nodiscard]] base::Result<std::vector<std::string>> ask(std::string_view command);

 private:
    explicit BirdConnection(base::Fd fd) : fd_(std::move(fd)) {}
    [[nodiscard]] base::Result<std::string> read_line(base::Instant deadline);
    [[nodiscard]] base::Result<std::vector<std::string>> read_reply();

    base::Fd fd_;
    std::string received_;
};

}  // namespace nearcast::anycast
