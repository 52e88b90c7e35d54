// SPDX-License-Identifier: Apache-2.0

#include "kept_zone_command.h"

#include <algorithm>
#include <cstdio>
#include <iterator>
#include <string>
#include <vector>

#include <fnmatch.h>
#include <strings.h>

#include "console/json_text.h"
#include "controller.h"
#include "history.h"
#include "terminal.h"
#include "zone_source.h"

namespace nearcast {
namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

constexpr const char* kPage = "?limit=1000";
constexpr size_t kHistoryUsual = 100;

struct Options : ControllerOptions {
    std::string zone;
    std::string pattern;
    std::string file;
    std::string kind = "Native";
    std::string account;
    std::string change;
    std::vector<std::string> nameservers;
    std::vector<std::string> primaries;
    std::string tsig;
    bool is_secondary = false;
    size_t most = kHistoryUsual;
};

std::string absolute(const std::string& name) { return name + (name.ends_with('.') ? "" : "."); }

// What of a file is to become a zone.
Result<json> sets_from(const std::string& file, const dns::Name& name) {
    const auto loaded = load_zone_file(file, {.origin = name});
    if (!loaded) return std::unexpected(loaded.error());
    std::fputs(loaded->findings.c_str(), stderr);
    if (!(loaded->name == name)) {
        return base::fail(file + " is of the zone " + dns::to_text(loaded->name),
                          "nearcast zone import " + file);
    }
    json rrsets = json::array();
    for (const console::RecordSet& set : loaded->sets) rrsets.push_back(console::to_json(set));
    return rrsets;
}

// A zone that other servers have.
Result<int> add_secondary(Controller& controller, const Options& options, const dns::Name& name) {
    json body{{"name", dns::to_text(name)},
              {"kind", "Slave"},
              {"account", options.account},
              {"masters", options.primaries}};
    if (!options.tsig.empty()) body["slave_tsig_key_ids"] = json::array({options.tsig});
    return make_change(
        controller, {.method = "POST", .path = kZonesPath + "?rrsets=false", .body = body}, options,
        {.done = dns::to_text(name) +
                 " is added, and will be fetched; nearcast zone show tells how far it is",
         .is_for_later = true});
}

// A catalog has an NS record of its own.
bool lacks_servers(const Options& options) {
    return options.nameservers.empty() && options.file.empty() &&
           ::strcasecmp(options.kind.c_str(), "Producer") != 0;
}

Result<int> add(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.zone);
    if (!name) return std::unexpected(name.error());
    if (options.is_secondary) return add_secondary(controller, options, *name);
    json body{{"name", dns::to_text(*name)},
              {"kind", options.kind},
              {"account", options.account},
              {"nameservers", json::array()}};
    std::string servers;
    for (const std::string& each : options.nameservers) {
        const auto server = console::typed_server(each, *name);
        if (!server) return base::within("--ns", server.error());
        body["nameservers"].push_back(dns::to_text(*server));
        servers += (servers.empty() ? ", served by " : ", ") + dns::to_text(*server);
    }
    if (!options.file.empty()) {
        auto rrsets = sets_from(options.file, *name);
        if (!rrsets) return std::unexpected(rrsets.error());
        body["rrsets"] = *std::move(rrsets);
    }
    auto made = make_change(controller,
                            {.method = "POST", .path = kZonesPath + "?rrsets=false", .body = body},
                            options, {dns::to_text(*name) + " is added" + servers});
    if (made && lacks_servers(options) && !options.is_json) {
        std::fprintf(stderr, "  try: nearcast record set %s @ NS 1h NAMESERVER\n",
                     console::printable(options.zone).c_str());
    }
    return made;
}

bool has_wildcard(const std::string& pattern) {
    return pattern.find_first_of("*?") != std::string::npos;
}

// The serial that is served, of a zone as the API shows it, behind a word.
std::string served_text(const json& zone, const std::string& word = {}) {
    const std::string serial = text_of(zone, "edited_serial");
    return serial == "0" ? "not yet" : word + serial;
}

