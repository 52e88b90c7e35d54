// SPDX-License-Identifier: Apache-2.0

#include "lab_command.h"

#include "command.h"

#include <CLI/CLI.hpp>

namespace nearcast {

void add_lab_command(CLI::App& program, int& status) {
    CLI::App* lab = program.add_subcommand("lab", "A small internet on this machine, to try it on");
    lab->require_subcommand(1);
    CLI::App* state = lab->add_subcommand("status", "What is up, and in which state");
    state->callback([&status] { status = tell({"no lab is up", "sudo nearcast lab up"}); });
}

}  // namespace nearcast
