// SPDX-License-Identifier: Apache-2.0

#include "node_command.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include <poll.h>
#include <unistd.h>

#include "anycast/control_socket.h"
#include "anycast/drain_proof.h"
#include "anycast/node_config.h"
#include "anycast/node_setup.h"
#include "anycast/routing_config.h"
#include "command.h"
#include "join_command.h"
#include "network_node_command.h"
#include "node_report.h"
#include "reload_report.h"
#include "retransfer_command.h"
#include "served_zones_command.h"
#include "server_link.h"
#include "talkers_command.h"

#include <CLI/CLI.hpp>

namespace nearcast {
namespace {

using anycast::GuardStatus;
using anycast::NodeConfig;
using anycast::NodeLink;
using base::Result;

struct Options {
    ServerLink server;  // Its file is the node's.
    std::string daemon;
    bool is_json = false;
    bool is_no_wait = false;
};

// Between two looks at a draining node.
constexpr int kLookMilliseconds = 250;

// Compiling the largest zones takes minutes; the server answers when it has done so.
constexpr std::chrono::minutes kReloadPatience{30};

void wait_a_little() { poll(nullptr, 0, kLookMilliseconds); }

Result<std::string> ask(const NodeLink& node, std::string_view command) {
    return anycast::ask_control(node.run_directory + "/guard.sock", command);
}

Result<void> order(const NodeLink& node, std::string_view command) {
    const auto answer = ask(node, command);
    if (!answer) return std::unexpected(answer.error());
    return anycast::check_control_answer(*answer);
}

Result<GuardStatus> look(const NodeLink& node) {
    const auto answer = ask(node, "status");
    if (!answer) return std::unexpected(answer.error());
    return anycast::parse_guard_status(*answer);
}

// A server alone has no guard to tell how the node fares.
int show_server(const Options& options) {
    const auto answer = options.server.ask("status");
    if (!answer) return tell(answer.error());
    std::fputs((options.is_json ? answer->dump() + '\n' : server_report(*answer)).c_str(), stdout);
    return 0;
}

int show_status(const NodeLink& node, const Options& options) {
    const auto answer = ask(node, "status");
    if (!answer) return tell(answer.error());
    const auto status = anycast::parse_guard_status(*answer);
    if (!status) return tell(status.error());
    if (options.is_json) {
        const auto server = anycast::ask_control(node.run_directory + "/server.sock", "status");
        std::puts(node_json(*answer, server ? *server : "").c_str());
    } else {
        std::fputs(node_report(*status).c_str(), stdout);
    }
    return status->mismatches.empty() ? 0 : 1;
}

// Reads the counter for `time`, or until `is_enough`.
Result<void> observe(const NodeLink& node, anycast::DrainProof& proof, base::Duration time,
                     const std::function<bool()>& is_enough) {
    for (const base::Instant end = base::now() + time; base::now() < end && !is_enough();) {
        const auto status = look(node);
        if (!status) return std::unexpected(status.error());
        proof.observe(base::now(), status->query_count);
        wait_a_little();
    }
    return {};
}

int drain(const NodeLink& node, const Options& options) {
    anycast::DrainProof proof;
    if (!options.is_no_wait) {
        const auto before =
            observe(node, proof, std::chrono::milliseconds(1'500), [] { return false; });
        if (!before) return tell(before.error());
    }
    if (const auto done = order(node, "drain"); !done) return tell(done.error());
    proof.begin(base::now());
    if (options.is_no_wait) {
        std::puts(
            options.is_json
                ? "{\"drained\":true}"
                : "draining: traffic is asked to leave. `nearcast node undrain` asks it back");
        return 0;
    }
    if (!options.is_json) std::puts("traffic is asked to leave; watching it go");
    const auto watched =
        observe(node, proof, node.drain_limit, [&proof] { return proof.has_left(); });
    if (!watched) return tell(watched.error());
    std::fputs((options.is_json ? drain_json(proof) : drain_report(proof)).c_str(), stdout);
    return proof.has_left() ? 0 : 1;
}

int undrain(const NodeLink& node, const Options& options) {
    if (const auto done = order(node, "undrain"); !done) return tell(done.error());
    std::puts(options.is_json
                  ? "{\"drained\":false}"
                  : "undrained: traffic is asked back as soon as nothing else is wrong");
    return 0;
}

int reload(const Options& options) {
    const auto answer = options.server.ask_patiently("reload", kReloadPatience);
    if (!answer) return tell(answer.error());
    const ReloadReport report = reload_report(*answer);
    std::fputs(options.is_json ? (*answer + '\n').c_str() : report.text.c_str(), stdout);
    return report.is_good ? 0 : 1;
}

int prepare(const NodeConfig& config, const Options& options) {
    if (geteuid() != 0) return tell({"creating devices needs root", "sudo nearcast node prepare"});
    if (const auto done = anycast::prepare_node(config); !done) return tell(done.error());
    std::puts(options.is_json ? "{\"ok\":true}" : prepare_report(config).c_str());
    return 0;
}

int print_routing(const NodeConfig& config, const Options& options) {
    const bool is_frr = options.daemon.empty()
                            ? config.routing.daemon == anycast::RoutingDaemonKind::Frr
                            : options.daemon == "frr";
    if (config.routing.asn == 0) {
        return tell({config.path + ": [routing] says nothing of our ASN and neighbours",
                     "asn, router_id and a [[routing.neighbor]]; see docs/reference/node-toml.md"});
    }
    const std::string text =
        is_frr ? anycast::render_frr_config(config) : anycast::render_bird_config(config);
    std::fputs(text.c_str(), stdout);
    return 0;
}

// What a verb needs: the node that runs, all of its file, or the server alone. One or two of them.
struct Verb {
    const char* name;
    const char* help;
    int (*of_node)(const NodeLink&, const Options&) = nullptr;
    int (*of_server)(const Options&) = nullptr;
    int (*of_file)(const NodeConfig&, const Options&) = nullptr;
};

constexpr Verb kVerbs[] = {
    {"status",
     "How the node fares: announced (neighbours send it their traffic), last resort (they do only "
     "if nobody else is left) or withdrawn, and why. Exit 1: the routing daemon announces "
     "something else, or cannot be read. With --control: what a server alone serves",
     show_status, show_server, nullptr},
    {"drain",
     "Ask traffic to leave without losing a query, and watch it go. The node answers whatever "
     "still comes. Stays in force over restarts, until undrain. Exit 1: some traffic stayed",
     drain, nullptr, nullptr},
    {"undrain", "Ask traffic back", undrain, nullptr, nullptr},
    {"reload",
     "Take in changed zone files. A bad one is told and its last good version stays: exit 1",
     nullptr, reload, nullptr},
    {"prepare",
     "Create what needs root: the signal devices and the directories, owned by the node's user. "
     "Safe to run again, also while the node runs",
     nullptr, nullptr, prepare},
    {"routing-config", "Print the whole configuration of BIRD or FRR for this node", nullptr,
     nullptr, print_routing},
};

int carry_out(const Verb& verb, const Options& options) {
    if (verb.of_file != nullptr) {
        const auto config = anycast::read_node_config(options.server.config);
        return config ? verb.of_file(*config, options) : tell(config.error());
    }
    const bool asks_server = verb.of_node == nullptr || !options.server.control.empty();
    if (asks_server) return verb.of_server(options);
    const auto node = anycast::read_node_link(options.server.config);
    return node ? verb.of_node(*node, options) : tell(node.error());
}

}  // namespace

void add_node_command(CLI::App& program, int& status) {
    CLI::App* node = program.add_subcommand(
        "node",
        "Look after the node on this machine; list, show and revoke: those of the whole network");
    node->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    for (const Verb& verb : kVerbs) {
        CLI::App* each = node->add_subcommand(verb.name, verb.help);
        if (verb.of_server != nullptr) {
            options->server.declare(*each);
        } else {
            options->server.declare_config(*each);
        }
        const std::string_view name = verb.name;
        if (name == "routing-config") {
            each->add_option("--daemon", options->daemon, "bird or frr; default: as in the file")
                ->check(CLI::IsMember({"bird", "frr"}));
        } else {
            each->add_flag("--json", options->is_json, "Print one JSON object");
        }
        if (name == "drain") {
            each->add_flag("--no-wait", options->is_no_wait, "Do not watch the traffic leave");
        }
        each->callback([options, &status, &verb] { status = carry_out(verb, *options); });
    }
    add_join_command(*node, status);
    add_talkers_command(*node, status);
    add_served_zones_commands(*node, status);
    add_retransfer_command(*node, status);
    add_network_node_commands(*node, status);
}

}  // namespace nearcast
