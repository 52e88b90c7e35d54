// SPDX-License-Identifier: Apache-2.0
//
// How a subcommand reaches the server that runs on this machine: by its control socket.

#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace nearcast {

struct ServerLink {
    std::string config = "/etc/nearcast/node.toml";
    std::string control;  // Empty: as the file says.

    // Declares --config and --control, which set the two above; or the first alone.
    void declare(CLI::App& verb);
    void declare_config(CLI::App& verb);

    // Sends one command; the answer, when it is not that the command failed.
    [[nodiscard]] base::Result<nlohmann::json> ask(const std::string& command) const;
    // The same for one that takes its time; the answer as it came, whatever it says.
    [[nodiscard]] base::Result<std::string> ask_patiently(const std::string& command,
                                                          base::Duration patience) const;

 private:
    [[nodiscard]] base::Result<std::string> path() const;
};

}  // namespace nearcast
