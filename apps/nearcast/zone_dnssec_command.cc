// SPDX-License-Identifier: Apache-2.0

#include "zone_dnssec_command.h"

#include <array>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "console/json_text.h"
#include "controller.h"
#include "terminal.h"

namespace nearcast {
namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

struct Options : ControllerOptions {
    std::string zone;
    std::string algorithm;
    std::string keys;
    std::string nsec3;
    std::string role = "csk";
};

constexpr std::array<std::pair<std::string_view, const char*>, 7> kStates{
    {{"unsigned", "not signed"},
     {"beginning", "about to be signed"},
     {"waiting_for_caches", "signed; the parent is told once no cache has it unsigned any more"},
     {"waiting_for_parent", "signed; the parent is to have the DS records below, and has not yet"},
     {"rolling", "secure; keys are being replaced"},
     {"secure", "secure: whoever validates is protected"},
     {"leaving", "on its way to be unsigned, once the parent has no DS any more"}}};

std::string meaning_of(const std::string& state) {
    for (const auto& [name, meaning] : kStates) {
        if (name == state) return meaning;
    }
    return console::printable(state);
}

Result<std::string> signing_path(const Options& options) {
    const auto name = parse_zone(options.zone);
    if (!name) return std::unexpected(name.error());
    return "/api/v1/signing" + zone_path(*name).substr(kZonesPath.size());
}

Result<json> signing_of(Controller& controller, const Options& options) {
    const auto path = signing_path(options);
    return path ? controller.get(*path) : std::unexpected(path.error());
}

std::string parent_text(const json& parent) {
    if (!parent.is_object()) return {};
    if (console::is_true(parent, "settled")) return "has what it should have";
    const std::string looked_at = console::moment_text(parent, "looked_at");
    if (looked_at.empty()) return "not looked at yet";
    return "has other DS records, or none; looked at " + looked_at + " UTC";
}

std::string ds_lines(const json& signing) {
    std::string text;
    for (const json& ds : console::member(signing, "ds")) {
        if (!ds.is_string()) continue;
        text += text_of(signing, "zone") + " IN DS " + ds.get<std::string>() + '\n';
    }
    return text;
}

void print_status(const json& signing) {
    const std::string denial = text_of(signing, "nsec3param");
    std::string how = text_of(signing, "keys");
    if (!how.empty()) {
        how += ", " + text_of(signing, "algorithm") + ", " +
               (denial.empty() ? "NSEC" : "NSEC3 " + denial);
    }
    const std::vector<std::pair<const char*, std::string>> rows{
        {"zone", text_of(signing, "zone")},
        {"state", meaning_of(text_of(signing, "state"))},
        {"keys", how},
        {"good to", console::moment_text(signing, "signed_until")},
        {"parent", parent_text(console::member(signing, "parent"))},
        {"trouble", text_of(signing, "trouble")}};
    for (const auto& [head, text] : rows) {
        if (!text.empty()) std::printf("%-8s %s\n", head, console::printable(text).c_str());
    }
    for (const json& warning : console::member(signing, "warnings")) {
        if (warning.is_string())
            put("warning  " + console::printable(warning.get<std::string>()) + '\n');
    }
    console::Table table({"KEY", "ROLE", "TAG", "PUBLISHED", "SIGNS", "MADE (UTC)"});
    for (const json& key : console::member(signing, "own_keys")) {
        const bool signs_keys = console::is_true(key, "signs_keys");
        const bool signs_zone = console::is_true(key, "signs_zone");
        table.add({text_of(key, "id"), text_of(key, "role"), text_of(key, "tag"),
                   console::is_true(key, "published") ? "yes" : "no",
                   signs_keys && signs_zone ? "all"
                   : signs_keys             ? "keys"
                   : signs_zone             ? "records"
                                            : "nothing",
                   console::moment_text(key, "added_at")});
    }
    if (table.is_empty()) return;
    put("\n");
    print(table, "");
    const std::string ds = ds_lines(signing);
    if (!ds.empty()) put("\nFor the parent:\n" + ds);
}

Result<int> show(Controller& controller, const Options& options) {
    const auto signing = signing_of(controller, options);
    if (!signing) return std::unexpected(signing.error());
    if (options.is_json) {
        print(*signing);
    } else {
        print_status(*signing);
    }
    return 0;
}

Result<int> show_ds(Controller& controller, const Options& options) {
    const auto signing = signing_of(controller, options);
    if (!signing) return std::unexpected(signing.error());
    const std::string lines = ds_lines(*signing);
    if (options.is_json) {
        print(console::member(*signing, "ds"));
    } else if (lines.empty()) {
        std::fputs("the parent is to have no DS now: nearcast zone dnssec status tells why\n",
                   stderr);
    } else {
        put(lines);
    }
    return 0;
}

Result<int> send(Controller& controller, const Options& options, client::Request request) {
    if (!options.comment.empty()) request.body["comment"] = options.comment;
    const auto answer = controller.ask(request);
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
    } else {
        print_status(answer->json);
    }
    return 0;
}

