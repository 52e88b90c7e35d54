// SPDX-License-Identifier: Apache-2.0
//
// What became of zones that were to be fetched, as metrics: alike at nodes and at the controller.

#pragma once

#include <vector>

#include "observe/metric.h"
#include "transfer/tallies.h"

namespace nearcast::authority {

// Any thread.
void add_fetch_metrics(const transfer::FetchTallies& fetched,
                       std::vector<observe::Metric>& metrics);

}  // namespace nearcast::authority
