// SPDX-License-Identifier: Apache-2.0
//
// How a node fares, as the guard knows it: what `nearcast node status` shows.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "anycast/guard_logic.h"
#include "base/result.h"

namespace nearcast::anycast {

struct WorkerStatus {
    bool was_reached = false;
    uint64_t batches = 0;
    uint64_t queries = 0;
    uint64_t dropped = 0;
};

struct GuardStatus {
    std::string node;
    std::string pop;
    int32_t guard_pid = 0;
    int32_t server_pid = 0;
    uint32_t guard_starts = 0;
    uint32_t server_starts = 0;
    std::string server_state;  // "absent", "starting", "ready".
    Signals signals;
    bool is_drained = false;
    bool is_stopping = false;
    uint32_t failures = 0;
    int64_t held_ms = 0;  // How long pref is still held back after a failure.
    std::vector<std::string> symptoms;
    std::vector<std::string> mismatches;  // Between what should be announced and what is.
    bool has_routing = false;             // The routing daemon has been read.
    // How many neighbours are told of a service prefix; nothing where the daemon could not be read.
    std::optional<size_t> told_neighbors;
    uint64_t query_count = 0;  // Answered since the server started.
    std::vector<WorkerStatus> workers;
};

// One line of JSON, and back.
[[nodiscard]] std::string to_json(const GuardStatus& status);
[[nodiscard]] base::Result<GuardStatus> parse_guard_status(const std::string& json);

// The words of status and log: "announced", "last_resort" or "withdrawn", and "probes_lost".
[[nodiscard]] std::string state_word(const Signals& signals);
[[nodiscard]] std::string to_text(Symptom symptom);

}  // namespace nearcast::anycast
