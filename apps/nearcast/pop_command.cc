// SPDX-License-Identifier: Apache-2.0

#include "pop_command.h"

#include <charconv>
#include <optional>
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

constexpr const char* kPopsPath = "/api/v1/pops";

struct Options : ControllerOptions {
    std::string name;
    std::string city;
    std::string node;
    uint32_t asn = 0;
    std::vector<std::string> neighbors;
};

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    for (size_t at = 0; at <= text.size();) {
        const size_t end = std::min(text.find(',', at), text.size());
        parts.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return parts;
}

// "transit,198.51.100.1,65001,customer"
Result<json> read_neighbor(const std::string& text) {
    const auto parts = split(text);
    uint32_t asn = 0;
    const bool is_whole = parts.size() == 3 || parts.size() == 4;
    if (is_whole) {
        const std::string& digits = parts[2];
        const char* const end = digits.data() + digits.size();
        const auto [stop, error] = std::from_chars(digits.data(), end, asn);
        if (error != std::errc() || stop != end) asn = 0;
    }
    if (asn == 0) {
        return base::fail("--neighbor \"" + console::printable(text) + "\" is not of its parts",
                          "NAME,ADDRESS,ASN[,ROLE]: transit,198.51.100.1,65001,customer");
    }
    json neighbor{{"name", parts[0]}, {"address", parts[1]}, {"asn", asn}};
    if (parts.size() == 4) neighbor["role"] = parts[3];
    return neighbor;
}

void print_invitation(const json& join) {
    put("run this on the server that becomes " + text_of(join, "node") + ", as root, before " +
        console::moment_text(join, "expires_at") + " UTC:\n\n    " + text_of(join, "command") +
        "\n");
}

Result<int> add(Controller& controller, const Options& options) {
    json body{{"name", options.name}, {"city", options.city}};
    if (options.asn != 0) body["asn"] = options.asn;
    if (!options.node.empty()) body["node"] = options.node;
    for (const std::string& text : options.neighbors) {
        auto neighbor = read_neighbor(text);
        if (!neighbor) return std::unexpected(neighbor.error());
        body["neighbors"].push_back(*std::move(neighbor));
    }
    const auto answer = controller.ask({.method = "POST", .path = kPopsPath, .body = body});
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
        return 0;
    }
    put("the place " + options.name + " is known now\n");
    const json& join = console::member(answer->json, "join");
    if (join.is_object()) {
        print_invitation(join);
    } else {
        put("no server can join by a command: the controller's control.toml has no [network]\n");
    }
    return 0;
}

Result<int> invite(Controller& controller, const Options& options) {
    json body = json::object();
    if (!options.node.empty()) body["node"] = options.node;
    const auto answer = controller.ask(
        {.method = "POST", .path = path_of(kPopsPath, options.name) + "/tokens", .body = body});
    if (!answer) return std::unexpected(answer.error());
    if (options.is_json) {
        print(answer->json);
    } else {
        print_invitation(answer->json);
    }
    return 0;
}

Result<int> list(Controller& controller, const Options& options) {
    const auto pops = controller.get_list(kPopsPath);
    if (!pops) return std::unexpected(pops.error());
    if (options.is_json) {
        print(*pops);
        return 0;
    }
    console::Table table({"POP", "CITY", "ASN", "NODES", "SINCE (UTC)"});
    for (const json& pop : *pops) {
        table.add({text_of(pop, "name"), text_of(pop, "city"), text_of(pop, "asn"),
                   console::list_text(pop, "nodes"), console::moment_text(pop, "created_at")});
    }
    print(table, "no places: nearcast pop add NAME --city CITY");
    return 0;
}

Result<int> show(Controller& controller, const Options& options) {
    const auto pop = controller.get(path_of(kPopsPath, options.name));
    if (!pop) return std::unexpected(pop.error());
    if (options.is_json) {
        print(*pop);
        return 0;
    }
    std::string text = "pop " + text_of(*pop, "name");
    const std::string city = console::printable(text_of(*pop, "city"));
    if (!city.empty()) text += " in " + city;
    const std::string asn = text_of(*pop, "asn");
    if (!asn.empty()) text += ", AS" + asn;
    const std::string nodes = console::list_text(*pop, "nodes");
    put(text + "\nnodes: " + (nodes.empty() ? "none yet" : nodes) + '\n');
    console::Table table({"NEIGHBOR", "ADDRESS", "ASN", "ROLE"});
    for (const json& neighbor : console::member(*pop, "neighbors")) {
        table.add({text_of(neighbor, "name"), text_of(neighbor, "address"),
                   text_of(neighbor, "asn"), text_of(neighbor, "role")});
    }
    print(table, "no neighbours: its nodes announce to nobody");
    return 0;
}

Result<int> remove(Controller& controller, const Options& options) {
    return remove_if_agreed(controller, removal_of(kPopsPath, "the place", options.name), options);
}

Verb<Options> with_name(Verb<Options> verb) {
    verb.app
        ->add_option("NAME", verb.options->name, "Its name: lower case letters, digits, hyphens")
        ->required();
    return verb;
}

Verb<Options> with_node(Verb<Options> verb) {
    verb.app
        ->add_option("--node", verb.options->node,
                     "The name of the node (default: the first free one, NAME1)")
        ->type_name("NAME");
    return verb;
}

}  // namespace

void add_pop_command(CLI::App& program, int& status) {
    CLI::App* family = program.add_subcommand("pop", "The places of the network");
    family->require_subcommand(1);
    const auto added = with_node(with_name(add_verb<Options>(
        *family, "add", "Make a place, and print the one command that makes a server its node", add,
        status)));
    added.app->add_option("--city", added.options->city, "Where it is")->type_name("CITY");
    added.app->add_option("--asn", added.options->asn, "Its AS (default: that of the network)")
        ->type_name("NUMBER");
    added.app
        ->add_option("--neighbor", added.options->neighbors,
                     "To whom its nodes speak BGP; several times")
        ->type_name("NAME,ADDRESS,ASN[,ROLE]");
    added.app->footer(
        "Example:\n  nearcast pop add sin --city Singapore \\\n      --neighbor "
        "transit,198.51.100.1,65001,customer");
    with_node(with_name(add_verb<Options>(
        *family, "invite", "Print such a command for one more node of a place", invite, status)));
    add_verb<Options>(*family, "list", "The places, with their nodes", list, status);
    with_name(add_verb<Options>(*family, "show", "A place, with its neighbours", show, status));
    const auto removed = with_name(add_verb<Options>(
        *family, "remove", "Forget a place without nodes. Asks before", remove, status));
    removed.options->declare_consent(*removed.app);
}

}  // namespace nearcast
