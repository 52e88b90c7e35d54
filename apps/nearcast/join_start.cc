// SPDX-License-Identifier: Apache-2.0

#include "join_start.h"

#include <cerrno>
#include <filesystem>
#include <iterator>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "anycast/bird_client.h"
#include "anycast/frr_daemons.h"
#include "anycast/node_setup.h"
#include "anycast/routing_config.h"
#include "base/fd.h"
#include "base/read_file.h"
#include "join_files.h"
#include "service_unit.h"

namespace nearcast {
namespace {

using anycast::NodeConfig;
using anycast::RoutingDaemonKind;
using base::Result;
namespace fs = std::filesystem;

constexpr const char* kSystemdDirectory = "/run/systemd/system";  // There where it runs.
constexpr const char* kUnitFile = "/etc/systemd/system/nearcast.service";
constexpr const char* kPackagedUnitFile = "/lib/systemd/system/nearcast.service";

// The service addresses stay on lo from now on; making that permanent is the system's business.
Result<void> add_addresses(const NodeConfig& config) {
    for (const base::SocketAddress& address : config.service_addresses()) {
        const auto done = run_program(
            {"ip", "address", "replace",
             base::to_text(address.ip) + '/' + std::to_string(address.ip.bits()), "dev", "lo"});
        if (!done) return done;
    }
    return {};
}

// Of a configuration that the daemon's own program finds right; the old one stays beside it.
Result<void> replace_checked(const std::string& path, const std::string& text,
                             const std::string& owner, std::vector<std::string> check) {
    const std::string candidate = path + ".joined";
    if (auto done = write_file(candidate, text, 0640); !done) return done;
    if (auto done = give_to(candidate, owner); !done) return done;
    check.push_back(candidate);
    if (auto done = run_program(check); !done) return done;
    std::error_code error;
    fs::copy_file(path, path + ".before", error);  // One that is there is the operator's own.
    error.clear();
    fs::rename(candidate, path, error);
    if (error) return base::fail("cannot rename " + candidate + ": " + error.message());
    return {};
}

// The guard reads back what the daemon announces: its sockets are for a group.
Result<void> admit(const NodeConfig& config, const std::string& group, const StartPlace& place) {
    if (place.is_foreground) return {};
    return run_program({"usermod", "--append", "--groups", group, config.user});
}

// One that runs takes the file by itself; one that does not is started.
Result<void> tell_bird(const NodeConfig& config, const StartPlace& place) {
    auto bird = anycast::BirdConnection::open(config.routing.control_socket);
    if (!bird && place.is_foreground) return base::within("BIRD does not run", bird.error());
    if (!bird) return run_program({"systemctl", "enable", "--now", "bird"});
    const auto answer = bird->ask("configure");
    if (!answer) return base::within("BIRD", answer.error());
    return place.is_foreground ? Result<void>{} : run_program({"systemctl", "enable", "bird"});
}

Result<void> set_up_bird(const NodeConfig& config, const StartPlace& place) {
    auto done = replace_checked(place.bird_config, anycast::render_bird_config(config), "bird",
                                {"bird", "-p", "-c"});
    if (done) done = admit(config, "bird", place);
    return done ? tell_bird(config, place) : done;
}

Result<void> enable_frr_daemons(const std::string& path) {
    const auto text = base::read_file(path);
    if (!text) return base::fail(text.error().message, "apt-get install frr");
    const std::string enabled = anycast::with_frr_daemons(*text);
    if (enabled == *text) return {};
    if (auto done = write_file(path, enabled, 0640); !done) return done;
    return give_to(path, "frr");
}

// A daemon that was off is started by nothing less than a restart.
Result<void> set_up_frr(const NodeConfig& config, const StartPlace& place) {
    Result<void> done = enable_frr_daemons(place.frr_directory + "/daemons");
    if (done) {
        done = replace_checked(place.frr_directory + "/frr.conf",
                               anycast::render_frr_config(config), "frr", {"vtysh", "-C", "-f"});
    }
    if (done) done = admit(config, "frrvty", place);
    if (!done) return done;
    if (place.is_foreground) return run_program({"vtysh", "-b"});
    done = run_program({"systemctl", "enable", "frr"});
    return done ? run_program({"systemctl", "restart", "frr"}) : done;
}

Result<void> set_up_routing(const NodeConfig& config, const StartPlace& place) {
    switch (config.routing.daemon) {
        case RoutingDaemonKind::Bird:
            return set_up_bird(config, place);
        case RoutingDaemonKind::Frr:
            return set_up_frr(config, place);
        case RoutingDaemonKind::None:
            break;
    }
    return {};
}

// The package brings a unit for the usual places; programs or files elsewhere need one of their
// own.
Result<void> start_service(const NodeConfig& config) {
    const UnitPlace unit{.command = path_of_program("nearcast"),
                         .server = path_of_program("nearcastd"),
                         .config = config.path,
                         .user = config.user,
                         .state_directory = config.state_directory,
                         .run_directory = config.run_directory};
    if (!is_as_packaged(unit) || ::access(kPackagedUnitFile, F_OK) != 0) {
        if (auto done = write_file(kUnitFile, render_unit(unit), 0644); !done) return done;
        if (auto done = run_program({"systemctl", "daemon-reload"}); !done) return done;
    }
    return run_program({"systemctl", "enable", "--now", "nearcast"});
}

}  // namespace

Result<void> check_start(const std::string& daemon, const StartPlace& place) {
    if (::geteuid() != 0) return base::fail("starting a node needs root", "sudo, or --no-start");
    if (!place.is_foreground && ::access(kSystemdDirectory, F_OK) != 0) {
        return base::fail("systemd does not run here, which is to start the node",
                          "--foreground, with the routing daemon running, or --no-start");
    }
    const std::string tun = NodeConfig().tun;
    if (const base::Fd device(::open(tun.c_str(), O_RDWR | O_CLOEXEC)); !device) {
        auto failed = base::fail_errno("the signals to the routing daemon need " + tun, errno);
        failed.error().hint = "modprobe tun; in a container: give it the device, and NET_ADMIN";
        return failed;
    }
    if (daemon == "bird") return check_program("bird", "apt-get install bird2");
    if (daemon == "frr") return check_program("vtysh", "apt-get install frr");
    return {};
}

Result<void> set_up_machine(const NodeConfig& config, const StartPlace& place) {
    Result<void> done = add_addresses(config);
    if (done) done = anycast::prepare_node(config);
    return done ? set_up_routing(config, place) : done;
}

Result<void> start_node(const NodeConfig& config, const StartPlace& place) {
    const std::string server = path_of_program("nearcastd");
    auto done = place.is_foreground ? become_program({server, "--config", config.path})
                                    : start_service(config);
    if (done) return done;
    done.error().message += "\n  this server has joined, and only its start is missing";
    done.error().hint = place.is_foreground
                            ? server + " --config " + config.path
                            : "systemctl status nearcast tells why; once that is mended "
                              "systemctl enable --now nearcast";
    return done;
}

}  // namespace nearcast
