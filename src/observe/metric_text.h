// SPDX-License-Identifier: Apache-2.0
//
// Metrics in the text format of Prometheus: the one place that names its library.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "observe/metric.h"

namespace nearcast::observe {

constexpr std::string_view kMetricTextType = "text/plain; version=0.0.4; charset=utf-8";

[[nodiscard]] std::string to_metric_text(const std::vector<Metric>& metrics);

}  // namespace nearcast::observe
