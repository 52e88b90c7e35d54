// SPDX-License-Identifier: Apache-2.0

#include "lab_command.h"

#include <cstdio>
#include <filesystem>
#include <string>

#include "command.h"
#include "lab/build.h"
#include "lab/controller.h"
#include "lab/door.h"
#include "lab/embedded.h"
#include "lab/grown_topology.h"
#include "lab/lab_state.h"
#include "lab/relay.h"
#include "lab/teardown.h"
#include "lab/topology_file.h"
#include "lab_break_command.h"
#include "lab_grow_command.h"
#include "lab_progress.h"
#include "lab_show_command.h"
#include "zone_report.h"

#include <CLI/CLI.hpp>

namespace nearcast {

namespace {

using base::Result;

struct Options {
    std::string topology;
    std::string zones;
    size_t pops = 0;
};

// The same --pops builds the same lab everywhere.
constexpr uint32_t kSeed = 1;

Result<lab::Topology> chosen_topology(const Options& options) {
    if (!options.topology.empty()) return lab::read_topology(options.topology);
    if (options.pops > 0) return lab::grow_topology(options.pops, kSeed);
    return lab::default_topology();
}

int print_topology(const Options& options) {
    if (options.pops == 0) {
        std::fputs(std::string(lab::kDefaultTopologyToml).c_str(), stdout);
        return 0;
    }
    const auto topology = chosen_topology(options);
    if (!topology) return tell(topology.error());
    std::fputs(lab::to_toml(*topology).c_str(), stdout);
    return 0;
}

// Runs `work` under the lab's lock.
template <typename Work>
int while_locked(Work work) {
    const auto lock = lab::lock_lab();
    if (!lock) return tell(lock.error());
    return work();
}

// Before anything is built: half a lab is in the way.
Result<void> check_zones(const std::string& directory) {
    if (directory.empty()) return {};
    std::error_code error;
    if (!std::filesystem::is_directory(directory, error)) {
        return base::fail("--zones " + directory + " is no directory", "one with *.zone files");
    }
    const auto files = zone_files_of({directory});
    return files ? Result<void>() : base::within("--zones", files.error());
}

int up(const Options& options) {
    if (auto fit = check_zones(options.zones); !fit) return tell(fit.error());
    if (auto fit = lab::check_machine(); !fit) return tell(fit.error());
    return while_locked([&options] {
        if (const auto plan = lab::open_lab()) {
            return tell({"a lab is up already", "nearcast lab status, or: nearcast lab down"});
        }
        if (lab::has_remains()) {
            std::puts("taking down what is left of an earlier lab");
            if (auto done = lab::tear_down(); !done) return tell(done.error());
        }
        auto topology = chosen_topology(options);
        if (!topology) return tell(topology.error());
        const lab::BuildOptions build{.topology = *std::move(topology),
                                      .zones_directory = options.zones};
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
            lab::remove_lock();
            std::puts("no lab is up");
            return 0;
        }
        const auto removed = lab::tear_down();
        if (!removed) return tell(removed.error());
        lab::remove_lock();
        std::printf("the lab is gone: %zu processes ended, %zu namespaces removed\n",
                    removed->processes, removed->namespaces);
        return 0;
    });
}

int relay() {
    auto topology = lab::read_topology(lab::paths::kTopology);
    if (!topology) return tell(topology.error());
    const lab::Plan plan = lab::make_plan(*std::move(topology));
    auto relay = lab::Relay::create(lab::wires_of(plan), lab::paths::kRelaySocket);
    if (!relay) return tell(relay.error());
    const auto ended = relay->run();
    return tell(ended.error());
}

int door() {
    const auto ended = lab::keep_door(lab::controller_api());
    return tell(ended.error());
}

void add_up(CLI::App& lab, const std::shared_ptr<Options>& options, int& status) {
    CLI::App* command = lab.add_subcommand("up", "Build it: namespaces, links, BGP, PoPs, cities");
    command->add_option("--topology", options->topology, "A TOML file; without, five PoPs");
    command->add_option("--pops", options->pops, "That many PoPs, in the large cities of the world")
        ->check(CLI::PositiveNumber);
    command->add_option("--zones", options->zones, "Serve the *.zone files of this directory");
    command->callback([options, &status] { status = up(*options); });
}

}  // namespace

void add_lab_command(CLI::App& program, int& status) {
    CLI::App* lab = program.add_subcommand("lab", "A small internet on this machine, to try it on");
    lab->require_subcommand(1);
    const auto options = std::make_shared<Options>();
    add_up(*lab, options, status);
    lab->add_subcommand("down", "Take all of it away")->callback([&status] { status = down(); });
    lab->add_subcommand("topology",
                        "Print the topology that `up` would build, to start your own from")
        ->callback([options, &status] { status = print_topology(*options); });
    lab->get_subcommand("topology")
        ->add_option("--pops", options->pops, "As for `up`")
        ->check(CLI::PositiveNumber);
    add_lab_show_commands(*lab, status);
    add_lab_break_commands(*lab, status);
    add_lab_grow_commands(*lab, status);
    // Started by `up`; not for people.
    lab->add_subcommand("door", "Lead to the controller")->group("")->callback([&status] {
        status = door();
    });
    lab->add_subcommand("relay", "Carry the packets of the links")->group("")->callback([&status] {
        status = relay();
    });
}

}  // namespace nearcast
