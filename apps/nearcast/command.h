// SPDX-License-Identifier: Apache-2.0
//
// How a family of subcommands joins the program: it declares them, and runs the one that was
// chosen.
//
// To add a family: write NAME_command.h with one function add_NAME_command(), and call it in
// main.cc. A subcommand's callback stores its outcome in `status`, which main() returns: 0 for
// done, 1 for failed. Usage errors end with 2 before any callback runs.

#pragma once

#include <iostream>

#include "base/result.h"

namespace nearcast {

// Tells the operator what went wrong and how to go on. Returns the exit status 1.
inline int tell(const base::Error& error) {
    std::cerr << "nearcast: " << base::to_text(error) << '\n';
    return 1;
}

}  // namespace nearcast
