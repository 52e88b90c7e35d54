// SPDX-License-Identifier: Apache-2.0
//
// Offers the statistics to Prometheus over HTTP, at /metrics.
//
// It has one thread, which collects when it is asked and never touches a worker. It looks after all
// connections and waits for none of them. A connection carries one request. When there is no place
// for a new one the oldest gives way, those first that are not taking a response: who only holds
// connections open keeps nobody out.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "observe/metric.h"

namespace nearcast::observe {

struct ScrapeLimits {
    // A few collectors, and people who look. Each holds a whole response while it takes it.
    size_t connections_max = 16;
    // For the request to come as a whole: a collector sends it in one piece.
    std::chrono::milliseconds request_limit{5000};
    // For the response to be taken, and the connection ended. Collectors give up after 10 seconds.
    std::chrono::milliseconds response_limit{30'000};
};

class MetricsEndpoint {
 public:
    using Collect = std::function<std::vector<Metric>()>;

    // `collect` is called by one thread, not the caller's, until the endpoint ends.
    [[nodiscard]] static base::Result<std::unique_ptr<MetricsEndpoint>> open(
        const base::SocketAddress& listen, Collect collect, const ScrapeLimits& limits = {});
    MetricsEndpoint(const MetricsEndpoint&) = delete;
    MetricsEndpoint& operator=(const MetricsEndpoint&) = delete;
    ~MetricsEndpoint();

    // The one that was taken where 0 was asked for.
    [[nodiscard]] uint16_t port() const;

 private:
    class Loop;

    explicit MetricsEndpoint(std::unique_ptr<Loop> loop);

    std::unique_ptr<Loop> loop_;
};

}  // namespace nearcast::observe
