// SPDX-License-Identifier: Apache-2.0

#include "observe/metrics_endpoint.h"

#include <exception>
#include <utility>

#include <prometheus/collectable.h>
#include <prometheus/exposer.h>
#include <prometheus/metric_family.h>

namespace nearcast::observe {
namespace {

// Scrapes at the same time: two collectors, and one that hangs.
constexpr size_t kThreads = 3;

prometheus::MetricType type_of(Metric::Kind kind) {
    switch (kind) {
        case Metric::Kind::Counter:
            return prometheus::MetricType::Counter;
        case Metric::Kind::Gauge:
            return prometheus::MetricType::Gauge;
        default:
            return prometheus::MetricType::Histogram;
    }
}

prometheus::ClientMetric to_library(const Metric::Sample& sample, Metric::Kind kind) {
    prometheus::ClientMetric made;
    for (const auto& [name, value] : sample.labels) made.label.push_back({name, value});
    if (kind == Metric::Kind::Counter) made.counter.value = sample.value;
    if (kind == Metric::Kind::Gauge) made.gauge.value = sample.value;
    if (kind == Metric::Kind::Histogram) {
        made.histogram.sample_sum = sample.value;
        for (const Metric::Bucket& bucket : sample.buckets) {
            made.histogram.bucket.push_back({bucket.cumulative_count, bucket.upper_bound});
            made.histogram.sample_count = bucket.cumulative_count;
        }
    }
    return made;
}

class Collector final : public prometheus::Collectable {
 public:
    explicit Collector(MetricsEndpoint::Collect collect) : collect_(std::move(collect)) {}

    [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
        std::vector<prometheus::MetricFamily> families;
        for (const Metric& metric : collect_()) {
            prometheus::MetricFamily family{metric.name, metric.help, type_of(metric.kind), {}};
            for (const Metric::Sample& sample : metric.samples) {
                family.metric.push_back(to_library(sample, metric.kind));
            }
            families.push_back(std::move(family));
        }
        return families;
    }

 private:
    MetricsEndpoint::Collect collect_;
};

}  // namespace

struct MetricsEndpoint::Library {
    Library(const std::string& address, Collect collect)
        : collector(std::make_shared<Collector>(std::move(collect))), exposer(address, kThreads) {
        exposer.RegisterCollectable(collector);
    }

    std::shared_ptr<Collector> collector;
    prometheus::Exposer exposer;  // Ends first: its threads use the collector.
};

base::Result<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::open(
    const base::SocketAddress& listen, Collect collect) {
    try {
        return std::unique_ptr<MetricsEndpoint>(
            new MetricsEndpoint(std::make_unique<Library>(to_text(listen), std::move(collect))));
    } catch (const std::exception&) {  // It says no more than that it failed.
        return base::fail("cannot offer metrics on " + to_text(listen),
                          "an address of this machine and a free port, as in "
                          "metrics.listen = \"127.0.0.1:9153\"");
    }
}

MetricsEndpoint::MetricsEndpoint(std::unique_ptr<Library> library) : library_(std::move(library)) {}

MetricsEndpoint::~MetricsEndpoint() = default;

uint16_t MetricsEndpoint::port() const {
    return static_cast<uint16_t>(library_->exposer.GetListeningPorts().front());
}

}  // namespace nearcast::observe
