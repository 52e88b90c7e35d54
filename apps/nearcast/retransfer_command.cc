// SPDX-License-Identifier: Apache-2.0

#include "retransfer_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "anycast/control_socket.h"
#include "anycast/node_config.h"

#include <CLI/CLI.hpp>

namespace nearcast {
namespace {

// The server only notes the wish.
constexpr std::chrono::seconds kPatience{10};

struct Options {
    std::string zone;
    std::string config = "/etc/nearcast/node.toml";
    std::string control;
    bool is_json = false;
};

base::Result<std::string> control_of(const Options& options) {
    if (!options.control.empty()) return options.control;
    const auto config = anycast::read_node_config(options.config);
    if (!config) return std::unexpected(config.error());
    return config->run_directory + "/server.sock";
}

int retransfer(const Options& options) {
    const auto control = control_of(options);
    if (!control) return tell(control.error());
    const auto answer = anycast::ask_control(*control, "retransfer " + options.zone, kPatience);
    if (!answer) return tell(answer.error());
    if (const auto done = anycast::check_control_answer(*answer); !done) return tell(done.error());
    if (options.is_json) {
        std::puts(answer->c_str());
    } else {
        std::printf(
            "%s is being fetched: the server's log tells what came of it, as "
            "secondary_fetched or secondary_failed\n",
            options.zone.c_str());
    }
    return 0;
}

}  // namespace

void add_retransfer_command(CLI::App& zone, int& status) {
    const auto options = std::make_shared<Options>();
    CLI::App* verb = zone.add_subcommand(
        "retransfer",
        "Have the server fetch a zone of a primary anew, all of it, and take it even if its serial "
        "is older than the one that is served. Once: the next refresh judges serials again");
    verb->add_option("ZONE", options->zone, "The zone's name")->required();
    verb->add_option("--config", options->config, "The node's file")
        ->type_name("FILE")
        ->capture_default_str();
    verb->add_option("--control", options->control,
                     "The control socket of a server that runs without such a file")
        ->type_name("PATH");
    verb->add_flag("--json", options->is_json, "Print one JSON object");
    verb->callback([options, &status] { status = retransfer(*options); });
}

}  // namespace nearcast
