// SPDX-License-Identifier: Apache-2.0
//
// The sections of node.toml that a server reads, beside a guard or alone: one place for all.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server_process.h"

namespace nearcast::app {

// Fills in what the file says: transfers and keys, TLS and limits, the store, cookies, metrics,
// dnstap. What else `options` has stays.
[[nodiscard]] base::Result<void> read_sections(const std::string& path, ServerOptions& options);

// The same of a file that goes with a command line: what that says, the file must not.
[[nodiscard]] base::Result<void> read_settings(const std::string& path, ServerOptions& options);

// The sections from memory, which `options` keeps with its path; that is only for messages.
[[nodiscard]] base::Result<void> parse_sections(std::string_view text, const std::string& path,
                                                ServerOptions& options);

// What is wrong when the file says something else than when `options` were read, or can be read no
// longer: a reload takes in zones, certificates and secrets alone. Logs it too, of each such text
// or failure once; `told` is the last one. One that only root may read is logged and no fault.
[[nodiscard]] std::optional<base::Error> tell_kept_settings(const ServerOptions& options,
                                                            std::string& told);

}  // namespace nearcast::app
