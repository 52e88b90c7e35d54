// SPDX-License-Identifier: Apache-2.0

#include "authority/fetch_metrics.h"

#include <array>
#include <utility>

namespace nearcast::authority {

using observe::Metric;

void add_fetch_metrics(const transfer::FetchTallies& fetched, std::vector<Metric>& metrics) {
    constexpr std::array<const char*, transfer::kContentCount> kContents = {"zone", "changes"};
    Metric results{.name = "nearcast_transfers_in_total",
                   .help = "Primaries that were asked for a zone, by what became of it",
                   .kind = Metric::Kind::Counter,
                   .samples = {}};
    for (size_t i = 0; i < transfer::kContentCount; ++i) {
        results.add({{"result", kContents[i]}}, fetched.fetched[i].get());
    }
    results.add({{"result", "current"}}, fetched.current.get());
    results.add({{"result", "refused"}}, fetched.refused.get());
    results.add({{"result", "failed"}}, fetched.failed.get());
    metrics.push_back(std::move(results));
    Metric bytes{.name = "nearcast_transfers_in_bytes_total",
                 .help = "Bytes of messages received in transfers",
                 .kind = Metric::Kind::Counter,
                 .samples = {}};
    bytes.add({}, fetched.bytes.get());
    metrics.push_back(std::move(bytes));
}

}  // namespace nearcast::authority