Result<int> list(Controller& controller, const Options& options) {
    std::string path = kZonesPath + kPage;
    if (!options.pattern.empty() && !has_wildcard(options.pattern)) {
        const auto name = parse_zone(options.pattern);
        if (!name) return std::unexpected(name.error());
        path = kZonesPath + "?zone=" + client::escaped(dns::to_text(*name));
    }
    const auto zones = controller.get_list(path);
    if (!zones) return std::unexpected(zones.error());
    console::Table table({"ZONE", "KIND", "SERIAL", "SERVED", "SIGNED", "ACCOUNT"});
    json found = json::array();
    for (const json& zone : *zones) {
        const std::string name = text_of(zone, "name");
        if (has_wildcard(options.pattern) &&
            ::fnmatch(absolute(options.pattern).c_str(), name.c_str(), FNM_CASEFOLD) != 0) {
            continue;
        }
        table.add({name, text_of(zone, "kind"), text_of(zone, "serial"), served_text(zone),
                   console::is_true(zone, "dnssec") ? "yes" : "no", text_of(zone, "account")});
        if (options.is_json) found.push_back(zone);
    }
    if (options.is_json) {
        print(found);
        return 0;
    }
    const std::string pattern = console::printable(options.pattern);
    print(table, pattern.empty()
                     ? "no zones: nearcast zone add NAME --ns NAMESERVER, or nearcast zone import"
                 : has_wildcard(options.pattern)
                     ? "none of " + std::to_string(zones->size()) + " zones matches " + pattern
                     : "there is no zone " + pattern);
    return 0;
}

// How a zone comes from its primaries; nothing for all others.
Result<std::vector<std::pair<const char*, std::string>>> transfer_rows(Controller& controller,
                                                                       const json& zone) {
    std::vector<std::pair<const char*, std::string>> rows;
    const std::string kind = text_of(zone, "kind");
    if (kind != "Slave" && kind != "Consumer") return rows;
    const auto told = controller.get("/api/v1/transfers/" + client::escaped(text_of(zone, "id")));
    if (!told) return std::unexpected(told.error());
    rows.emplace_back("copy", text_of(*told, "state"));
    rows.emplace_back("checked", text_of(*told, "checked_at"));
    const std::string left = text_of(*told, "expires_in");
    if (!left.empty()) rows.emplace_back("expires", "in " + left + " s, unless a primary answers");
    rows.emplace_back("problem", text_of(*told, "problem"));
    return rows;
}

Result<int> show(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.zone);
    if (!name) return std::unexpected(name.error());
    const auto zone = controller.get(zone_path(*name) + "?rrsets=false");
    if (!zone) return std::unexpected(zone.error());
    if (options.is_json) {
        print(*zone);
        return 0;
    }
    std::vector<std::pair<const char*, std::string>> rows{
        {"zone", text_of(*zone, "name")},
        {"kind", text_of(*zone, "kind")},
        {"serial", text_of(*zone, "serial")},
        {"served", served_text(*zone, "serial ")},
        {"problem", text_of(*zone, "not_published")},
        {"signed", console::is_true(*zone, "dnssec") ? "yes" : "no"},
        {"account", text_of(*zone, "account")},
        {"masters", console::list_text(*zone, "masters")}};
    auto more = transfer_rows(controller, *zone);
    if (!more) return std::unexpected(more.error());
    std::ranges::move(*more, std::back_inserter(rows));
    for (const auto& [head, text] : rows) {
        if (!text.empty()) std::printf("%-8s %s\n", head, console::printable(text).c_str());
    }
    put("\nThe last changes:\n");
    return list_changes(controller, options.zone, 5, /*is_json=*/false);
}

Result<int> remove(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.zone);
    if (!name) return std::unexpected(name.error());
    const auto zone = controller.get(zone_path(*name) + "?rrsets=false");
    if (!zone) return std::unexpected(zone.error());
    if (!options.is_agreed && !is_agreed("Delete " + dns::to_text(*name) +
                                         ", so that it is served no longer? Its history "
                                         "stays, and with it the way back.")) {
        return base::fail("nothing was deleted");
    }
    return make_change(
        controller, {.method = "DELETE", .path = zone_path(*name)}, options,
        {.done = dns::to_text(*name) + " is deleted; nearcast zone revert takes that back",
         .is_deletion = true});
}

Result<int> write_out(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.zone);
    if (!name) return std::unexpected(name.error());
    client::Request request{.path = zone_path(*name) + "/export"};
    if (options.is_json) request.headers["Accept"] = "application/json";
    const auto answer = controller.ask(request);
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
    } else {
        put(answer->text);
    }
    return 0;
}

Result<int> notify(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.zone);
    if (!name) return std::unexpected(name.error());
    const auto answer = controller.ask({.method = "PUT", .path = zone_path(*name) + "/notify"});
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
    } else {
        put("the servers of " + dns::to_text(*name) + " are told once more\n");
    }
    return 0;
}

