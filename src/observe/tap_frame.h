// SPDX-License-Identifier: Apache-2.0
//
// A message as dnstap has it (dnstap.info): the one place that names protobuf.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "observe/tap_ring.h"

namespace nearcast::observe {

struct TapIdentity {
    std::string node;
    std::string version;
};

// Puts the frame for the query, or for the response, of `record` into `frame`, in place of what was
// there.
void encode_tap_query(const TapIdentity& identity, const TapRecord& record,
                      std::vector<uint8_t>& frame);
void encode_tap_response(const TapIdentity& identity, const TapRecord& record,
                         std::vector<uint8_t>& frame);

}  // namespace nearcast::observe
