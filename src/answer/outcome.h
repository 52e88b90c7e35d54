// SPDX-License-Identifier: Apache-2.0
//
// What the header of a response says about it, and why.

#pragma once

#include <optional>

#include "dns/edns.h"
#include "dns/header.h"

namespace nearcast::answer {

struct Outcome {
    dns::Rcode rcode = dns::Rcode::NoError;
    bool is_authoritative = false;
    bool is_truncated = false;
    std::optional<dns::ExtendedError> reason =
        std::nullopt;  // Told where the rcode alone does not.
};

}  // namespace nearcast::answer
