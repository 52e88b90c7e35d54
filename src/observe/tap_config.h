// SPDX-License-Identifier: Apache-2.0
//
// The section [dnstap] of node.toml, or of a file of settings: who gets a copy of the messages.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace nearcast::observe {

struct TapConfig {
    std::string socket;   // Of a reader; at most one of the two is given.
    std::string file;     // Written anew at each start.
    uint32_t sample = 1;  // One exchange in so many.
    bool has_queries = true;
    bool has_responses = true;

    [[nodiscard]] bool is_on() const { return !socket.empty() || !file.empty(); }
};

// Reads the section alone: whoever reads the rest of the file finds what is wrong there. `path` is
// only for messages.
[[nodiscard]] base::Result<TapConfig> parse_tap_config(std::string_view text,
                                                       const std::string& path);

}  // namespace nearcast::observe
