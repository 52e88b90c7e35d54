// SPDX-License-Identifier: Apache-2.0

#include "server_link.h"

#include <chrono>

#include "anycast/control_socket.h"
#include "anycast/node_config.h"

namespace nearcast {
namespace {

using base::Result;
using nlohmann::json;

// What takes longer, the server only notes.
constexpr std::chrono::seconds kPatience{10};

}  // namespace

void ServerLink::declare_config(CLI::App& verb) {
    verb.add_option("--config", config, "The node's file")
        ->type_name("FILE")
        ->capture_default_str();
}

void ServerLink::declare(CLI::App& verb) {
    declare_config(verb);
    verb.add_option("--control", control,
                    "The control socket of a server that runs without such a file")
        ->type_name("PATH");
}

Result<std::string> ServerLink::path() const {
    if (!control.empty()) return control;
    const auto node = anycast::read_node_link(config);
    if (!node) {
        const bool has_hint = !node.error().hint.empty();  // What is wrong in it.
        return base::fail(node.error().message,
                          has_hint ? node.error().hint
                                   : "--config FILE for a node; --control PATH for a server that "
                                     "runs alone, as it was started with");
    }
    return node->run_directory + "/server.sock";
}

Result<std::string> ServerLink::ask_patiently(const std::string& command,
                                              base::Duration patience) const {
    const auto socket = path();
    if (!socket) return std::unexpected(socket.error());
    return anycast::ask_control(*socket, command, patience);
}

Result<json> ServerLink::ask(const std::string& command) const {
    const auto answer = ask_patiently(command, kPatience);
    if (!answer) return std::unexpected(answer.error());
    if (auto done = anycast::check_control_answer(*answer); !done) {
        return std::unexpected(done.error());
    }
    json reply = json::parse(*answer, nullptr, /*allow_exceptions=*/false);
    if (!reply.is_object()) return base::fail("the server's answer is no JSON object");
    return reply;
}

}  // namespace nearcast
