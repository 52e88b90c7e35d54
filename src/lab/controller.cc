// SPDX-License-Identifier: Apache-2.0

#include "lab/controller.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <sstream>

#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret_file.h"
#include "lab/door.h"
#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/netlink.h"
#include "lab/netns.h"
#include "lab/pop_node.h"
#include "lab/process.h"
#include "lab/router_setup.h"

namespace nearcast::lab {

namespace {

using base::fail;
using base::Fd;
using base::Instant;
using base::Result;
using namespace std::chrono_literals;

constexpr uint16_t kApiPort = 8053;
constexpr uint16_t kPrimaryPort = 853;
// It makes its database, some keys and certificates.
constexpr auto kPatience = 30s;
constexpr auto kPoll = 10ms;

const std::string kState = paths::kControl + "/state";
const std::string kLogName = "control";

std::string list_of(const std::vector<Network>& networks, bool wants_prefixes) {
    std::string list;
    for (const Network& network : networks) {
        const std::string text =
            wants_prefixes ? to_text(network.prefix) : to_text(network.address);
        list += (list.empty() ? "\"" : ", \"") + text + '"';
    }
    return '[' + list + ']';
}

std::string control_toml(const Plan& plan) {
    const std::string api = to_text(controller_api());
    const std::string primary = to_text(base::SocketAddress{controller_address(), kPrimaryPort});
    std::ostringstream out;
    out << "# The controller of the lab, written by nearcast lab.\n[control]\nname = \"lab\"\n"
        << "directory = \"" << kState << "\"\n"
        << "\n[api]\nlisten = \"" << api << "\"\n"
        << "\n[serve]\ntls_listen = [\"" << primary << "\"]\n"
        << "\n[network]\nurl = \"https://" << api << "\"\nprimaries = [\"" << primary
        << "\"]\nprefixes = " << list_of(plan.service, true)
        << "\naddresses = " << list_of(plan.service, false) << "\nasn = " << kAnycastAsn
        << "\nimport = \"all\"\nbfd_interval = \"" << plan.topology.bfd_interval.count()
        << "ms\"\n"
        // The zones of a lab have no parents that could be asked.
        << "\n[signing]\nresolvers = []\n";
    return out.str();
}

bool is_listening() {
    const auto visit = NamespaceVisit::enter(kControlNamespace);
    if (!visit) return false;
    const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const base::NativeAddress address(controller_api());
    return socket && ::connect(socket.get(), address.data(), address.size()) == 0;
}

bool is_running() {
    return std::ranges::any_of(inspect(kControlNamespace), [](const ProcessInfo& process) {
        return process.command.contains("nearcast-control");
    });
}

// Until `is_there`, unless the program has ended before.
Result<void> wait_for(const std::string& program, const std::function<bool()>& is_there,
                      const std::function<bool()>& has_ended) {
    const Instant deadline = base::now() + kPatience;
    while (!is_there()) {
        if (has_ended() || base::now() > deadline) {
            return fail(program + " is not ready: " + read_text(paths::log(program)).value_or(""));
        }
        ::usleep(std::chrono::microseconds(kPoll).count());
    }
    return {};
}

Result<void> write_context() {
    const auto url = controller_url();
    const auto key = read_text(kState + "/admin.key");
    if (!url || !key) return std::unexpected(url ? key.error() : url.error());
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(paths::kContexts).parent_path(),
                                        error);
    return base::write_secret_file(
        paths::kContexts,
        "# The controller of the lab that is up.\ncurrent = \"" + std::string(kContextName) +
            "\"\n\n[[context]]\nname = \"" + kContextName + "\"\nurl = \"" + *url + "\"\nkey = \"" +
            key->substr(0, key->find('\n')) + "\"\nca = \"" + kState + "/api.pem\"\n");
}

}  // namespace

Result<void> make_controller_namespace() {
    if (auto done = make_namespace(kControlNamespace); !done) return done;
    auto netlink = Netlink::open();
    if (!netlink) return std::unexpected(netlink.error());
    const base::IpAddress own = controller_address();
    return netlink->add_address("lo", own, static_cast<uint8_t>(own.bits()));
}

Result<void> connect_controller(const Plan& plan, size_t pop) {
    if (auto done = move_into_namespace(kControlNamespace); !done) return done;
    auto netlink = Netlink::open();
    if (!netlink) return std::unexpected(netlink.error());
    const std::string device = "to-" + plan.router(pop).name;
    if (auto done = netlink->bring_up(device); !done) return done;
    return netlink->add_peer(device, controller_address(), plan.nodes[pop].management);
}

Result<void> start_controller(const Plan& plan) {
    std::error_code error;
    std::filesystem::create_directories(paths::kControl, error);
    const std::string config = paths::kControl + "/control.toml";
    if (auto done = write_text(config, control_toml(plan)); !done) return done;
    return start({.arguments = {program_path("nearcast-control"), "--config", config},
                  .net_namespace = kControlNamespace,
                  .log = paths::log(kLogName)});
}

Result<void> await_controller() {
    const auto is_gone = [] { return !is_running(); };
    if (auto done = wait_for(kLogName, is_listening, is_gone); !done) return done;
    // Its socket is the host's: it goes into the namespace of the controller by itself.
    const std::string door = "door";
    if (auto done = start({.arguments = {program_path("nearcast"), "lab", door},
                           .net_namespace = {},
                           .log = paths::log(door)});
        !done) {
        return done;
    }
    const auto is_open = [] { return std::filesystem::exists(kDoorPortFile); };
    // It writes nothing unless it fails.
    const auto has_spoken = [&door] { return !read_text(paths::log(door)).value_or("").empty(); };
    if (auto done = wait_for(door, is_open, has_spoken); !done) return done;
    return write_context();
}

base::SocketAddress controller_api() { return {controller_address(), kApiPort}; }

Result<std::string> controller_url() {
    const auto port = read_text(kDoorPortFile);
    if (!port) return port;
    return "https://127.0.0.1:" + *port;
}

Result<std::string> run_nearcast(const std::vector<std::string>& words) {
    std::vector<std::string> arguments{program_path("nearcast")};
    arguments.insert(arguments.end(), words.begin(), words.end());
    return run(arguments, {"XDG_CONFIG_HOME=" + paths::kRoot,
                           std::string("NEARCAST_CONTEXT=") + kContextName});
}

}  // namespace nearcast::lab
