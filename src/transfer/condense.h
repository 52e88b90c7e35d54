// SPDX-License-Identifier: Apache-2.0
//
// Makes one difference of a row of differences: what they do to a zone together.
//
// So a secondary that was away for many versions takes one step, all of it or nothing.

#pragma once

#include <span>

#include "base/result.h"
#include "zone/changeset.h"

namespace nearcast::transfer {

// `row` is not empty, each complete and from the serial where the one before it ends. Fails when
// they contradict each other: what is added was there, what is removed was not.
[[nodiscard]] base::Result<zone::Changeset> condense(std::span<const zone::Changeset> row);

}  // namespace nearcast::transfer
