// SPDX-License-Identifier: Apache-2.0

#include "lab/pop_actions.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>

#include "anycast/bird_client.h"
#include "anycast/control_socket.h"
#include "anycast/guard_status.h"
#include "lab/bird_config.h"
#include "lab/lab_state.h"
#include "lab/pop_node.h"
#include "lab/process.h"
#include "lab/relay_control.h"
#include "lab/router_setup.h"

namespace nearcast::lab {

namespace {

using base::fail;
using base::Result;
using namespace std::chrono_literals;

constexpr auto kKillPatience = 5s;
// Guard and server start each other again, so killing may take more than one round.
constexpr int kKillRoundsMax = 10;

std::vector<ProcessInfo> node_processes(const Plan& plan, size_t pop) {
    std::vector<ProcessInfo> processes = inspect(plan.nodes[pop].net_namespace);
    std::erase_if(processes, [](const ProcessInfo& process) {
        return process.command.find("nearcastd") == std::string::npos;
    });
    return processes;
}

std::vector<pid_t> pids_of(const std::vector<ProcessInfo>& processes, std::string_view role) {
    std::vector<pid_t> pids;
    for (const ProcessInfo& process : processes) {
        if (process.command.find(role) != std::string::npos) pids.push_back(process.pid);
    }
    return pids;
}

std::string guard_socket(const Plan& plan, size_t pop) {
    return paths::pop(plan.router(pop).name) + "/run/guard.sock";
}

// What the neighbour's BIRD knows of the service prefix from this PoP.
void count_neighbor(const Plan& plan, size_t pop, const Interface& interface, PopState& state) {
    const std::string& neighbor = plan.router(interface.neighbor).name;
    ++state.neighbors;
    auto bird = anycast::BirdConnection::open(paths::bird_socket(neighbor));
    if (!bird) return;
    const std::string prefix = to_text(plan.service.front().prefix);
    const auto lines = bird->ask("show route " + prefix + " protocol " +
                                 bird_session(plan.router(pop).name, false) + " all");
    // The table's name is told even when it holds no such route.
    const auto is_route = [&](const std::string& line) { return line.starts_with(prefix); };
    if (!lines || std::ranges::none_of(*lines, is_route)) return;
    ++state.announced_to;
    const auto asks_to_be_last = [](const std::string& line) {
        return line.find("(65535,0)") != std::string::npos;
    };
    state.as_last_resort += std::ranges::any_of(*lines, asks_to_be_last) ? 1U : 0U;
}

std::string count_of(size_t count, const std::string& noun) {
    return std::to_string(count) + ' ' + noun +
           (count == 1 ? " was" : (noun.ends_with('s') ? "es were" : "s were"));
}

// A stopped guard would not answer, and nobody wants to wait for that.
bool is_awake(const std::vector<ProcessInfo>& processes) {
    return !processes.empty() && std::ranges::none_of(processes, &ProcessInfo::is_stopped);
}

Result<std::string> kill_node(const Plan& plan, size_t pop) {
    size_t killed = 0;
    for (int round = 0; round < kKillRoundsMax; ++round) {
        const auto pids = pids_of(node_processes(plan, pop), "");
        if (pids.empty()) break;
        killed += pids.size();
        kill_and_wait(pids, kKillPatience);
    }
    if (killed == 0)
        return fail("no nearcastd runs there", "nearcast lab heal " + plan.router(pop).name);
    return count_of(killed, "process") + " killed";
}

Result<std::string> freeze(const Plan& plan, size_t pop, std::string_view role) {
    const auto pids = pids_of(node_processes(plan, pop), role);
    if (pids.empty()) {
        return fail("no such process runs there", "nearcast lab heal " + plan.router(pop).name);
    }
    signal_all(pids, SIGSTOP);
    return count_of(pids.size(), "process") + " stopped, as one that hangs";
}

std::string order_to(const std::string& verb, const Plan& plan, const Interface& interface) {
    return verb + ' ' + std::to_string(plan.topology.links[interface.link].number);
}

Result<std::string> order_links(const Plan& plan, size_t pop, const std::string& order) {
    const auto& interfaces = plan.nodes[pop].interfaces;
    for (const Interface& interface : interfaces) {
        auto done = order_relay(paths::kRelaySocket, order_to(order, plan, interface));
        if (!done) return done;
    }
    return count_of(interfaces.size(), "link") + (order == "cut"    ? " cut, in silence"
                                                  : order == "down" ? " unplugged"
                                                                    : " joined");
}

Result<void> tell_guard(const Plan& plan, size_t pop, std::string_view command) {
    auto answer = anycast::ask_control(guard_socket(plan, pop), command);
    if (!answer) return std::unexpected(answer.error());
    return anycast::check_control_answer(*answer);
}

Result<std::string> drain(const Plan& plan, size_t pop) {
    if (auto done = tell_guard(plan, pop, "drain"); !done) return std::unexpected(done.error());
    return "its neighbours were asked to use it last; it answers on";
}

Result<std::string> heal(const Plan& plan, size_t pop) {
    if (auto done = order_links(plan, pop, "join"); !done) return done;
    const auto processes = node_processes(plan, pop);
    signal_all(pids_of(processes, ""), SIGCONT);
    if (processes.empty()) {
        // An operator's drain outlives the processes, but not a cure.
        std::error_code error;
        std::filesystem::remove(paths::pop(plan.router(pop).name) + "/state/drained", error);
        if (auto done = start_pop(plan, pop); !done) return std::unexpected(done.error());
        return "nearcastd was started again";
    }
    if (auto done = tell_guard(plan, pop, "undrain"); !done) return std::unexpected(done.error());
    return "what was cut, stopped or drained is whole again";
}

}  // namespace

Result<std::string> act(const Plan& plan, size_t pop, Action action) {
    switch (action) {
        case Action::Kill:
            return kill_node(plan, pop);
        case Action::Freeze:
            return freeze(plan, pop, "--role server");
        case Action::FreezeGuard:
            return freeze(plan, pop, "--role guard");
        case Action::Cut:
            return order_links(plan, pop, "cut");
        case Action::Unplug:
            return order_links(plan, pop, "down");
        case Action::Drain:
            return drain(plan, pop);
        case Action::Heal:
            return heal(plan, pop);
    }
    return {};
}

std::chrono::milliseconds latest_start(const Plan& plan, Action action) {
    switch (action) {
        case Action::Cut:
            return 3 * plan.topology.bfd_interval + 1000ms;
        case Action::Freeze:
        case Action::FreezeGuard:
            return 1500ms;
        default:
            return 1000ms;
    }
}

bool is_complete(const PopState& state, Action action) {
    if (action == Action::Heal) {
        return state.announced_to == state.neighbors && state.as_last_resort == 0;
    }
    if (action == Action::Drain) return state.as_last_resort == state.announced_to;
    return true;
}

std::chrono::milliseconds patience(Action action) {
    // A node that failed stays the last resort for its hold-up, and BGP sessions come back slowly.
    return action == Action::Heal ? 60s : 15s;
}

std::string_view to_text(Action action) {
    switch (action) {
        case Action::Kill:
            return "kill";
        case Action::Freeze:
            return "freeze";
        case Action::FreezeGuard:
            return "freeze --guard";
        case Action::Cut:
            return "cut";
        case Action::Unplug:
            return "cut --carrier";
        case Action::Drain:
            return "drain";
        case Action::Heal:
            return "heal";
    }
    return {};
}

std::string_view PopState::word() const {
    if (is_cut) return "cut off";
    if (processes == 0) return "down";
    if (is_frozen) return "frozen";
    if (announced_to == 0) return "withdrawn";
    if (is_drained) return "drained";
    return as_last_resort > 0 ? "last resort" : "announced";
}

PopState inspect_pop(const Plan& plan, size_t pop) {
    const auto processes = node_processes(plan, pop);
    PopState state{.pop = pop, .processes = processes.size()};
    if (is_awake(processes)) {
        const auto answer = anycast::ask_control(guard_socket(plan, pop), "status");
        const auto status = anycast::parse_guard_status(answer.value_or(""));
        state.is_drained = status && status->is_drained;
    }
    state.is_frozen = std::ranges::any_of(processes, &ProcessInfo::is_stopped);
    for (const Interface& interface : plan.nodes[pop].interfaces) {
        const std::string order = order_to("state", plan, interface);
        state.is_cut |= order_relay(paths::kRelaySocket, order).value_or("") == "ok cut";
        count_neighbor(plan, pop, interface, state);
    }
    return state;
}

}  // namespace nearcast::lab
