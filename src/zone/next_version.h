// SPDX-License-Identifier: Apache-2.0
//
// Makes the next version of a zone from the one that is served: a whole new image for a small zone,
// a delta over the same base for a large one, until the delta is so large that it is folded in.
//
// A zone with a ZONEMD that the change brings is compiled whole: the digest covers all of it.

#pragma once

#include <optional>

#include "base/result.h"
#include "zone/changeset.h"
#include "zone/image.h"
#include "zone/version.h"

namespace nearcast::zone {

// The cheap way: a delta. Nothing where all of the zone is better compiled, with apply_changes().
// Fails as that does; `from` must stay readable meanwhile (pin it) and is not changed.
[[nodiscard]] base::Result<std::optional<ImageBlock>> next_delta(const Version& from,
                                                                 const Changeset& changes);

}  // namespace nearcast::zone
