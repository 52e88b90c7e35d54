// SPDX-License-Identifier: Apache-2.0
//
// What `nearcast node reload` tells a person of the server's answer.

#pragma once

#include <string>
#include <string_view>

namespace nearcast {

struct ReloadReport {
    bool is_good = false;  // Everything on disk is served.
    std::string text;      // Lines that end with a newline.
};

// `answer` is the JSON line of server.sock. One that cannot be read is reported as it is.
[[nodiscard]] ReloadReport reload_report(std::string_view answer);

}  // namespace nearcast
