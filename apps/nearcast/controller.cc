// SPDX-License-Identifier: Apache-2.0

#include "controller.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <unistd.h>

#include "client/contexts.h"
#include "command.h"
#include "console/json_text.h"
#include "console/receipts.h"
#include "dns/typed_name.h"
#include "terminal.h"

namespace nearcast {

const std::string kZonesPath = "/api/v1/servers/localhost/zones";

namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

constexpr const char* kContextVariable = "NEARCAST_CONTEXT";

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

// The path in a header `Link: </api/...>; rel="next"`; empty when there is none.
std::string next_page(const client::Answer& answer) {
    const std::string link = answer.header("link");
    const size_t from = link.find('<');
    const size_t to = link.find('>');
    if (from == std::string::npos || to == std::string::npos || to < from) return {};
    return link.substr(from + 1, to - from - 1);
}

// Before anything is changed: nobody serves a change at a place that is not there. Whoever may not
// see the places is told by the controller.
Result<void> check_wait(Controller& controller, const std::string& wait) {
    constexpr std::string_view kPopMark = "pop:";
    if (wait.empty() || wait == "all" || wait == "quorum") return {};
    if (!wait.starts_with(kPopMark)) {
        return base::fail('"' + console::printable(wait) + "\" is nobody to wait for",
                          "all, quorum, or pop:NAME");
    }
    const std::string pop = wait.substr(kPopMark.size());
    const auto answer = controller.exchange({.path = path_of("/api/v1/pops", pop)});
    if (!answer) return std::unexpected(answer.error());
    if (answer->status != 404) return {};
    return base::fail(
        "nothing is done: there is no place " + console::printable(pop) + " to wait for",
        "nearcast pop list");
}

constexpr const char* kElsewhereOnThisMachine =
    "does nearcast-control run? Where [api] listen in its control.toml is another address: "
    "nearcast context add home --url https://ADDRESS:8053 "
    "--key-file /var/lib/nearcast-control/admin.key --pin \"$(nearcast context pin)\"";

// Whether anything of the zone is served, whatever was changed since.
bool is_served(Controller& controller, const std::string& zone) {
    const auto name = parse_zone(zone);
    if (!name) return false;
    const auto kept = controller.get(zone_path(*name) + "?rrsets=false");
    return kept && text_of(*kept, "edited_serial") != "0";
}

}  // namespace

void ControllerOptions::declare(CLI::App& verb) {
    verb.add_option("--context", context, "The network that is meant; see nearcast context list")
        ->type_name("NAME");
    verb.add_flag("--json", is_json, "Print what the API gave, one line of JSON");
}

void ControllerOptions::declare_comment(CLI::App& verb) {
    verb.add_option("--comment", comment, "Why; it stays in the zone's history")->type_name("TEXT");
}

void ControllerOptions::declare_change(CLI::App& verb) {
    declare_comment(verb);
    verb.add_option("--wait", wait,
                    "Return once it is served: by all, by a quorum of the places, or pop:NAME")
        ->type_name("all|quorum|pop:NAME");
    declare_timeout(verb);
}

void ControllerOptions::declare_timeout(CLI::App& verb) {
    verb.add_option("--timeout", timeout, "How long to wait at most, in seconds")
        ->check(CLI::Range(0, 60))
        ->default_str(std::to_string(kServingLimit));
}

void ControllerOptions::declare_consent(CLI::App& verb) {
    verb.add_flag("--yes", is_agreed, "Do not ask");
}

Result<Controller> Controller::connect(const std::string& context) {
    client::Wish wish{
        .contexts_file = client::contexts_path(std::getenv("XDG_CONFIG_HOME"), std::getenv("HOME")),
        .name = context.empty() ? variable(kContextVariable) : context};
    const auto chosen = client::choose_context(wish);
    if (!chosen) return std::unexpected(chosen.error());
    client::Advice advice;
    if (chosen->name == client::kThisMachine) advice.unreached = kElsewhereOnThisMachine;
    auto connection = client::Connection::open(chosen->target, {}, std::move(advice));
    if (!connection) return base::within("context " + chosen->name, connection.error());
    return Controller(*std::move(connection));
}

Result<json> Controller::get(const std::string& path) {
    auto answer = ask({.path = path});
    if (!answer) return std::unexpected(answer.error());
    return std::move(answer->json);
}

Result<json> Controller::get_list(const std::string& path, size_t most) {
    json list = json::array();
    for (std::string next = path; !next.empty() && list.size() < most;) {
        auto answer = ask({.path = next});
        if (!answer) return std::unexpected(answer.error());
        for (json& item : answer->json) {
            if (list.size() < most) list.push_back(std::move(item));
        }
        next = next_page(*answer);
    }
    return list;
}

Result<KeptZone> Controller::zone(const dns::Name& name) {
    const auto answer = ask({.path = zone_path(name)});
    if (!answer) return std::unexpected(answer.error());
    const json& serial = console::member(answer->json, "serial");
    return KeptZone{name, answer->header("etag"),
                    serial.is_number_unsigned() ? serial.get<uint32_t>() : 0,
                    console::read_sets(console::member(answer->json, "rrsets"))};
}

void when_chosen(CLI::App& verb, int& status, const ControllerOptions& options, Act act) {
    verb.callback([&status, &options, act = std::move(act)] {
        auto controller = Controller::connect(options.context);
        const auto known = controller ? check_wait(*controller, options.wait)
                                      : std::unexpected(controller.error());
        const auto done = known ? act(*controller) : std::unexpected(known.error());
        status = done ? *done : tell(done.error());
    });
}

