// SPDX-License-Identifier: Apache-2.0

#include "tenant_command.h"

#include <memory>
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
    bool is_agreed = false;
};

std::string tenant_path(const Options& options) {
    return std::string(kTenantsPath) + '/' + client::escaped(options.name);
}

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
    const auto tenants = controller.get(kTenantsPath);
    if (!tenants) return std::unexpected(tenants.error());
    if (options.is_json) {
        print(*tenants);
    } else {
        print_tenants(*tenants);
    }
    return 0;
}

Result<int> show(Controller& controller, const Options& options) {
    const auto tenant = controller.get(tenant_path(options));
    if (!tenant) return std::unexpected(tenant.error());
    if (options.is_json) {
        print(*tenant);
    } else {
        print_tenants(json::array({*tenant}));
    }
    return 0;
}

// Asks, and tells what came of it in words or as it came.
Result<int> send(Controller& controller, const Options& options, const client::Request& request,
                 const std::string& done) {
    const auto answer = controller.ask(request);
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json.is_null() ? json{{"name", options.name}} : answer->json);
    } else {
        put("the tenant " + options.name + done + '\n');
    }
    return 0;
}

Result<int> add(Controller& controller, const Options& options) {
    return send(controller, options,
                {.method = "POST",
                 .path = kTenantsPath,
                 .body = {{"name", options.name}, {"plan", options.plan}}},
                " is known now: zones are his by --account " + options.name);
}

Result<int> set_plan(Controller& controller, const Options& options) {
    return send(controller, options,
                {.method = "PUT", .path = tenant_path(options), .body = {{"plan", options.plan}}},
                " has the plan " + options.plan);
}

Result<int> remove(Controller& controller, const Options& options) {
    if (!options.is_agreed && !is_agreed("Remove the tenant " + options.name + '?')) {
        return base::fail("nothing was removed");
    }
    return send(controller, options, {.method = "DELETE", .path = tenant_path(options)},
                " is removed");
}

using Action = Result<int> (*)(Controller&, const Options&);

void add_verb(CLI::App& family, const char* name, const char* help, Action action, int& status) {
    CLI::App* verb = family.add_subcommand(name, help);
    const auto options = std::make_shared<Options>();
    options->declare(*verb);
    if (action != list) verb->add_option("NAME", options->name, "His name")->required();
    if (action == add || action == set_plan) {
        verb->add_option("--plan", options->plan, "A [[plan]] of the controller's control.toml")
            ->required()
            ->type_name("NAME");
    } else if (action == remove) {
        verb->add_flag("--yes", options->is_agreed, "Do not ask");
    }
    when_chosen(*verb, status, *options,
                [options, action](Controller& controller) { return action(controller, *options); });
}

}  // namespace

void add_tenant_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand("tenant", "Customers, and what their plan allows");
    family->require_subcommand(1);
    add_verb(*family, "add", "Make a tenant, whose zones are those of that account", add, status);
    add_verb(*family, "list", "The tenants, with what they use of their plan", list, status);
    add_verb(*family, "show", "One of them", show, status);
    add_verb(*family, "set", "Give a tenant another plan", set_plan, status);
    add_verb(*family, "remove", "Remove a tenant without zones. Asks before", remove, status);
}

}  // namespace nearcast
