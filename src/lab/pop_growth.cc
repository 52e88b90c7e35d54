// SPDX-License-Identifier: Apache-2.0

#include "lab/pop_growth.h"

#include <array>
#include <filesystem>
#include <functional>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "anycast/bird_client.h"
#include "base/clock.h"
#include "dns/message.h"
#include "lab/bird_config.h"
#include "lab/controller.h"
#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/netns.h"
#include "lab/parallel.h"
#include "lab/plan_json.h"
#include "lab/pop_actions.h"
#include "lab/pop_node.h"
#include "lab/process.h"
#include "lab/relay_control.h"
#include "lab/router_setup.h"
#include "lab/topology_file.h"
#include "lab/wire.h"

#include <nlohmann/json.hpp>

namespace nearcast::lab {

namespace {

using base::fail;
using base::Instant;
using base::Result;
using namespace std::chrono_literals;

// Ten thousand zones over half the world take less.
constexpr auto kJoinPatience = 180s;
constexpr auto kPoll = 20ms;
constexpr int kAnswerPatienceMs = 1000;
// Users are gone after a second or two; a PoP that is broken has none.
constexpr auto kDrainPatience = 5s;
constexpr auto kKillPatience = 10s;

void wait_a_moment() { ::usleep(std::chrono::microseconds(kPoll).count()); }

// On a thread of its own, which may end up in any namespace.
Result<void> apart(const std::function<Result<void>()>& work) {
    return for_each_in_parallel(1, [&work](size_t) { return work(); });
}

Result<void> order_wires(const std::string& verb, const Plan& plan, size_t pop) {
    for (const Wire& wire : wires_of_router(plan, pop)) {
        const auto done = order_relay(paths::kRelaySocket, verb + ' ' + to_words(wire));
        if (!done) return std::unexpected(done.error());
    }
    return {};
}

// The far ends of its links, of which their routers know nothing yet.
Result<void> connect_neighbors(const Plan& plan, size_t pop) {
    for (const Interface& own : plan.nodes[pop].interfaces) {
        for (const Interface& theirs : plan.nodes[own.neighbor].interfaces) {
            if (theirs.link != own.link) continue;
            if (auto done = connect_interface(plan, own.neighbor, theirs); !done) return done;
        }
    }
    return {};
}

// Sessions that are there already go on.
Result<void> configure_neighbors(const Plan& plan, const Plan& with_pop, size_t pop) {
    for (const Interface& interface : with_pop.nodes[pop].interfaces) {
        const std::string& name = with_pop.router(interface.neighbor).name;
        const size_t router = plan.topology.index_of(name);
        auto done = write_text(paths::bird_config(name), bird_config(plan, router, paths::kRoot));
        if (!done) return done;
        auto bird = anycast::BirdConnection::open(paths::bird_socket(name));
        if (!bird) return std::unexpected(bird.error());
        if (auto answer = bird->ask("configure"); !answer) {
            return base::within("BIRD of " + name, answer.error());
        }
    }
    return {};
}

// Asked as the controller reaches it: what goes to the service address may end in any PoP.
bool is_answering(const Plan& plan, size_t pop) {
    const auto visit = NamespaceVisit::enter(kControlNamespace);
    if (!visit) return false;
    const base::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const base::NativeAddress address({plan.nodes[pop].management, kDnsPort});
    const auto query = dns::build_query({.id = 1, .qname = {}, .options = {}});
    if (!socket || ::connect(socket.get(), address.data(), address.size()) != 0 ||
        ::send(socket.get(), query.data(), query.size(), MSG_NOSIGNAL) < 0) {
        return false;
    }
    pollfd poll{.fd = socket.get(), .events = POLLIN, .revents = 0};
    std::array<uint8_t, 512> answer;
    return ::poll(&poll, 1, kAnswerPatienceMs) == 1 &&
           ::recv(socket.get(), answer.data(), answer.size(), 0) > 0;
}

Result<void> wait_until_announced(const Plan& plan, size_t pop) {
    const Instant deadline = base::now() + kJoinPatience;
    const std::string& name = plan.router(pop).name;
    while (!is_complete(inspect_pop(plan, pop), Action::Heal) || !is_answering(plan, pop)) {
        const bool has_ended = !is_node_running(plan, pop);
        if (has_ended || base::now() > deadline) {
            return fail("the node in " + name + (has_ended ? " ended: " : " is not announced: ") +
                            read_text(paths::log(name + "-nearcastd")).value_or(""),
                        "nearcast lab remove-pop " + name);
        }
        wait_a_moment();
    }
    return {};
}

void kill_all_of(const std::string& net_namespace) {
    constexpr int kRoundsMax = 5;  // Guard and server start each other anew.
    for (int round = 0; round < kRoundsMax; ++round) {
        const auto pids = processes_in_any({&net_namespace, 1});
        if (pids.empty()) return;
        kill_and_wait(pids, kKillPatience);
    }
}

void let_users_go(const Plan& plan, size_t pop) {
    if (!act(plan, pop, Action::Drain)) return;
    const Instant deadline = base::now() + kDrainPatience;
    while (!is_complete(inspect_pop(plan, pop), Action::Drain) && base::now() < deadline) {
        wait_a_moment();
    }
}

// A place may have more nodes than ours, or none: whose node never came.
Result<void> forget_at_controller(const std::string& name) {
    const auto listed = run_nearcast({"pop", "list", "--json"});
    if (!listed) return std::unexpected(listed.error());
    const auto pops = nlohmann::json::parse(*listed, nullptr, false);
    for (const auto& pop : pops) {
        if (pop.value("name", "") != name) continue;
        for (const auto& node : pop.value("nodes", nlohmann::json::array())) {
            const auto done = run_nearcast({"node", "revoke", node.get<std::string>(), "--yes"});
            if (!done) return std::unexpected(done.error());
        }
        const auto done = run_nearcast({"pop", "remove", name, "--yes"});
        if (!done) return std::unexpected(done.error());
    }
    return {};
}

}  // namespace

bool is_up(const Plan& plan, size_t pop) {
    const PopState state = inspect_pop(plan, pop);
    return state.neighbors > 0 && state.announced_to == state.neighbors && is_answering(plan, pop);
}

Result<void> write_plan(const Plan& plan) {
    if (auto done = write_text(paths::kTopology, to_toml(plan.topology)); !done) return done;
    return write_text(paths::kPlan, plan_json(plan));
}

Result<std::string> add_pop(const Plan& plan, size_t pop) {
    // First: whatever fails from here on, `remove-pop` and `down` know of it.
    Result<void> done = write_plan(plan);
    if (done) done = apart([&] { return make_router(plan, pop); });
    if (done) done = order_wires("add", plan, pop);
    if (done) done = apart([&] { return connect_neighbors(plan, pop); });
    if (done) done = apart([&] { return connect_router(plan, pop); });
    if (done) done = configure_neighbors(plan, plan, pop);
    if (done) done = prepare_pop(plan, pop);
    if (done) done = start_bird(plan, pop);
    if (done) done = join_pop(plan, pop);
    if (done) done = wait_until_announced(plan, pop);
    if (!done) return std::unexpected(done.error());
    return "announced to " + std::to_string(plan.nodes[pop].interfaces.size()) +
           " neighbours, and answering";
}

Result<std::string> remove_pop(const Plan& before, size_t pop, const Plan& after) {
    const std::string name = before.router(pop).name;
    const std::string& net_namespace = before.nodes[pop].net_namespace;
    let_users_go(before, pop);
    kill_all_of(net_namespace);
    Result<void> done = forget_at_controller(name);
    if (done) done = order_wires("remove", before, pop);
    if (done) done = configure_neighbors(after, before, pop);
    if (!done) return std::unexpected(done.error());
    remove_namespace(net_namespace);
    std::error_code error;
    for (const std::string& path :
         {paths::pop(name), paths::bird_config(name), paths::bird_socket(name)}) {
        std::filesystem::remove_all(path, error);
        if (error) return fail(path + ": " + error.message());
    }
    if (done = write_plan(after); !done) return std::unexpected(done.error());
    return "it is gone, and its node may get no zone any more";
}

}  // namespace nearcast::lab
