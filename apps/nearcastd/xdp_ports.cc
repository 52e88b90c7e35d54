// SPDX-License-Identifier: Apache-2.0

#include "xdp_ports.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <ifaddrs.h>
#include <net/if.h>

#include "base/log.h"
#include "serve/listen_address.h"

namespace nearcast::app {
namespace {

using base::IpAddress;
using base::Result;
namespace log = base::log;

using Workers = std::span<const std::unique_ptr<serve::Worker>>;

void add_machine_addresses(bool is_v6, std::vector<IpAddress>& services) {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return;
    const std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> owner(all, ::freeifaddrs);
    const int family = is_v6 ? AF_INET6 : AF_INET;
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != family) continue;
        sockaddr_storage native{};
        std::memcpy(&native, each->ifa_addr, is_v6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
        services.push_back(base::from_native(native).ip);
    }
}

void tell_unavailable(const std::string& interface, const base::Error& error) {
    log::warning("xdp_unavailable", {{"interface", interface},
                                     {"reason", error.message},
                                     {"try", error.hint},
                                     {"next", "its queries are answered over sockets"}});
}

void tell_serving(const xdp::Port& port, size_t services, bool is_busy_polling) {
    const bool is_zero_copy = std::ranges::all_of(
        port.queues, [](const xdp::Queue& queue) { return queue.is_zero_copy(); });
    if (port.mode == xdp::Mode::Generic) {
        log::warning("xdp_generic", {{"interface", port.interface.name},
                                     {"reason", port.why_generic},
                                     {"next", "XDP runs behind the driver, which is slower"}});
    }
    log::info("xdp_serving", {{"interface", port.interface.name},
                              {"mode", port.mode == xdp::Mode::Native ? "native" : "generic"},
                              {"frames", is_zero_copy ? "zero-copy" : "copied"},
                              {"queues", std::to_string(port.queues.size())},
                              {"addresses", std::to_string(services)},
                              {"busy_polling", is_busy_polling ? "yes" : "no"}});
}

void hand_out(xdp::Port& port, Workers workers, size_t& turn) {
    for (xdp::Queue& queue : port.queues) {
        workers[turn++ % workers.size()]->take_queue(std::move(queue));
    }
    port.queues.clear();
}

}  // namespace

std::vector<IpAddress> xdp_services(std::span<const base::SocketAddress> listen) {
    std::vector<IpAddress> services;
    for (const base::SocketAddress& address : listen) {
        if (address.port != serve::kDnsPort) continue;
        if (serve::is_wildcard(address)) {
            add_machine_addresses(address.ip.is_v6, services);
        } else {
            services.push_back(address.ip);
        }
    }
    std::ranges::sort(services);
    services.erase(std::ranges::unique(services).begin(), services.end());
    return services;
}

std::vector<xdp::Port> open_ports(const ServerOptions& options, Workers workers) {
    const std::vector<IpAddress> services = xdp_services(options.listen);
    std::vector<xdp::Port> ports;
    size_t turn = 0;
    for (const std::string& interface : options.serve.xdp) {
        if (services.empty()) {
            tell_unavailable(interface, {"no address to answer on has port 53",
                                         "listen on port 53: XDP takes nothing else"});
            continue;
        }
        Result<xdp::Port> port = xdp::open_port({.interface = interface,
                                                 .services = services,
                                                 .is_busy_polling = options.serve.xdp_busy_poll});
        if (!port) {
            tell_unavailable(interface, port.error());
            continue;
        }
        tell_serving(*port, services.size(), options.serve.xdp_busy_poll);
        hand_out(*port, workers, turn);
        ports.push_back(*std::move(port));
    }
    return ports;
}

}  // namespace nearcast::app
