// SPDX-License-Identifier: Apache-2.0
//
// The interfaces whose queries come by AF_XDP, as serve.xdp or --xdp name them.

#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/address.h"
#include "serve/worker.h"
#include "server_process.h"
#include "xdp/port.h"

namespace nearcast::app {

// Opens the interfaces, gives their queues to the workers by turns, and tells in the log of each
// what came of it: an interface that cannot be opened is no reason not to serve. Needs rights that
// are given up later. What it returns is attached as long as it lives.
[[nodiscard]] std::vector<xdp::Port> open_ports(
    const ServerOptions& options, std::span<const std::unique_ptr<serve::Worker>> workers);

// The addresses that the kernel's filter is told of: those to answer on at port 53. In place of
// every address stand those that the machine has now.
[[nodiscard]] std::vector<base::IpAddress> xdp_services(
    std::span<const base::SocketAddress> listen);

}  // namespace nearcast::app
