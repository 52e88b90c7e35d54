// SPDX-License-Identifier: Apache-2.0
//
// What the parent of a zone says of it: asked of all of the parent's servers.

#pragma once

#include <optional>

#include "dns/name.h"
#include "signing/signing_plan.h"

namespace nearcast::control {

struct ParentAnswers {
    // Each different set of DS rdata that a server gave; an empty one where it has none.
    std::vector<signing::Rdatas> sets;
    uint32_t ttl = 0;          // The longest among them, or of the denial.
    bool is_complete = false;  // Every address of every server of the parent answered.
};

class ParentWatch {
 public:
    virtual ~ParentWatch() = default;
    // Nothing when no server answered. May take seconds.
    [[nodiscard]] virtual std::optional<ParentAnswers> look(const dns::Name& zone) = 0;
};

}  // namespace nearcast::control
