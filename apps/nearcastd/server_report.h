// SPDX-License-Identifier: Apache-2.0
//
// What the server says of itself on its control socket: JSON, one object a line.

#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/pulse.h"
#include "base/result.h"
#include "observe/metric.h"
#include "observe/statistics.h"
#include "zone_directory.h"

namespace nearcast::app {

// The command named by a request line: {"command": "reload"}, or the bare word. Empty: neither.
[[nodiscard]] std::string requested_command(std::string_view line);

// The outcome of a reload: counts, and for each zone that failed its file, reason, hint, and the
// serial that goes on being served, and what is wrong with a new certificate, new secrets and
// changed settings. "ok" is true when nothing failed.
[[nodiscard]] std::string to_json(const base::Result<LoadReport>& report);

// Zones served, for each worker what it answered and dropped, and all metrics: under each name a
// list of objects, the labels and the value.
[[nodiscard]] std::string status_json(size_t zones, std::span<const base::Pulse> pulses,
                                      std::span<const observe::Metric> metrics);

// The networks that sent most in the last whole minute, the greatest first.
[[nodiscard]] std::string talkers_json(std::span<const observe::Talker> talkers);

// That the zone is being fetched anew: {"ok": true, "zone": ...}
[[nodiscard]] std::string retransfer_json(const dns::Name& zone);

// {"ok": false, "error": ..., "try": ...}
[[nodiscard]] std::string to_json(const base::Error& error);

}  // namespace nearcast::app
