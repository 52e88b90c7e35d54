// SPDX-License-Identifier: Apache-2.0

#include "network_node_command.h"

#include <cstdio>
#include <string>
#include <utility>

#include "console/json_text.h"
#include "controller.h"
#include "terminal.h"

namespace nearcast {
namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

constexpr const char* kNodesPath = "/api/v1/nodes";

struct Options : ControllerOptions {
    std::string name;
};

Result<int> list(Controller& controller, const Options& options) {
    const auto nodes = controller.get_list(kNodesPath);
    if (!nodes) return std::unexpected(nodes.error());
    if (options.is_json) {
        print(*nodes);
        return 0;
    }
    console::Table table(
        {"NODE", "POP", "STATE", "LAST SEEN (UTC)", "LATE (S)", "BEHIND", "ADDRESS"});
    for (const json& node : *nodes) {
        const size_t behind = console::member(node, "zones_behind").size();
        table.add({text_of(node, "name"), text_of(node, "pop"), text_of(node, "state"),
                   console::moment_text(node, "last_seen"), text_of(node, "lag_seconds"),
                   behind == 0 ? "" : console::counted(behind, "zone"), text_of(node, "address")});
    }
    print(table,
          "no nodes: nearcast pop add NAME prints the command by which a server becomes one");
    return 0;
}

Result<int> show(Controller& controller, const Options& options) {
    const auto node = controller.get(path_of(kNodesPath, options.name));
    if (!node) return std::unexpected(node.error());
    if (options.is_json) {
        print(*node);
        return 0;
    }
    const std::pair<const char*, std::string> rows[] = {
        {"node", text_of(*node, "name")},
        {"pop", text_of(*node, "pop")},
        {"state", text_of(*node, "state")},
        {"seen", console::moment_text(*node, "last_seen")},
        {"late", text_of(*node, "lag_seconds")},
        {"address", text_of(*node, "address")},
        {"joined", console::moment_text(*node, "joined_at")},
        {"pin", text_of(*node, "pin")}};
    for (const auto& [head, text] : rows) {
        if (!text.empty()) std::printf("%-8s %s\n", head, console::printable(text).c_str());
    }
    const json& behind = console::member(*node, "zones_behind");
    if (behind.empty()) return 0;
    console::Table table({"ZONE BEHIND", "WHY"});
    for (const json& zone : behind) table.add({text_of(zone, "zone"), text_of(zone, "reason")});
    put("\n");
    print(table, "");
    return 0;
}

Result<int> revoke(Controller& controller, const Options& options) {
    if (!options.is_agreed && !is_agreed("Revoke " + options.name +
                                         "? It gets no zones any more, and has to join anew to "
                                         "get them.")) {
        return base::fail("nothing was revoked");
    }
    return have_done(
        controller, {.method = "DELETE", .path = path_of(kNodesPath, options.name)}, options,
        options.name +
            " is revoked: it gets nothing any more, and answers with what it has until its zones "
            "expire. nearcast node drain, on it, takes it off the network",
        {{"revoked", options.name}});
}

}  // namespace

void add_network_node_commands(CLI::App& node, int& status) {
    add_verb<Options>(
        node, "list",
        "The nodes of the network, as the controller knows them: when each was last heard of, how "
        "late it is, and which zones it cannot take",
        list, status);
    const auto shown = add_verb<Options>(
        node, "show", "One of them, with the zones that it cannot take, and why", show, status);
    shown.app->add_option("NAME", shown.options->name, "The node's name")->required();
    const auto revoked = add_verb<Options>(
        node, "revoke", "Take a node's right to get zones from the controller. Asks before", revoke,
        status);
    revoked.app->add_option("NAME", revoked.options->name, "The node's name")->required();
    revoked.options->declare_consent(*revoked.app);
}

}  // namespace nearcast
