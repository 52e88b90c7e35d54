// SPDX-License-Identifier: Apache-2.0
//
// The tables, the same in both databases, and the steps that made them what they are.

#pragma once

#include "base/result.h"
#include "control/database.h"

namespace nearcast::control {

// Within a transaction: takes the steps that this database has not taken yet, in order. Fails when
// a newer program has been at work on it.
[[nodiscard]] base::Result<void> migrate(Session& session, Database::Dialect dialect);

// The number of the last step that this database has taken, 0 for none, of whatever program made
// it. Changes nothing. Fails where migrate() finds a newer program.
[[nodiscard]] base::Result<int64_t> taken_steps(Session& session, Database::Dialect dialect);

// The number of the last step.
[[nodiscard]] int64_t schema_version();

}  // namespace nearcast::control
