// SPDX-License-Identifier: Apache-2.0
//
// The metrics of a controller: how long changes take to the nodes, and how the nodes fare.

#pragma once

#include <vector>

#include "control/network.h"
#include "control/receipts.h"
#include "observe/metric.h"

namespace nearcast::control_app {

// Any thread.
void add_control_metrics(const control::Network& network, const control::Receipts& receipts,
                         bool leads_signing, std::vector<observe::Metric>& metrics);

}  // namespace nearcast::control_app
