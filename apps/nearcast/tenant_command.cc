// SPDX-License-Identifier: Apache-2.0

#include "tenant_command.h"

#include <string>

#include "console/json_text.h"
#include "controller.h"
#include "terminal.h"

namespace nearcast {
namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

constexpr const char* kTenantsPath = "/api/v1/tenants";

struct Options : ControllerOptions {
    std::string name;
    std::string plan;
};

// "12 of 100"; without a limit the number alone.
std::string usage_text(const json& tenant, const char* what) {
    const std::string limit = text_of(console::member(tenant, "limits"), what);
    const std::string used = text_of(tenant, what);
    return limit.empty() ? used : used + " of " + limit;
}

void print_tenants(const json& tenants) {
    console::Table table({"TENANT", "PLAN", "ZONES", "RECORDS", "SINCE (UTC)"});
    for (const json& tenant : tenants) {
        table.add({text_of(tenant, "name"), text_of(tenant, "plan"), usage_text(tenant, "zones"),
                   usage_text(tenant, "records"), console::moment_text(tenant, "created_at")});
    }
    print(table, "no tenants");
}

Result<int> list(Controller& controller, const Options& options) {
    const auto tenants = controller.get_list(kTenantsPath);
    if (!tenants) return std::unexpected(tenants.error());
    if (options.is_json) {
        print(*tenants);
    } else {
        print_tenants(*tenants);
    }
    return 0;
}

Result<int> show(Controller& controller, const Options& options) {
    const auto tenant = controller.get(path_of(kTenantsPath, options.name));
    if (!tenant) return std::unexpected(tenant.error());
    if (options.is_json) {
        print(*tenant);
    } else {
        print_tenants(json::array({*tenant}));
    }
    return 0;
}

Result<int> add(Controller& controller, const Options& options) {
    return have_done(
        controller,
        {.method = "POST",
         .path = kTenantsPath,
         .body = {{"name", options.name}, {"plan", options.plan}}},
        options,
        "the tenant " + options.name + " is known now: zones are his by --account " + options.name);
}

Result<int> set_plan(Controller& controller, const Options& options) {
    return have_done(controller,
                     {.method = "PUT",
                      .path = path_of(kTenantsPath, options.name),
                      .body = {{"plan", options.plan}}},
                     options, "the tenant " + options.name + " has the plan " + options.plan,
                     {{"name", options.name}});
}

Result<int> remove(Controller& controller, const Options& options) {
    return remove_if_agreed(controller, removal_of(kTenantsPath, "the tenant", options.name),
                            options);
}

Verb<Options> with_name(Verb<Options> verb) {
    verb.app->add_option("NAME", verb.options->name, "His name")->required();
    return verb;
}

Verb<Options> with_plan(Verb<Options> verb) {
    verb.app
        ->add_option("--plan", verb.options->plan, "A [[plan]] of the controller's control.toml")
        ->required()
        ->type_name("NAME");
    return verb;
}

}  // namespace

void add_tenant_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand("tenant", "Customers, and what their plan allows");
    family->require_subcommand(1);
    with_plan(with_name(add_verb<Options>(
        *family, "add", "Make a tenant, whose zones are those of that account", add, status)));
    add_verb<Options>(*family, "list", "The tenants, with what they use of their plan", list,
                      status);
    with_name(add_verb<Options>(*family, "show", "One of them", show, status));
    with_plan(with_name(
        add_verb<Options>(*family, "set", "Give a tenant another plan", set_plan, status)));
    const auto removed = with_name(add_verb<Options>(
        *family, "remove", "Remove a tenant without zones. Asks before", remove, status));
    removed.options->declare_consent(*removed.app);
}

}  // namespace nearcast
