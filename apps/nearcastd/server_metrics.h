// SPDX-License-Identifier: Apache-2.0
//
// The metrics of a server that no worker counts: who it is, what it holds, what it logged.

#pragma once

#include <span>
#include <vector>

#include "answer/responder.h"
#include "base/pulse.h"
#include "observe/metric.h"

namespace nearcast::app {

struct ServerNumbers {
    answer::Identity identity;
    size_t zones = 0;
    size_t connections = 0;  // TCP, open now.
    std::span<const base::Pulse> pulses;
};

// One counter without labels.
void add_total(const char* name, const char* help, uint64_t value,
               std::vector<observe::Metric>& metrics);

void add_server_metrics(const ServerNumbers& numbers, std::vector<observe::Metric>& metrics);

}  // namespace nearcast::app
