// SPDX-License-Identifier: Apache-2.0
//
// An act of an operator that is no change of a zone: done in one transaction with its entry in the
// audit log, or not done.

#pragma once

#include <functional>
#include <string>

#include "control/change_error.h"
#include "control/database.h"
#include "control/model.h"

namespace nearcast::control {

struct Deed {
    Actor actor = {};
    Timestamp at{};
    std::string action = {};   // "node.revoke"
    std::string subject = {};  // What it was done to; `work` may still write it.
    std::string detail = {};
};

using DeedAnswer = base::Result<Outcome<void>>;
using DeedWork = std::function<DeedAnswer(Session&, int64_t number, Deed&)>;

// Runs `work` with a number that nothing else has. What it refuses leaves no trace. It may be run
// twice, as Database::write() says.
[[nodiscard]] Outcome<void> carry_out(Database& database, Deed deed, const DeedWork& work);

}  // namespace nearcast::control
