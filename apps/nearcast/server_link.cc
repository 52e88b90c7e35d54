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

void ServerLink::declare(CLI::App& verb) {
    verb.add_option("--config", config, "The node's file")
        ->type_name("FILE")
        ->capture_default_str();
    verb.add_option("--control", control,
                    "The control socket of a server that runs without such a file")
        ->type_name("PATH");
}

Result<std::string> ServerLink::path() const {
    if (!control.empty()) return control;
    const auto node = anycast::read_node_config(config);
    if (!node) return std::unexpected(node.error());
    return node->run_directory + "/server.sock";
}

Result<json> ServerLink::ask(const std::string& command) const {
    const auto socket = path();
    if (!socket) return std::unexpected(socket.error());
    const auto answer = anycast::ask_control(*socket, command, kPatience);
    if (!answer) return std::unexpected(answer.error());
    if (auto done = anycast::check_control_answer(*answer); !done) {
        return std::unexpected(done.error());
    }
    json reply = json::parse(*answer, nullptr, /*allow_exceptions=*/false);
    if (!reply.is_object()) return base::fail("the server's answer is no JSON object");
    return reply;
}

}  // namespace nearcast