Result<int> retrieve(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.zone);
    if (!name) return std::unexpected(name.error());
    const auto answer =
        controller.ask({.method = "PUT", .path = zone_path(*name) + "/axfr-retrieve"});
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
    } else {
        put(dns::to_text(*name) + " is fetched anew from its primaries\n");
    }
    return 0;
}

Result<int> revert(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.zone);
    const auto path = change_path(options.change);
    if (!name || !path) return std::unexpected(name ? path.error() : name.error());
    const auto change = controller.get(*path);
    if (!change) return std::unexpected(change.error());
    if (text_of(*change, "zone") != dns::to_text(*name)) {
        return base::fail("change " + options.change + " is of " + text_of(*change, "zone"),
                          "nearcast zone history " + options.zone);
    }
    return make_change(controller,
                       {.method = "POST", .path = *path + "/revert", .body = json::object()},
                       options, {"change " + options.change + " is taken back"});
}

Result<int> history(Controller& controller, const Options& options) {
    return list_changes(controller, options.zone, options.most, options.is_json);
}

Verb<Options> with_zone(Verb<Options> verb) {
    verb.app->add_option("ZONE", verb.options->zone, "The zone's name")->required();
    return verb;
}

void add_add(CLI::App& zone, int& status) {
    const auto [app, options] =
        with_zone(add_verb<Options>(zone, "add", "Make a zone", add, status));
    options->declare_change(*app);
    app->add_option("--ns", options->nameservers,
                    "A name server of the zone; several times. One word is a name in the zone: ns1")
        ->type_name("NAME");
    app->add_option("--file", options->file, "Its records")->type_name("FILE");
    app->add_option("--kind", options->kind,
                    "Native, Master, or Producer: a catalog of other zones")
        ->capture_default_str();
    app->add_option("--account", options->account, "Whose it is")->type_name("TEXT");
    CLI::Option* const secondary =
        app->add_flag("--secondary", options->is_secondary, "Other servers have it: it is fetched");
    CLI::Option* const primary =
        app->add_option("--primary", options->primaries,
                        "One of those servers, with --secondary; several times")
            ->type_name("ADDRESS")
            ->needs(secondary);
    secondary->needs(primary)->excludes("--ns", "--file", "--kind");
    app->add_option("--tsig", options->tsig, "The key that they are asked with")
        ->type_name("KEY")
        ->needs(secondary);
    app->footer(
        "Examples:\n  nearcast zone add example.org --ns ns1.example.net --ns "
        "ns2.example.net\n  nearcast zone add example.org --file example.org.zone\n  nearcast "
        "zone add example.org --secondary --primary 192.0.2.1 --tsig transfer.example");
}

void add_revert(CLI::App& zone, int& status) {
    const auto [app, options] = with_zone(
        add_verb<Options>(zone, "revert",
                          "Take one change of a zone back, by a new change. Fails when what it "
                          "touched was changed since",
                          revert, status));
    options->declare_change(*app);
    app->add_option("CHANGE", options->change, "The number of a change")->required();
    app->footer("Example:\n  nearcast zone revert example.org 12 --comment 'it broke the mail'");
}

}  // namespace

void add_kept_zone_commands(CLI::App& zone, int& status) {
    add_add(zone, status);
    const auto listed = add_verb<Options>(
        zone, "list",
        "The zones that the controller keeps, with the serial of each and the one that is served",
        list, status);
    listed.app->add_option("PATTERN", listed.options->pattern,
                           "A name, or one with * and ?: *.example");
    with_zone(add_verb<Options>(zone, "show", "What is set of a zone, and its last changes", show,
                                status));
    const auto deleted =
        with_zone(add_verb<Options>(zone, "delete", "End a zone. Asks before", remove, status));
    deleted.options->declare_change(*deleted.app);
    deleted.options->declare_consent(*deleted.app);
    with_zone(add_verb<Options>(zone, "export", "Print a zone as a zone file", write_out, status));
    with_zone(add_verb<Options>(
        zone, "notify", "Tell the zone's servers once more that it has changed", notify, status));
    with_zone(add_verb<Options>(
        zone, "retrieve",
        "Fetch a secondary zone anew from its primaries, whatever its serial is there", retrieve,
        status));
    add_revert(zone, status);
    const auto past = with_zone(add_verb<Options>(
        zone, "history", "What was changed in a zone, the newest first", history, status));
    past.app->add_option("--limit", past.options->most, "So many at most")
        ->check(kListLimits)
        ->capture_default_str();
}

}  // namespace nearcast
