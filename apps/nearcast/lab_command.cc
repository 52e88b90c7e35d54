// SPDX-License-Identifier: Apache-2.0

#include "lab_command.h"

#include <cstdio>
#include <string>

#include "command.h"
#include "lab/build.h"
#include "lab/catchment.h"
#include "lab/lab_state.h"
#include "lab/relay.h"
#include "lab/teardown.h"
#include "lab/topology_file.h"
#include "lab_progress.h"

#include <CLI/CLI.hpp>

namespace nearcast {

namespace {

using base::Result;

struct Options {
    std::string topology;
    std::string zones;
    size_t pops = 0;
    bool is_json = false;
    bool is_v6 = false;
};

// Runs `work` under the lab's lock.
template <typename Work>
int while_locked(Work work) {
    const auto lock = lab::lock_lab();
    if (!lock) return tell(lock.error());
    return work();
}

int up(const Options& options) {
    if (auto fit = lab::check_machine(); !fit) return tell(fit.error());
    return while_locked([&options] {
        if (const auto plan = lab::open_lab()) {
            return tell({"a lab is up already", "nearcast lab status, or: nearcast lab down"});
        }
        if (lab::has_remains()) {
            std::puts("taking down what is left of an earlier lab");
            if (auto done = lab::tear_down(); !done) return tell(done.error());
        }
        lab::BuildOptions build{.topology = lab::default_topology(),
                                .zones_directory = options.zones};
        if (!options.topology.empty()) {
            auto topology = lab::read_topology(options.topology);
            if (!topology) return tell(topology.error());
            build.topology = *std::move(topology);
        }
        LabProgress progress;
        const auto built = lab::build(build, progress.reporter());
        progress.finish();
        if (!built) return tell(built.error());
        print_welcome(build.topology, *built);
        return 0;
    });
}

int down() {
    return while_locked([] {
        if (!lab::has_remains()) {
            std::puts("no lab is up");
            return 0;
        }
        const auto removed = lab::tear_down();
        if (!removed) return tell(removed.error());
        std::printf("the lab is gone: %zu processes ended, %zu namespaces removed\n",
                    removed->processes, removed->namespaces);
        return 0;
    });
}

int relay() {
    auto topology = lab::read_topology(lab::paths::kTopology);
    if (!topology) return tell(topology.error());
    const lab::Plan plan = lab::make_plan(*std::move(topology));
    auto relay = lab::Relay::create(plan, lab::paths::kRelaySocket);
    if (!relay) return tell(relay.error());
    const auto ended = relay->run();
    return tell(ended.error());
}

int catchment(const Options& options) {
    const auto plan = lab::open_lab();
    if (!plan) return tell(plan.error());
    const auto rows =
        lab::measure_catchments(*plan, lab::dns_address(plan->service, options.is_v6));
    if (!rows) return tell(rows.error());
    const std::string text =
        options.is_json ? lab::catchment_json(*plan, *rows) : lab::catchment_table(*plan, *rows);
    std::fputs(text.c_str(), stdout);
    return 0;
}

void add_up(CLI::App& lab, const std::shared_ptr<Options>& options, int& status) {
    CLI::App* command = lab.add_subcommand("up", "Build it: namespaces, links, BGP, PoPs, cities");
    command->add_option("--topology", options->topology, "A TOML file; without, five PoPs");
    command->add_option("--pops", options->pops,
                        "That many PoPs, in the large cities of the world");
    command->add_option("--zones", options->zones, "Serve the *.zone files of this directory");
    command->callback([options, &status] { status = up(*options); });
}

void add_catchment(CLI::App& lab, const std::shared_ptr<Options>& options, int& status) {
    CLI::App* command =
        lab.add_subcommand("catchment", "Which PoP answers each city, and how fast");
    command->add_flag("--json", options->is_json, "A list of {city, pop, rtt_ms, ...}");
    command->add_flag("-6,--ipv6", options->is_v6, "Ask over IPv6");
    command->callback([options, &status] { status = catchment(*options); });
}

}  // namespace

void add_lab_command(CLI::App& program, int& status) {
    CLI::App* lab = program.add_subcommand("lab", "A small internet on this machine, to try it on");
    lab->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    add_up(*lab, options, status);
    lab->add_subcommand("down", "Take all of it away")->callback([&status] { status = down(); });
    add_catchment(*lab, options, status);
    // Started by `up`; not for people.
    lab->add_subcommand("relay", "Carry the packets of the links")->group("")->callback([&status] {
        status = relay();
    });
}

}  // namespace nearcast
