// SPDX-License-Identifier: Apache-2.0

#include "lab/pop_node.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <vector>

#include <unistd.h>

#include "base/account.h"
#include "lab/controller.h"
#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/node_user.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

namespace {

using base::Result;

// A PoP answers with one thread: a lab has many PoPs and few cores.
constexpr int kThreads = 1;

std::string neighbor_words(const Plan& plan, const Interface& interface, bool is_v6) {
    return plan.router(interface.neighbor).name + (is_v6 ? "-v6," : "-v4,") +
           to_text(is_v6 ? interface.neighbor_v6 : interface.neighbor_v4) + ',' +
           std::to_string(plan.nodes[interface.neighbor].asn) + ",customer";
}

// The command that makes a server a node of this place.
Result<std::vector<std::string>> ask_for_command(const Plan& plan, size_t router) {
    const Router& pop = plan.router(router);
    std::vector<std::string> words{"pop", "add", pop.name, "--json", "--city", pop.city};
    for (const Interface& interface : plan.nodes[router].interfaces) {
        for (const bool is_v6 : {false, true}) {
            words.emplace_back("--neighbor");
            words.push_back(neighbor_words(plan, interface, is_v6));
        }
    }
    const auto printed = run_nearcast(words);
    if (!printed) return base::within("pop add " + pop.name, printed.error());
    const auto json = nlohmann::json::parse(*printed, nullptr, false);
    if (json.is_discarded() || !json.contains("join")) return base::fail(*printed);
    std::istringstream command(json["join"].value("command", ""));
    return std::vector<std::string>{std::istream_iterator<std::string>(command), {}};
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

Result<void> prepare_pop(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    const auto owner = base::find_account(kNodeUser);
    if (!owner) return std::unexpected(owner.error());
    for (const char* part : {"/run", "/state"}) {
        if (auto done = make_directory(paths::pop(name) + part, owner->uid); !done) return done;
    }
    const std::string own_part = paths::pop_bird_config(name);
    const std::string first =
        "router id " + to_text(plan.nodes[router].management) + ";\nprotocol device { }\n";
    if (auto done = write_text(own_part, first); !done) return done;
    return write_text(paths::bird_config(name), "log \"" + paths::log(name) +
                                                    "\" { info, warning, error };\ninclude \"" +
                                                    own_part + "\";\n");
}

Result<void> join_pop(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    auto command = ask_for_command(plan, router);
    if (!command) return std::unexpected(command.error());
    if (command->empty()) return base::fail("the controller lets no server join");
    command->front() = program_path("nearcast");
    // Where a server of its own needs none of these: it has /etc, /var and systemd to itself.
    const std::vector<std::string> more{
        "--directory",     paths::pop(name),          "--state",       paths::pop(name) + "/state",
        "--run-directory", paths::pop(name) + "/run", "--user",        kNodeUser,
        "--threads",       std::to_string(kThreads),  "--bird-config", paths::pop_bird_config(name),
        "--bird-socket",   paths::bird_socket(name),  "--foreground"};
    command->insert(command->end(), more.begin(), more.end());
    return start({.arguments = *std::move(command),
                  .net_namespace = plan.nodes[router].net_namespace,
                  .log = paths::log(name + "-nearcastd"),
                  .gets_own_tun = true});
}

Result<void> start_pop(const Plan& plan, size_t router) {
    const std::string& name = plan.router(router).name;
    return start({.arguments = {program_path("nearcastd"), "--config", paths::node_config(name)},
                  .net_namespace = plan.nodes[router].net_namespace,
                  .log = paths::log(name + "-nearcastd"),
                  .gets_own_tun = true});
}

bool has_node(std::span<const ProcessInfo> processes) {
    return std::ranges::any_of(processes, [](const ProcessInfo& process) {
        return process.command.empty() || process.command.contains("nearcastd") ||
               process.command.contains("node join");
    });
}

bool is_node_running(const Plan& plan, size_t router) {
    return has_node(inspect(plan.nodes[router].net_namespace));
}

std::string program_path(const std::string& name) {
    std::error_code error;
    const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
    const auto beside = self.parent_path() / name;
    return !error && std::filesystem::exists(beside) ? beside.string() : name;
}

}  // namespace nearcast::lab