Result<int> enable(Controller& controller, const Options& options) {
    const auto path = signing_path(options);
    if (!path) return std::unexpected(path.error());
    json body{{"enabled", true}};
    if (!options.algorithm.empty()) body["algorithm"] = options.algorithm;
    if (!options.keys.empty()) body["keys"] = options.keys;
    if (!options.nsec3.empty()) body["nsec3param"] = options.nsec3 == "off" ? "" : options.nsec3;
    return send(controller, options, {.method = "PUT", .path = *path, .body = body});
}

Result<int> disable(Controller& controller, const Options& options) {
    const auto path = signing_path(options);
    if (!path) return std::unexpected(path.error());
    if (!options.is_agreed && !is_agreed("Have " + options.zone +
                                         " unsigned in the end? Its signatures stay until the "
                                         "parent has no DS any more.")) {
        return base::fail("nothing was changed");
    }
    return send(controller, options,
                {.method = "PUT", .path = *path, .body = {{"enabled", false}}});
}

Result<int> roll(Controller& controller, const Options& options) {
    const auto path = signing_path(options);
    if (!path) return std::unexpected(path.error());
    return send(controller, options,
                {.method = "POST", .path = *path + "/rollover", .body = {{"role", options.role}}});
}

Verb<Options> with_zone(Verb<Options> verb) {
    verb.app->add_option("ZONE", verb.options->zone, "The zone's name")->required();
    return verb;
}

void declare_signing(const Verb<Options>& verb) {
    verb.options->declare_comment(*verb.app);
    verb.app
        ->add_option("--algorithm", verb.options->algorithm,
                     "ECDSAP256SHA256, ED25519, RSASHA256, … (default: as it is, at first "
                     "ECDSAP256SHA256)")
        ->type_name("NAME");
    verb.app
        ->add_option("--keys", verb.options->keys,
                     "csk: one key for all; split: one for the keys, one for the records")
        ->check(CLI::IsMember({"csk", "split"}));
    verb.app->add_option("--nsec3", verb.options->nsec3, "'1 0 0 -' denies by NSEC3; off: by NSEC")
        ->type_name("PARAMETERS");
    verb.app->footer("Example:\n  nearcast zone dnssec enable example.org");
}

}  // namespace

void add_zone_dnssec_commands(CLI::App& zone, int& status) {
    CLI::App* family = zone.add_subcommand("dnssec", "How a zone is signed");
    family->require_subcommand(1);
    with_zone(add_verb<Options>(*family, "status",
                                "Whether it is signed, with which keys, and what its parent has",
                                show, status));
    declare_signing(with_zone(add_verb<Options>(
        *family, "enable", "Sign a zone, or sign it otherwise. Keys come and go when it is safe",
        enable, status)));
    const auto disabled = with_zone(add_verb<Options>(
        *family, "disable", "Have a zone unsigned, once its parent has no DS. Asks before", disable,
        status));
    disabled.options->declare_comment(*disabled.app);
    disabled.options->declare_consent(*disabled.app);
    with_zone(add_verb<Options>(*family, "ds", "Print the DS records that the parent is to have",
                                show_ds, status));
    const auto rolled = with_zone(
        add_verb<Options>(*family, "rollover",
                          "Have another key take the place of one, when it is safe", roll, status));
    rolled.app->add_option("--role", rolled.options->role, "Which key is replaced")
        ->check(CLI::IsMember({"csk", "ksk", "zsk"}))
        ->capture_default_str();
}

}  // namespace nearcast
