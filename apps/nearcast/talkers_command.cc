// SPDX-License-Identifier: Apache-2.0

#include "talkers_command.h"

#include <cstdio>
#include <memory>
#include <string>

#include "server_link.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace nearcast {
namespace {

using nlohmann::json;

struct Options {
    ServerLink server;
    bool is_json = false;
};

int show(const Options& options) {
    const auto reply = options.server.ask("talkers");
    if (!reply) return tell(reply.error());
    if (options.is_json) {
        std::puts(reply->dump().c_str());
        return 0;
    }
    const json talkers = reply->value("talkers", json::array());
    if (talkers.empty()) std::puts("nobody in the last whole minute, or too few to be sampled");
    for (const json& talker : talkers) {
        std::printf("%-24s %12llu queries %14llu bytes of answers\n",
                    talker.value("network", std::string()).c_str(), talker.value("queries", 0ULL),
                    talker.value("response_bytes", 0ULL));
    }
    return 0;
}

}  // namespace

void add_talkers_command(CLI::App& node, int& status) {
    const auto options = std::make_shared<Options>();
    CLI::App* verb = node.add_subcommand(
        "talkers",
        "The networks that sent most messages in the last whole minute, the greatest first: /24 "
        "and /48, as the packets say, which over UDP may be forged. The numbers are estimated from "
        "one message in sixteen");
    options->server.declare(*verb);
    verb->add_flag("--json", options->is_json, "Print one JSON object");
    verb->callback([options, &status] { status = show(*options); });
}

}  // namespace nearcast
