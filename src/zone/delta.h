// SPDX-License-Identifier: Apache-2.0
//
// Makes a delta: an image of what a version has otherwise than its base.
//
// A delta always applies to a complete image. A change to a version that has a delta gives another
// delta over the same base, which has all of the first that the change leaves as it was.

#pragma once

#include <cstddef>
#include <optional>

#include "base/result.h"
#include "zone/image.h"
#include "zone/name_changes.h"
#include "zone/version.h"

namespace nearcast::zone {

// The delta over the base of `from` that has the changes in it, attached to that base. Nothing when
// it would have more than `names_max` names, or when a change is better made to all of the zone (a
// name goes into the NSEC3 chain, a check finds a fault that may be none). Fails when the changes
// do not fit the version. `from` must stay readable meanwhile.
[[nodiscard]] base::Result<std::optional<ImageBlock>> build_delta(const Version& from,
                                                                  const NameChanges& changes,
                                                                  size_t names_max);

}  // namespace nearcast::zone
