// SPDX-License-Identifier: Apache-2.0

#include "lab/build.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include <unistd.h>

#include "base/account.h"
#include "base/clock.h"
#include "lab/bird_config.h"
#include "lab/controller.h"
#include "lab/effect.h"
#include "lab/embedded.h"
#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/netns.h"
#include "lab/node_user.h"
#include "lab/parallel.h"
#include "lab/pop_growth.h"
#include "lab/pop_node.h"
#include "lab/prober.h"
#include "lab/process.h"
#include "lab/relay_control.h"
#include "lab/router_setup.h"
#include "lab/unicast_server.h"

namespace nearcast::lab {

namespace {

using base::fail;
using base::Instant;
using base::Result;
using namespace std::chrono_literals;

constexpr auto kRelayPatience = 20s;  // It opens two devices for each link.
constexpr auto kRelayPoll = 10ms;
// Fifty PoPs on a slow machine converge in a minute; after two, something is wrong.
constexpr auto kAnswerPatience = 120s;
constexpr auto kAskInterval = 100ms;
constexpr auto kCheckInterval = 2s;
constexpr auto kSettlePatience = 30s;
// A PoP that is far away has all zones later than the first: thousands of them take a minute.
constexpr auto kPopPatience = 180s;
constexpr auto kPopPoll = 250ms;
// What is there is left there, to look into.
constexpr const char* kAfterFailure = "look into /run/nearcast/lab/log; then: nearcast lab down";

Result<void> make_directories() {
    for (const char* part : {"/bird", "/control", "/log", "/pops", "/zones"}) {
        std::error_code error;
        std::filesystem::create_directories(paths::kRoot + part, error);
        if (error) return fail(paths::kRoot + part + ": " + error.message());
    }
    return {};
}

Result<void> lay_out_zones(const std::string& directory) {
    if (directory.empty()) {
        for (const EmbeddedFile& zone : kExampleZones) {
            const std::string path = paths::kZones + '/' + std::string(zone.name);
            if (auto done = write_text(path, zone.text); !done) return done;
        }
        return {};
    }
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
        if (entry.path().extension() != ".zone") continue;
        std::filesystem::copy(entry.path(), paths::kZones, error);
    }
    if (error) return fail("zones in " + directory + ": " + error.message());
    return {};
}

Result<void> write_files(const Plan& plan, const BuildOptions& options) {
    if (auto done = make_directories(); !done) return done;
    if (auto done = write_plan(plan); !done) return done;
    if (auto done = lay_out_zones(options.zones_directory); !done) return done;
    return for_each_in_parallel(plan.nodes.size(), [&plan](size_t i) -> Result<void> {
        const std::string& name = plan.router(i).name;
        if (plan.router(i).kind != RouterKind::Pop) {
            return write_text(paths::bird_config(name), bird_config(plan, i, paths::kRoot));
        }
        return prepare_pop(plan, i);
    });
}

Result<void> make_namespaces(const Plan& plan) {
    if (auto done = prepare_namespaces(); !done) return done;
    const size_t count = plan.nodes.size();
    return for_each_in_parallel(count + 2, [&plan, count](size_t i) {
        if (i == count) return create_namespace(kRelayNamespace);
        return i == count + 1 ? make_controller_namespace() : make_router(plan, i);
    });
}

Result<void> start_relay() {
    if (auto done = start({.arguments = {program_path("nearcast"), "lab", "relay"},
                           .net_namespace = kRelayNamespace,
                           .log = paths::log("relay"),
                           .nice = -10});
        !done) {
        return done;
    }
    const Instant deadline = base::now() + kRelayPatience;
    while (!order_relay(paths::kRelaySocket, "ping")) {
        // It writes nothing unless it fails.
        const std::string log = read_text(paths::log("relay")).value_or("");
        if (base::now() > deadline || !log.empty()) {
            return fail("the link relay did not start" + (log.empty() ? "" : ": " + log));
        }
        ::usleep(std::chrono::microseconds(kRelayPoll).count());
    }
    return {};
}

Result<void> start_routers(const Plan& plan) {
    return for_each_in_parallel(plan.nodes.size(), [&plan](size_t i) -> Result<void> {
        if (auto done = connect_router(plan, i); !done) return done;
        return start_bird(plan, i);
    });
}

// The controller goes about its start meanwhile.
Result<void> fill_controller() {
    if (auto done = await_controller(); !done) return done;
    const auto imported =
        run_nearcast({"zone", "import", paths::kZones, "--comment", "nearcast lab up"});
    if (!imported) return base::within("zone import", imported.error());
    return {};
}

Result<void> start_servers(const Plan& plan) {
    return for_each_in_parallel(plan.nodes.size(), [&plan](size_t i) -> Result<void> {
        switch (plan.router(i).kind) {
            case RouterKind::Pop:
                return join_pop(plan, i);
            case RouterKind::Server:
                return start_unicast_server(plan, i);
            default:
                return {};
        }
    });
}

std::string names_of(const Plan& plan, const std::set<size_t>& cities) {
    constexpr size_t kNamedMax = 5;
    std::string names;
    size_t count = 0;
    for (const size_t city : cities) {
        if (++count > kNamedMax) return names + ", …";
        names += (names.empty() ? "" : ", ") + plan.router(city).name;
    }
    return names;
}

// A server that ended, or could not join, tells why in its log.
Result<void> check_servers(const Plan& plan, bool is_due) {
    if (!is_due) return {};
    for (const Router* pop : plan.topology.of_kind(RouterKind::Pop)) {
        if (is_node_running(plan, plan.topology.index_of(pop->name))) continue;
        const std::string log = read_text(paths::log(pop->name + "-nearcastd")).value_or("");
        return fail("the node in " + pop->name + " ended" + (log.empty() ? "" : ": " + log));
    }
    return {};
}

// Asks until each city had an answer from `target`.
Result<void> wait_for_answers(const Plan& plan, base::SocketAddress target,
                              const Progress& progress) {
    auto prober = Prober::open(plan, target);
    if (!prober) return std::unexpected(prober.error());
    std::set<size_t> waiting(prober->cities().begin(), prober->cities().end());
    const size_t all = waiting.size();
    const Instant deadline = base::now() + kAnswerPatience;
    Instant next_check = base::now() + kCheckInterval;
    while (!waiting.empty()) {
        if (base::now() > deadline) {
            return fail("no answer in " + names_of(plan, waiting) + " from " + to_text(target),
                        std::string(kAfterFailure));
        }
        prober->ask_all();
        prober->listen(base::now() + kAskInterval, false);
        for (const Probe& probe : prober->probes()) {
            if (probe.answered) waiting.erase(probe.city);
        }
        if (auto done = check_servers(plan, base::now() > next_check); !done) return done;
        if (base::now() > next_check) next_check = base::now() + kCheckInterval;
        progress("answers", to_text(target.ip) + ": " + std::to_string(all - waiting.size()) +
                                " of " + std::to_string(all) + " cities");
    }
    return {};
}

// Comes back with those that are not up when patience is over: the lab is of use without them.
Result<std::set<size_t>> wait_for_pops(const Plan& plan, const Progress& progress) {
    std::set<size_t> waiting;
    for (const Router* pop : plan.topology.of_kind(RouterKind::Pop)) {
        waiting.insert(plan.topology.index_of(pop->name));
    }
    const size_t all = waiting.size();
    const Instant deadline = base::now() + kPopPatience;
    Instant next_check = base::now() + kCheckInterval;
    for (;;) {
        std::erase_if(waiting, [&plan](size_t pop) { return is_up(plan, pop); });
        progress("PoPs", std::to_string(all - waiting.size()) + " of " + std::to_string(all) +
                             " announce and answer" +
                             (waiting.empty() ? "" : "; not yet: " + names_of(plan, waiting)));
        if (waiting.empty() || base::now() > deadline) return waiting;
        const bool is_due = base::now() > next_check;
        if (auto done = check_servers(plan, is_due); !done) return std::unexpected(done.error());
        if (is_due) next_check = base::now() + kCheckInterval;
        ::usleep(std::chrono::microseconds(kPopPoll).count());
    }
}

Result<void> run_steps(const Plan& plan, const BuildOptions& options, const Progress& progress) {
    if (auto done = write_files(plan, options); !done) return done;
    progress("namespaces", std::to_string(plan.nodes.size()) + " routers");
    if (auto done = make_namespaces(plan); !done) return done;
    progress("links", std::to_string(plan.topology.links.size()) + ", each with its delay");
    if (auto done = start_relay(); !done) return done;
    if (auto done = start_controller(plan); !done) return done;
    progress("routing", "a BIRD in each router, BGP over IPv4 and IPv6");
    if (auto done = start_routers(plan); !done) return done;
    progress("controller", "nearcast-control, and the zones in it");
    if (auto done = fill_controller(); !done) return done;
    progress("servers", "each PoP joins by the command that pop add prints");
    if (auto done = start_servers(plan); !done) return done;
    for (const bool is_v6 : {false, true}) {
        auto done = wait_for_answers(plan, dns_address(plan.service, is_v6), progress);
        if (!done) return done;
    }
    return {};
}

Result<void> wait_for_rest(const Plan& plan, const Progress& progress) {
    progress("routes", "waiting until no city changes its PoP any more");
    const auto settled =
        wait_until_settled(plan, dns_address(plan.service, false), kSettlePatience);
    if (!settled) return std::unexpected(settled.error());
    progress("routes", *settled ? "every city has found its PoP" : "still moving; left alone");
    return {};
}

bool is_on_path(const std::string& program) {
    const char* path = ::secure_getenv("PATH");
    std::istringstream directories(path == nullptr ? "/usr/sbin:/usr/bin:/sbin:/bin" : path);
    for (std::string directory; std::getline(directories, directory, ':');) {
        if (::access((directory + '/' + program).c_str(), X_OK) == 0) return true;
    }
    return false;
}

}  // namespace

