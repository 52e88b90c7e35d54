// SPDX-License-Identifier: Apache-2.0

#include "lab/unicast_server.h"

#include <string>
#include <vector>

#include "lab/lab_state.h"
#include "lab/pop_node.h"
#include "lab/process.h"

namespace nearcast::lab {

using base::Result;
using namespace std::chrono_literals;

Result<void> start_unicast_server(const Plan& plan, size_t router) {
    std::vector<std::string> arguments{program_path("nearcastd"), "--zones", paths::kZones,
                                       "--threads", "1"};
    for (const Network& network : plan.nodes[router].networks) {
        arguments.emplace_back("--listen");
        arguments.push_back(to_text(base::SocketAddress{network.address, kDnsPort}));
    }
    return start({.arguments = std::move(arguments),
                  .net_namespace = plan.nodes[router].net_namespace,
                  .log = paths::log(plan.router(router).name + "-nearcastd")});
}

Result<void> kill_unicast_server(const Plan& plan, size_t router) {
    std::vector<pid_t> pids;
    for (const ProcessInfo& process : inspect(plan.nodes[router].net_namespace)) {
        if (process.command.find("nearcastd") != std::string::npos) pids.push_back(process.pid);
    }
    if (pids.empty()) return base::fail("the unicast server does not run", "nearcast lab down");
    kill_and_wait(pids, 5s);
    return {};
}

}  // namespace nearcast::lab
