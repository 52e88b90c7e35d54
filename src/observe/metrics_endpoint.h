// SPDX-License-Identifier: Apache-2.0
//
// Offers the statistics to Prometheus over HTTP, at /metrics: the one place that names its library.
//
// It has threads of its own, which collect when they are asked and never touch a worker.

#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "observe/metric.h"

namespace nearcast::observe {

class MetricsEndpoint {
 public:
    using Collect = std::function<std::vector<Metric>()>;

    // `collect` is called by any thread until the endpoint ends.
    [[nodiscard]] static base::Result<std::unique_ptr<MetricsEndpoint>> open(
        const base::SocketAddress& listen, Collect collect);
    MetricsEndpoint(const MetricsEndpoint&) = delete;
    MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;
    ~MetricsEndpoint();

    // The one that was taken where 0 was asked for.
    [[nodiscard]] uint16_t port() const;

 private:
    struct Library;

    explicit MetricsEndpoint(std::unique_ptr<Library> library);

    std::unique_ptr<Library> library_;
};

}  // namespace nearcast::observe
