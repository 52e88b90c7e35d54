// SPDX-License-Identifier: Apache-2.0

#include "lab/pop_node.h"

#include <cerrno>
#include <filesystem>
#include <sstream>

#include <unistd.h>

#include "anycast/node_config.h"
#include "anycast/routing_config.h"
#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/node_user.h"
#include "lab/process.h"

namespace nearcast::lab {

namespace {

using base::Result;

// A PoP answers with one thread: a lab has many PoPs and few cores.
constexpr int kThreads = 1;
constexpr std::string_view kLogLine = "log syslog all;";

std::string quoted_list(const std::vector<Network>& networks, bool wants_prefixes) {
    std::string list;
    for (const Network& network : networks) {
        const std::string text = wants_prefixes
                                     ? to_text(network.prefix)
                                     : to_text(base::SocketAddress{network.address, kDnsPort});
        list += (list.empty() ? "\"" : ", \"") + text + '"';
    }
    return '[' + list + ']';
}

void write_neighbor(std::ostream& out, const Plan& plan, const Interface& interface, bool is_v6) {
    out << "\n[[routing.neighbor]]\nname = \"" << plan.router(interface.neighbor).name
        << (is_v6 ? "-v6" : "-v4") << "\"\naddress = \""
        << to_text(is_v6 ? interface.neighbor_v6 : interface.neighbor_v4)
        << "\"\nlocal_address = \"" << to_text(is_v6 ? interface.v6 : interface.v4)
        << "\"\nasn = " << plan.nodes[interface.neighbor].asn
        << "\nrole = \"customer\"\nbfd = true\n";
}

Result<void> make_directory(const std::string& path, uid_t owner) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return base::fail(path + ": " + error.message());
    if (::chown(path.c_str(), owner, static_cast<gid_t>(-1)) != 0) {
        return base::fail_errno(path, errno);
    }
    return {};
}

}  // namespace

std::string node_toml(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    const std::string directory = paths::pop(name);
    std::ostringstream out;
    out << "# The node of the PoP " << name << " in " << plan.router(router).city
        << ", written by nearcast lab.\n[node]\nname = \"" << name << "1\"\npop = \"" << name
        << "\"\nuser = \"" << kNodeUser << "\"\nrun_directory = \"" << directory
        << "/run\"\nstate_directory = \"" << directory << "/state\"\n"
        << "\n[zones]\ndirectory = \"" << paths::kZones << "\"\n"
        << "\n[serve]\nlisten = " << quoted_list(plan.service, false) << "\nthreads = " << kThreads
        << "\n"
        << "\n[anycast]\nprefixes = " << quoted_list(plan.service, true) << "\nlive_device = \""
        << kLiveDevice << "\"\npref_device = \"" << kPrefDevice << "\"\n"
        << "\n[routing]\ndaemon = \"bird\"\nasn = " << kAnycastAsn << "\nrouter_id = \""
        << to_text(plan.nodes[router].router_id) << "\"\ncontrol_socket = \""
        << paths::bird_socket(name) << "\"\nimport = \"all\"\nbfd_interval = \""
        << plan.topology.bfd_interval.count() << "ms\"\nbfd_multiplier = 3\n";
    for (const Interface& interface : plan.nodes[router].interfaces) {
        write_neighbor(out, plan, interface, false);
        write_neighbor(out, plan, interface, true);
    }
    return out.str();
}

Result<void> prepare_pop(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    const auto owner = node_user();
    if (!owner) return std::unexpected(owner.error());
    for (const char* part : {"/run", "/state"}) {
        if (auto done = make_directory(paths::pop(name) + part, *owner); !done) return done;
    }
    return write_text(paths::node_config(name), node_toml(plan, router));
}

Result<void> write_pop_routing(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    const auto config = anycast::read_node_config(paths::node_config(name));
    if (!config) return std::unexpected(config.error());
    std::string text = anycast::render_bird_config(*config);
    // The one line that a lab changes: the machine's own log is none of its business.
    if (const size_t at = text.find(kLogLine); at != std::string::npos) {
        text.replace(at, kLogLine.size(),
                     "log \"" + paths::log(name) + "\" { info, warning, error };");
    }
    return write_text(paths::bird_config(name), text);
}

Result<void> start_pop(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    return start({.arguments = {program_path("nearcastd"), "--config", paths::node_config(name)},
                  .net_namespace = plan.nodes[router].net_namespace,
                  .log = paths::log(name + "-nearcastd"),
                  .gets_own_tun = true});
}

std::string program_path(const std::string& name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto beside = self.parent_path() / name;
    return !error && std::filesystem::exists(beside) ? beside.string() : name;
}

}  // namespace nearcast::lab
