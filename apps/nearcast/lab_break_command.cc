// SPDX-License-Identifier: Apache-2.0

#include "lab_break_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "command.h"
#include "lab/compare.h"
#include "lab/compare_svg.h"
#include "lab/effect.h"
#include "lab/files.h"
#include "lab/lab_state.h"
#include "lab/pop_actions.h"

#include <CLI/CLI.hpp>

namespace nearcast {

namespace {

using lab::Action;

struct Options {
    std::string pop;
    bool is_json = false;
    bool means_guard = false;
    bool takes_carrier = false;
};

std::string next_step(const std::string& pop, Action action) {
    if (action == Action::Heal) return "nearcast lab catchment";
    return "nearcast lab heal " + pop;
}

int run(const Options& options, Action action) {
    const auto lock = lab::lock_lab();
    if (!lock) return tell(lock.error());
    const auto plan = lab::open_lab();
    if (!plan) return tell(plan.error());
    const auto pop = plan->topology.pick(lab::RouterKind::Pop, options.pop);
    if (!pop) return tell(pop.error());
    const std::string& name = (*pop)->name;
    const size_t index = plan->topology.index_of(name);
    std::string done_text;
    const auto act = [&]() -> base::Result<void> {
        auto done = lab::act(*plan, index, action);
        if (!done) return base::within(name, done.error());
        done_text = *done;
        lab::note_event(std::string(lab::to_text(action)) + ' ' + name);
        return {};
    };
    const auto effect = lab::measure_effect(
        *plan,
        {.target = lab::dns_address(plan->service, false),
         .at_least = lab::latest_start(*plan, action),
         .is_complete = [&] { return lab::is_complete(lab::inspect_pop(*plan, index), action); },
         .at_most = lab::patience(action)},
        act);
    if (!effect) return tell(effect.error());
    if (options.is_json) {
        std::fputs(lab::effect_json(*plan, effect->cities).c_str(), stdout);
        return 0;
    }
    std::printf("%s (%s): %s\n%s  try: %s\n", name.c_str(), (*pop)->city.c_str(), done_text.c_str(),
                lab::effect_text(*plan, effect->cities).c_str(), next_step(name, action).c_str());
    return 0;
}

struct CompareOptions {
    std::string svg;
    bool is_json = false;
};

int run_compare(const CompareOptions& options) {
    const auto lock = lab::lock_lab();
    if (!lock) return tell(lock.error());
    const auto plan = lab::open_lab();
    if (!plan) return tell(plan.error());
    const auto comparison = lab::compare(
        *plan, [](const std::string& step) { std::fprintf(stderr, "%s ...\n", step.c_str()); });
    if (!comparison) return tell(comparison.error());
    std::fputs((options.is_json ? lab::comparison_json(*plan, *comparison)
                                : lab::comparison_text(*plan, *comparison))
                   .c_str(),
               stdout);
    if (options.svg.empty()) return 0;
    const auto done = lab::write_text(options.svg, lab::comparison_svg(*plan, *comparison));
    return done ? 0 : tell(done.error());
}

void add_compare(CLI::App& lab, int& status) {
    const auto options = std::make_shared<CompareOptions>();
    CLI::App* command = lab.add_subcommand(
        "compare", "One server against anycast: how fast, and what is lost when it dies");
    command->add_option("--svg", options->svg, "Draw it into this file as well");
    command->add_flag("--json", options->is_json, "As JSON");
    command->callback([options, &status] { status = run_compare(*options); });
}

CLI::App* add(CLI::App& lab, const std::shared_ptr<Options>& options, const char* name,
              const char* description) {
    CLI::App* command = lab.add_subcommand(name, description);
    command->add_option("pop", options->pop, "The PoP, by its name or its city")->required();
    command->add_flag("--json", options->is_json, "The effect on each city, as JSON");
    return command;
}

}  // namespace

void add_lab_break_commands(CLI::App& lab, int& status) {
    const auto options = std::make_shared<Options>();
    const auto runs = [options, &status](Action action) {
        return [options, &status, action] { status = run(*options, action); };
    };
    add(lab, options, "kill", "End every nearcastd of a PoP at once, as SIGKILL does")
        ->callback(runs(Action::Kill));
    CLI::App* freeze = add(lab, options, "freeze", "Stop the server of a PoP, as one that hangs");
    freeze->add_flag("--guard", options->means_guard, "Stop the guard instead");
    freeze->callback([options, &status] {
        status = run(*options, options->means_guard ? Action::FreezeGuard : Action::Freeze);
    });
    CLI::App* cut = add(lab, options, "cut", "Let the links of a PoP go silent");
    cut->add_flag("--carrier", options->takes_carrier,
                  "Unplug them instead, so that routers see it");
    cut->callback([options, &status] {
        status = run(*options, options->takes_carrier ? Action::Unplug : Action::Cut);
    });
    add(lab, options, "drain", "Ask a PoP's traffic to go elsewhere")
        ->callback(runs(Action::Drain));
    add_compare(lab, status);
    add(lab, options, "heal", "Undo what was done to a PoP")->callback(runs(Action::Heal));
}

}  // namespace nearcast