Result<dns::Name> parse_zone(const std::string& text) {
    const dns::Name root;
    const auto name = dns::parse_typed_name(text, &root);
    if (!name) return base::within("zone \"" + console::printable(text) + '"', name.error());
    return name->lowered();
}

// A controller that knows of no such wait has nothing to tell.
void tell_problem(Controller& controller, const std::string& sequence, uint32_t limit) {
    if (sequence.empty()) return;
    const std::string waiting = "&wait=published&timeout=" + std::to_string(limit);
    const auto change = controller.get(path_of("/api/v1/changes", sequence) + "?rrsets=false" +
                                       (limit > 0 ? waiting : ""));
    const std::string why = change ? text_of(*change, "not_published") : std::string();
    if (why.empty()) return;
    const std::string zone = text_of(*change, "zone");
    std::fprintf(stderr, "%s cannot be published as it is now: %s\n",
                 console::printable(zone).c_str(), console::printable(why).c_str());
    if (!is_served(controller, zone)) return;
    std::fputs("  what was served before goes on, until a change mends that\n", stderr);
}

std::string zone_path(const dns::Name& zone) {
    return kZonesPath + '/' + (zone.is_root() ? "=2E" : client::escaped(dns::to_text(zone)));
}

Result<int> make_change(Controller& controller, client::Request request,
                        const ControllerOptions& options, const Deed& deed) {
    if (!options.comment.empty()) request.body["comment"] = options.comment;
    const auto answer = controller.ask(request);
    if (!answer) return std::unexpected(answer.error());
    return tell_change(controller, *answer, options, deed);
}

Result<int> tell_change(Controller& controller, const client::Answer& answer,
                        const ControllerOptions& options, const Deed& deed) {
    std::string sequence = answer.header("x-nearcast-change");
    if (sequence.empty()) sequence = text_of(answer.json, "sequence");
    const std::string before = answer.header("x-pdns-old-serial");
    const std::string after = answer.header("x-pdns-new-serial");
    const bool waits = !options.wait.empty() && !sequence.empty();
    if (!waits && options.is_json) {
        json told = answer.json;
        if (told.is_null()) {
            told = {{"sequence", json::parse(sequence, nullptr, false)},
                    {"old_serial", json::parse(before, nullptr, false)},
                    {"new_serial", json::parse(after, nullptr, false)}};
        }
        print(told);
    }
    if (!options.is_json) {
        std::string text = deed.done;
        if (!sequence.empty()) text += " (change " + sequence + ')';
        // A zone that is made to be fetched has no serial yet.
        const bool has_serials = answer.status != 201 && !deed.is_deletion;
        if (has_serials && !after.empty() && before == after) {
            text = "nothing changes: it was so already";
        }
        text += '\n';
        for (const std::string& record : deed.records) text += "  " + record + '\n';
        put(text);
    }
    if (!deed.is_for_later) tell_problem(controller, sequence, options.publishing_limit());
    return waits ? await_change(controller, sequence, options) : 0;
}

Result<int> await_change(Controller& controller, const std::string& sequence,
                         const ControllerOptions& options) {
    const auto answer =
        controller.exchange({.path = "/api/v1/changes/" + client::escaped(sequence) +
                                     "?wait=" + client::escaped(options.wait) +
                                     "&timeout=" + std::to_string(options.serving_limit())});
    if (!answer) return std::unexpected(answer.error());
    const json& receipts = console::member(answer->json, "receipts");
    if (receipts.is_null() && answer->status < 300) {
        return base::fail("this controller does not tell who serves a change");
    }
    if (receipts.is_null()) return std::unexpected(client::error_of(*answer));
    if (options.is_json) {
        print(answer->json);
    } else {
        print(console::receipts_table(receipts), "there is no node that could serve it");
        put(console::lagging_text(receipts));
    }
    return console::is_served(receipts, options.wait) ? 0 : 1;
}

Result<int> have_done(Controller& controller, const client::Request& request,
                      const ControllerOptions& options, const std::string& done, const json& told) {
    const auto answer = controller.ask(request);
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json.is_null() ? told : answer->json);
    } else {
        put(done + '\n');
    }
    return 0;
}

Removal removal_of(const char* list, const std::string& what, const std::string& name) {
    return {.path = path_of(list, name),
            .name = name,
            .question = "Remove " + what + ' ' + name + '?',
            .done = what + ' ' + name + " is removed"};
}

Result<int> remove_if_agreed(Controller& controller, const Removal& removal,
                             const ControllerOptions& options) {
    const bool asks = !options.is_agreed && !removal.question.empty();
    if (asks && !is_agreed(removal.question)) return base::fail("nothing was removed");
    return have_done(controller, {.method = "DELETE", .path = removal.path}, options, removal.done,
                     {{"removed", removal.name}});
}

std::string path_of(const char* list, const std::string& name) {
    return std::string(list) + '/' + client::escaped(name);
}

void print(const json& value) {
    put(value.dump(-1, ' ', false, json::error_handler_t::replace) + '\n');
}

void print(const console::Table& table, const std::string& none) {
    put(table.is_empty() ? none + '\n' : table.to_text(terminal_of(STDOUT_FILENO).width));
}

}  // namespace nearcast
