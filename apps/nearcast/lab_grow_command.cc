// SPDX-License-Identifier: Apache-2.0

#include "lab_grow_command.h"

#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "command.h"
#include "lab/changed_topology.h"
#include "lab/effect.h"
#include "lab/lab_state.h"
#include "lab/pop_growth.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace nearcast {

namespace {

using base::Result;
using namespace std::chrono_literals;

// As long as a server may take to join, and then until every city has found its way.
constexpr auto kPatience = 240s;

struct Options {
    std::string city;
    std::string name;
    bool is_json = false;
};

struct Done {
    std::string words;
    double seconds = 0;  // That it took.
};

// What every city sees while `work` is done to the lab. Plans that name all PoPs concerned.
Result<lab::Effect> watch(const lab::Plan& plan, const std::function<Result<std::string>()>& work,
                          Done& done) {
    return lab::measure_effect(
        plan, {.target = lab::dns_address(plan.service, false), .at_most = kPatience},
        [&]() -> Result<void> {
            const base::Instant start = base::now();
            const auto words = work();
            if (!words) return std::unexpected(words.error());
            done = {*words, std::chrono::duration<double>(base::now() - start).count()};
            return {};
        });
}

void print(const lab::Plan& plan, const std::string& name, const lab::Effect& effect,
           const Done& done, bool is_json) {
    const std::string cities = lab::effect_json(plan, effect.cities);
    if (is_json) {
        const nlohmann::json told{{"pop", name},
                                  {"city", plan.router(plan.topology.index_of(name)).city},
                                  {"seconds", done.seconds},
                                  {"cities", nlohmann::json::parse(cities)}};
        std::printf("%s\n", told.dump(1).c_str());
        return;
    }
    std::printf("%s (%s): %s, %.1f s after the command\n%s", name.c_str(),
                plan.router(plan.topology.index_of(name)).city.c_str(), done.words.c_str(),
                done.seconds, lab::effect_text(plan, effect.cities).c_str());
}

int add(const Options& options) {
    const auto lock = lab::lock_lab();
    if (!lock) return tell(lock.error());
    const auto before = lab::open_lab();
    if (!before) return tell(before.error());
    auto topology = lab::with_pop(before->topology, options.city, options.name);
    if (!topology) return tell(topology.error());
    const lab::Plan plan = lab::make_plan(*std::move(topology));
    const std::string name = plan.topology.routers.back().name;
    Done done;
    const auto effect =
        watch(plan, [&] { return lab::add_pop(plan, plan.topology.index_of(name)); }, done);
    if (!effect) return tell(effect.error());
    lab::note_event("add-pop " + name);
    print(plan, name, *effect, done, options.is_json);
    if (!options.is_json) std::printf("  try: nearcast lab catchment\n");
    return 0;
}

int remove(const Options& options) {
    const auto lock = lab::lock_lab();
    if (!lock) return tell(lock.error());
    const auto before = lab::open_lab();
    if (!before) return tell(before.error());
    const auto pop = before->topology.pick(lab::RouterKind::Pop, options.name);
    if (!pop) return tell(pop.error());
    const std::string name = (*pop)->name;
    auto topology = lab::without_pop(before->topology, name);
    if (!topology) return tell({topology.error().message, "it is the last one: nearcast lab down"});
    const lab::Plan after = lab::make_plan(*std::move(topology));
    Done done;
    const auto effect = watch(
        *before, [&] { return lab::remove_pop(*before, before->topology.index_of(name), after); },
        done);
    if (!effect) return tell(effect.error());
    lab::note_event("remove-pop " + name);
    print(*before, name, *effect, done, options.is_json);
    return 0;
}

}  // namespace

void add_lab_grow_commands(CLI::App& lab, int& status) {
    const auto options = std::make_shared<Options>();
    CLI::App* adding = lab.add_subcommand(
        "add-pop",
        "Add a place to the running network: its server joins by the controller's "
        "command; tells how long that took, and whose users it has now");
    adding->add_option("city", options->city, "Where: Tokyo, or any other large city")->required();
    adding->add_option("--name", options->name, "Its name (default: p- and the city's)")
        ->type_name("NAME");
    adding->add_flag("--json", options->is_json, "As JSON");
    adding->callback([options, &status] { status = add(*options); });
    CLI::App* removing = lab.add_subcommand(
        "remove-pop", "Take a place away: its users are asked to go, its node is revoked");
    removing->add_option("pop", options->name, "The PoP, by its name or its city")->required();
    removing->add_flag("--json", options->is_json, "As JSON");
    removing->callback([options, &status] { status = remove(*options); });
}

}  // namespace nearcast
