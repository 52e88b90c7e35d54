// SPDX-License-Identifier: Apache-2.0
//
// Lets --context and --json, which verbs declare, stand in front of their verb too.

#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace nearcast {

// Declares both at the program, for its help and for completion.
void declare_in_front(CLI::App& program);
// The words behind the program's name, those options behind the verb: "--context home zone list"
// is "zone list --context home". Other words stay in their order.
[[nodiscard]] std::vector<std::string> with_options_behind(const CLI::App& program,
                                                           const std::vector<std::string>& words);

}  // namespace nearcast
