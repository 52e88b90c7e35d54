// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the target of a request; what names a zone there comes back as the same name.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "control/api/http_message.h"
#include "control/api/zone_id.h"

using namespace nearcast;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    control_api::Request request;
    const std::string_view target(reinterpret_cast<const char*>(data), size);
    if (!control_api::read_target(target, request)) return 0;
    for (const std::string& segment : request.path) {
        const auto name = control_api::parse_zone_id(segment);
        if (!name) continue;
        const auto again = control_api::parse_zone_id(control_api::zone_id(*name));
        if (!again || !(*again == *name)) std::abort();
    }
    return 0;
}
