// SPDX-License-Identifier: Apache-2.0
//
// Whatever a node sends is refused, or is a report that can be sent as it was understood.

#include <cstdlib>

#include "transfer/served_report.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace nearcast;
    const auto catalog = *dns::parse_name("catalog.nearcast.");
    const auto report = transfer::read_served_report({data, size}, catalog);
    if (!report) return 0;
    const auto again =
        transfer::read_served_report(transfer::write_served_report(*report, 0), catalog);
    if (!again || *again != *report) std::abort();
    return 0;
}
