// SPDX-License-Identifier: Apache-2.0

#include "retransfer_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "server_link.h"

#include <CLI/CLI.hpp>

namespace nearcast {
namespace {

struct Options {
    std::string zone;
    ServerLink server;
    bool is_json = false;
};

int retransfer(const Options& options) {
    const auto answer = options.server.ask("retransfer " + options.zone);
    if (!answer) return tell(answer.error());
    if (options.is_json) {
        std::puts(answer->dump().c_str());
    } else {
        std::printf(
            "%s is being fetched: the server's log tells what came of it, as "
            "secondary_fetched or secondary_failed\n",
            options.zone.c_str());
    }
    return 0;
}

}  // namespace

void add_retransfer_command(CLI::App& node, int& status) {
    const auto options = std::make_shared<Options>();
    CLI::App* verb = node.add_subcommand(
        "retransfer",
        "Have the server fetch a zone of a primary anew, all of it, and take it even if its serial "
        "is older than the one that is served. Once: the next refresh judges serials again");
    verb->add_option("ZONE", options->zone, "The zone's name")->required();
    options->server.declare(*verb);
    verb->add_flag("--json", options->is_json, "Print one JSON object");
    verb->callback([options, &status] { status = retransfer(*options); });
}

}  // namespace nearcast
