// SPDX-License-Identifier: Apache-2.0

#include "lab_show_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "command.h"
#include "lab/catchment.h"
#include "lab/dig.h"
#include "lab/lab_state.h"
#include "lab/status.h"
#include "lab/watch.h"

#include <CLI/CLI.hpp>

namespace nearcast {

namespace {

struct Options {
    bool is_json = false;
    bool is_v6 = false;
    bool asks_unicast = false;
    std::string city;
    std::string name;
    std::string type = "A";
};

int print(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    return 0;
}

int show_status(const Options& options) {
    const auto plan = lab::open_lab();
    if (!plan) return tell(plan.error());
    const auto states = lab::inspect_pops(*plan);
    return print(options.is_json ? lab::status_json(*plan, states)
                                 : lab::status_text(*plan, states));
}

int show_catchment(const Options& options) {
    const auto plan = lab::open_lab();
    if (!plan) return tell(plan.error());
    const auto rows =
        lab::measure_catchments(*plan, lab::dns_address(plan->service, options.is_v6));
    if (!rows) return tell(rows.error());
    return print(options.is_json ? lab::catchment_json(*plan, *rows)
                                 : lab::catchment_table(*plan, *rows));
}

int show_answer(const Options& options) {
    const auto plan = lab::open_lab();
    if (!plan) return tell(plan.error());
    const auto city = plan->topology.pick(lab::RouterKind::Client, options.city);
    if (!city) return tell(city.error());
    const auto name = dns::parse_name(options.name + (options.name.ends_with('.') ? "" : "."));
    if (!name) return tell(name.error());
    const auto type = dns::parse_rr_type(options.type);
    if (!type) return tell({"no record type is named " + options.type, "A, AAAA, MX, TXT, …"});
    if (options.asks_unicast && plan->unicast.empty()) {
        return tell({"this lab has no unicast server", "add a [[server]] to its topology"});
    }
    const auto& target = options.asks_unicast ? plan->unicast : plan->service;
    const lab::DigQuestion question{.city = plan->topology.index_of((*city)->name),
                                    .name = *name,
                                    .type = *type,
                                    .server = lab::dns_address(target, options.is_v6)};
    const auto answer = lab::dig(*plan, question);
    if (!answer) return tell(answer.error());
    return print(options.is_json ? lab::dig_json(*plan, question, *answer)
                                 : lab::dig_text(*plan, question, *answer));
}

int show_live(const Options& options) {
    const auto plan = lab::open_lab();
    if (!plan) return tell(plan.error());
    const auto done = options.is_json ? lab::watch_as_json(*plan) : lab::watch(*plan);
    return done ? 0 : tell(done.error());
}

CLI::App* add(CLI::App& lab, const std::shared_ptr<Options>& options, const char* name,
              const char* description) {
    CLI::App* command = lab.add_subcommand(name, description);
    command->add_flag("--json", options->is_json, "As JSON");
    return command;
}

}  // namespace

void add_lab_show_commands(CLI::App& lab, int& status) {
    const auto options = std::make_shared<Options>();
    add(lab, options, "status", "What is up, and in which state each PoP is")
        ->callback([options, &status] { status = show_status(*options); });
    CLI::App* catchment =
        add(lab, options, "catchment", "Which PoP answers each city, and how fast");
    catchment->add_flag("-6,--ipv6", options->is_v6, "Ask over IPv6");
    catchment->callback([options, &status] { status = show_catchment(*options); });
    add(lab, options, "watch", "All of it, live; q ends it")->callback([options, &status] {
        status = show_live(*options);
    });
    CLI::App* dig = add(lab, options, "dig", "Ask a question from a city");
    dig->add_option("city", options->city, "Who asks: tokyo")->required();
    dig->add_option("name", options->name, "For what: www.example.org")->required();
    dig->add_option("type", options->type, "Which records: A, AAAA, MX, …");
    dig->add_flag("-6,--ipv6", options->is_v6, "Ask over IPv6");
    dig->add_flag("--unicast", options->asks_unicast, "Ask the one ordinary server instead");
    dig->callback([options, &status] { status = show_answer(*options); });
}

}  // namespace nearcast
