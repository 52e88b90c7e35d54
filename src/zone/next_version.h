// SPDX-License-Identifier: Apache-2.0
//
// Makes the next version of a zone from the one that is served: a whole new image for a small zone,
// a delta over the same base for a large one, until the delta is so large that it is folded in.

#pragma once

#include "base/result.h"
#include "zone/changeset.h"
#include "zone/image.h"
#include "zone/version.h"

namespace nearcast::zone {

// What ZoneTable::publish() takes next. Fails as apply_changes() does; `from` must stay readable
// meanwhile (pin it) and is not changed.
[[nodiscard]] base::Result<ImageBlock> next_version(const Version& from, const Changeset& changes);

}  // namespace nearcast::zone
