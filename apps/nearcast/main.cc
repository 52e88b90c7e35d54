// SPDX-License-Identifier: Apache-2.0

// `nearcast`: the operator's command.

#include "lab_command.h"
#include "node_command.h"
#include "zone_command.h"

#include <CLI/CLI.hpp>

namespace {

constexpr int kUsageError = 2;

}  // namespace

int main(int argc, char** argv) {
    CLI::App program{"Nearcast: an anycast DNS network of your own", "nearcast"};
    program.require_subcommand(1);
    int status = 0;
    nearcast::add_lab_command(program, status);
    nearcast::add_node_command(program, status);
    nearcast::add_zone_command(program, status);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : kUsageError;
    }
    return status;
}