Result<void> check_machine() {
    if (::geteuid() != 0) {
        return fail("needs root: a lab is made of network namespaces", "sudo nearcast lab up");
    }
    if (!std::filesystem::exists("/dev/net/tun")) {
        return fail("/dev/net/tun is missing: links are TUN devices", "modprobe tun");
    }
    if (!is_on_path("bird")) return fail("BIRD 2 is not installed", "apt-get install bird2");
    for (const char* name : {"nearcastd", "nearcast-control"}) {
        const std::string program = program_path(name);
        if (program.contains('/') || is_on_path(program)) continue;
        return fail(std::string(name) + " is neither beside nearcast nor in PATH",
                    "build it, or install it");
    }
    const auto user = base::find_account(kNodeUser);
    return user ? Result<void>() : std::unexpected(user.error());
}

Result<Built> build(const BuildOptions& options, const Progress& progress) {
    const Instant start = base::now();
    const Plan plan = make_plan(options.topology);
    if (auto done = run_steps(plan, options, progress); !done) {
        base::Error error = done.error();
        if (error.hint.empty()) error.hint = kAfterFailure;
        return std::unexpected(error);
    }
    const auto elapsed = [start] {
        return std::chrono::duration_cast<std::chrono::milliseconds>(base::now() - start);
    };
    Built built{.routers = plan.nodes.size(),
                .links = plan.topology.links.size(),
                .until_answered = elapsed()};
    const auto late = wait_for_pops(plan, progress);
    if (!late) return std::unexpected(late.error());
    built.until_up = elapsed();
    built.late = names_of(plan, *late);
    if (auto done = wait_for_rest(plan, progress); !done) return std::unexpected(done.error());
    if (auto done = write_text(paths::kComplete, ""); !done) return std::unexpected(done.error());
    return built;
}

}  // namespace nearcast::lab
