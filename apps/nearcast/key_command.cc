// SPDX-License-Identifier: Apache-2.0

#include "key_command.h"

#include <charconv>
#include <ctime>
#include <string>
#include <vector>

#include "console/json_text.h"
#include "controller.h"
#include "terminal.h"

namespace nearcast {
namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

constexpr const char* kKeysPath = "/api/v1/keys";
constexpr uint64_t kDaySeconds = 24 * 60 * 60;
constexpr uint64_t kDaysMax = 36'500;  // A key for longer than a life needs no end.

struct Options : ControllerOptions {
    std::string name;
    std::string right = "manage";
    std::string days;
    std::vector<std::string> zones;
    std::vector<std::string> names;
    std::vector<std::string> types;
    std::vector<std::string> sources;
};

Result<uint64_t> read_days(const std::string& text) {
    uint64_t days = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, days);
    if (error == std::errc() && stop == end && days > 0 && days <= kDaysMax) return days;
    return base::fail("--days \"" + console::printable(text) + "\" is not from 1 to 36500",
                      "--days 90");
}

Result<int> add(Controller& controller, const Options& options) {
    json body{{"name", options.name}, {"right", options.right}};
    const auto limit = [&body](const char* name, const std::vector<std::string>& to) {
        if (!to.empty()) body[name] = to;
    };
    limit("zones", options.zones);
    limit("names", options.names);
    limit("types", options.types);
    limit("sources", options.sources);
    if (!options.days.empty()) {
        const auto days = read_days(options.days);
        if (!days) return std::unexpected(days.error());
        body["expires_at"] = static_cast<uint64_t>(std::time(nullptr)) + *days * kDaySeconds;
    }
    const auto answer = controller.ask({.method = "POST", .path = kKeysPath, .body = body});
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
    } else {
        put("key " + text_of(answer->json, "id") + " of " + options.name +
            "; nobody can see it again:\n\n    " + text_of(answer->json, "key") + '\n');
    }
    return 0;
}

// What it may do beside its right.
std::string limits_of(const json& key) {
    std::string text;
    for (const char* limit : {"zones", "names", "types", "sources"}) {
        const std::string list = console::list_text(key, limit);
        if (!list.empty()) text += (text.empty() ? "" : "; ") + std::string(limit) + ' ' + list;
    }
    return text;
}

Result<int> list(Controller& controller, const Options& options) {
    const auto keys = controller.get_list(kKeysPath);
    if (!keys) return std::unexpected(keys.error());
    if (options.is_json) {
        print(*keys);
        return 0;
    }
    console::Table table({"ID", "NAME", "RIGHT", "ONLY FOR", "EXPIRES (UTC)", "MADE (UTC)"});
    for (const json& key : *keys) {
        table.add({text_of(key, "id"), text_of(key, "name"), text_of(key, "right"), limits_of(key),
                   console::moment_text(key, "expires_at"),
                   console::moment_text(key, "created_at")});
    }
    print(table, "no keys");
    return 0;
}

Result<int> remove(Controller& controller, const Options& options) {
    return remove_if_agreed(
        controller,
        {.path = path_of(kKeysPath, options.name),
         .name = options.name,
         .question = {},
         .done = "key " + options.name + " is removed: who has it is refused from now on"},
        options);
}

void declare_limits(CLI::App& verb, Options& options) {
    verb.add_option("--right", options.right,
                    "read; change: records too; manage: zones and keys too")
        ->check(CLI::IsMember({"read", "change", "manage"}))
        ->capture_default_str();
    verb.add_option("--zone", options.zones,
                    "For that zone alone: example.org, subtree:example.org, match:*.example.org; "
                    "several times")
        ->type_name("ZONE");
    verb.add_option("--name", options.names, "For owners of that name alone, in the same forms")
        ->type_name("NAME");
    verb.add_option("--type", options.types, "For that record type alone; several times")
        ->type_name("TYPE");
    verb.add_option("--source", options.sources, "From that address or prefix alone; several times")
        ->type_name("PREFIX");
    verb.add_option("--days", options.days, "Until so many days from now (default: for ever)")
        ->type_name("NUMBER");
}

}  // namespace

void add_key_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand("key", "Who may use the controller, and for what");
    family->require_subcommand(1);
    const auto added = add_verb<Options>(
        *family, "add",
        "Make a key, for a program or a person, and print it this once. Without limits it may do "
        "everything",
        add, status);
    added.app->add_option("NAME", added.options->name, "Whose it is")->required();
    declare_limits(*added.app, *added.options);
    added.app->footer(
        "Example: certificates of one domain, and nothing else\n  nearcast key add acme "
        "--right change --zone example.org \\\n      --name "
        "subtree:_acme-challenge.example.org --type TXT --days 365");
    add_verb<Options>(*family, "list", "The keys that there are, without their texts", list,
                      status);
    const auto removed =
        add_verb<Options>(*family, "remove", "Make a key good for nothing", remove, status);
    removed.app->add_option("ID", removed.options->name, "Its number, as key list has it")
        ->required();
}

}  // namespace nearcast
