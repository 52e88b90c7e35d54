// SPDX-License-Identifier: Apache-2.0

#include "observe/metric_text.h"

#include <sstream>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace nearcast::observe {
namespace {

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

}  // namespace

std::string to_metric_text(const std::vector<Metric>& metrics) {
    std::vector<prometheus::MetricFamily> families;
    for (const Metric& metric : metrics) {
        prometheus::MetricFamily family{metric.name, metric.help, type_of(metric.kind), {}};
        for (const Metric::Sample& sample : metric.samples) {
            family.metric.push_back(to_library(sample, metric.kind));
        }
        families.push_back(std::move(family));
    }
    std::ostringstream text;
    prometheus::TextSerializer().Serialize(text, families);
    return std::move(text).str();
}

}  // namespace nearcast::observe
