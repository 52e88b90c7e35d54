// SPDX-License-Identifier: Apache-2.0
//
// What the probers report to the guard.

#pragma once

#include <vector>

#include "anycast/guard_logic.h"

namespace nearcast::anycast {

struct ProbeEvent {
    enum class Kind : uint8_t {
        Asked,
        Answered,
        AskedInSearch,  // A question whose worker is not known yet; `lane` holds the address.
        LostInSearch,
    };
    Kind kind = Kind::Asked;
    Lane lane;
    bool is_right = true;  // Of an answer.
};

using ProbeEvents = std::vector<ProbeEvent>;

}  // namespace nearcast::anycast
