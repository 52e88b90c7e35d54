// SPDX-License-Identifier: Apache-2.0

#include "change_command.h"

#include <cstdio>
#include <string>

#include <unistd.h>

#include "console/json_text.h"
#include "console/set_changes.h"
#include "controller.h"
#include "history.h"
#include "terminal.h"

namespace nearcast {
namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

constexpr size_t kHistoryUsual = 100;

struct Options : ControllerOptions {
    std::string zone;
    std::string sequence;
    size_t most = kHistoryUsual;
};

// Set to nothing in particular.
bool is_blank(const json& value) {
    return value.is_null() || value == json(false) || (value.is_array() && value.empty()) ||
           value == json("");
}

// What of the settings is otherwise.
std::string settings_text(const json& settings) {
    const json& before = console::member(settings, "before");
    const json& after = console::member(settings, "after");
    std::string text;
    for (const json* side : {&before, &after}) {
        if (!side->is_object()) continue;
        const json& other = side == &before ? after : before;
        for (const auto& [name, value] : side->items()) {
            const bool is_new = !other.is_object() && is_blank(value);
            if (is_new || console::member(other, name.c_str()) == value) continue;
            text += (side == &before ? "- " : "+ ") + name + ": " +
                    console::printable(value.dump()) + '\n';
        }
    }
    return text;
}

Result<int> show(Controller& controller, const Options& options) {
    const auto path = change_path(options.sequence);
    if (!path) return std::unexpected(path.error());
    const auto change = controller.get(*path);
    if (!change) return std::unexpected(change.error());
    if (options.is_json) {
        print(*change);
        return 0;
    }
    std::string text = "change " + text_of(*change, "sequence") + " of " +
                       text_of(*change, "zone") + ", " + text_of(*change, "kind") + ", serial " +
                       text_of(*change, "old_serial") + " to " + text_of(*change, "new_serial") +
                       "\nby " + text_of(*change, "actor");
    const std::string source = text_of(*change, "source");
    if (!source.empty()) text += " from " + source;
    text += ", at " + console::moment_text(*change, "at") + " UTC\n";
    const std::string reverted = text_of(*change, "reverts");
    if (!reverted.empty()) text += "takes back change " + reverted + '\n';
    const std::string comment = console::printable(text_of(*change, "comment"));
    if (!comment.empty()) text += comment + '\n';
    const json& diff = console::member(*change, "diff");
    put(text + '\n' + settings_text(console::member(diff, "settings")) +
        console::diff_text(console::read_changes(console::member(diff, "rrsets")),
                           terminal_of(STDOUT_FILENO).has_colours));
    return 0;
}

Result<int> revert(Controller& controller, const Options& options) {
    const auto path = change_path(options.sequence);
    if (!path) return std::unexpected(path.error());
    return make_change(controller,
                       {.method = "POST", .path = *path + "/revert", .body = json::object()},
                       options, {"change " + options.sequence + " is taken back"});
}

Result<int> wait(Controller& controller, const Options& options) {
    const auto path = change_path(options.sequence);
    if (!path) return std::unexpected(path.error());
    return await_change(controller, options.sequence, options);
}

Result<int> list(Controller& controller, const Options& options) {
    return list_changes(controller, options.zone, options.most, options.is_json);
}

Verb<Options> with_change(Verb<Options> verb) {
    verb.app->add_option("CHANGE", verb.options->sequence, "Its number")->required();
    return verb;
}

}  // namespace

void add_change_command(CLI::App& program, int& status) {
    CLI::App* family =
        program.add_subcommand("change", "What was changed, by whom, and the way back");
    family->require_subcommand(1);
    const auto listed = add_verb<Options>(
        *family, "list", "The changes of all zones, the newest first", list, status);
    listed.app->add_option("--zone", listed.options->zone, "Of that zone alone")->type_name("NAME");
    listed.app->add_option("--limit", listed.options->most, "So many at most")
        ->check(kListLimits)
        ->capture_default_str();
    with_change(add_verb<Options>(*family, "show", "One change: - for what went, + for what came",
                                  show, status));
    const auto reverted = with_change(add_verb<Options>(
        *family, "revert",
        "Take a change back, by a new change. Fails when what it touched was changed since", revert,
        status));
    reverted.options->declare_change(*reverted.app);
    reverted.app->footer("Example:\n  nearcast change revert 12 --comment 'it broke the mail'");
    const auto awaited = with_change(add_verb<Options>(
        *family, "wait",
        "Wait until a change is served, and tell which place serves it since when. Exit 1: it is "
        "not",
        wait, status));
    awaited.options->wait = "all";
    awaited.app
        ->add_option("--for", awaited.options->wait,
                     "all, a quorum of the places, or one: pop:NAME")
        ->capture_default_str()
        ->type_name("all|quorum|pop:NAME");
    awaited.options->declare_timeout(*awaited.app);
    awaited.app->footer("Example:\n  nearcast change wait 12 --for pop:sin");
}

}  // namespace nearcast
