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
constexpr const char* kTsigKeysPath = "/api/v1/servers/localhost/tsigkeys";
constexpr uint64_t kDaySeconds = 24 * 60 * 60;
constexpr uint64_t kDaysMax = 36'500;  // A key for longer than a life needs no end.

struct Options : ControllerOptions {
    std::string name;
    std::string right;
    std::string days;
    bool is_tsig = false;
    std::string algorithm = "hmac-sha256";
    std::string secret;
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

// As programs take it, and what is to be known of it.
void tell_tsig_key(const json& key) {
    const std::string name = text_of(key, "name");
    const std::string algorithm = text_of(key, "algorithm");
    const std::string secret = text_of(key, "key");
    put("TSIG key " + name + "; it can be used at once:\n\n    nsupdate -y " + algorithm + ':' +
        name + ':' + secret + '\n');
}

const char* keys_path(const Options& options) {
    return options.is_tsig ? kTsigKeysPath : kKeysPath;
}

Result<int> add(Controller& controller, const Options& options) {
    json body{{"name", options.name}};
    if (!options.right.empty()) body["right"] = options.right;
    if (options.is_tsig) body["algorithm"] = options.algorithm;
    if (options.is_tsig && !options.secret.empty()) body["key"] = options.secret;
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
    const auto answer =
        controller.ask({.method = "POST", .path = keys_path(options), .body = body});
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
    } else if (options.is_tsig) {
        tell_tsig_key(answer->json);
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
    const auto keys =
        options.is_tsig ? controller.get(kTsigKeysPath) : controller.get_list(kKeysPath);
    if (!keys) return std::unexpected(keys.error());
    if (options.is_json) {
        print(*keys);
        return 0;
    }
    console::Table table({options.is_tsig ? "ALGORITHM" : "ID", "NAME", "RIGHT", "ONLY FOR",
                          "EXPIRES (UTC)", "MADE (UTC)"});
    for (const json& key : *keys) {
        table.add({text_of(key, options.is_tsig ? "algorithm" : "id"), text_of(key, "name"),
                   text_of(key, "right"), limits_of(key), console::moment_text(key, "expires_at"),
                   console::moment_text(key, "created_at")});
    }
    print(table, "no keys");
    return 0;
}

Result<int> remove(Controller& controller, const Options& options) {
    return remove_if_agreed(
        controller,
        {.path = path_of(keys_path(options), options.name),
         .name = options.name,
         .question = "Make the key " + options.name + " good for nothing?",
         .done = "key " + options.name + " is removed: who has it is refused from now on"},
        options);
}

void declare_limits(CLI::App& verb, Options& options) {
    verb.add_option("--right", options.right,
                    "read; change: records too; manage: zones and keys too (default: manage; of a "
                    "TSIG key change)")
        ->check(CLI::IsMember({"read", "change", "manage"}));
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

void declare_tsig(CLI::App& verb, Options& options) {
    verb.add_flag("--tsig", options.is_tsig,
                  "A key that signs DNS messages: dynamic updates, transfers, questions");
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
    added.app->add_option("NAME", added.options->name, "Whose it is; of a TSIG key a DNS name")
        ->required();
    declare_limits(*added.app, *added.options);
    declare_tsig(*added.app, *added.options);
    added.app
        ->add_option("--algorithm", added.options->algorithm, "Of a TSIG key: hmac-sha512, ...")
        ->capture_default_str();
    added.app
        ->add_option("--secret", added.options->secret,
                     "Of a TSIG key that others have already, in base64 (default: a new one)")
        ->type_name("BASE64");
    added.app->footer(
        "Example: certificates of one domain, and nothing else\n  nearcast key add acme "
        "--right change --zone example.org \\\n      --name "
        "subtree:_acme-challenge.example.org --type TXT --days 365\n\nThe same for certbot's "
        "dns-rfc2136 and other clients of dynamic update\n  nearcast key add acme.example.net "
        "--tsig --zone example.org \\\n      --name subtree:_acme-challenge.example.org --type "
        "TXT");
    const auto listed = add_verb<Options>(
        *family, "list", "The keys that there are, without their texts", list, status);
    declare_tsig(*listed.app, *listed.options);
    const auto removed =
        add_verb<Options>(*family, "remove", "Make a key good for nothing", remove, status);
    removed.app
        ->add_option("ID", removed.options->name,
                     "Its number, as key list has it; of a TSIG key its name")
        ->required();
    declare_tsig(*removed.app, *removed.options);
    removed.options->declare_consent(*removed.app);
}

}  // namespace nearcast
