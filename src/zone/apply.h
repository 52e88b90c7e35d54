// SPDX-License-Identifier: Apache-2.0
//
// Applies a changeset to a version of a zone and compiles all of the outcome anew.

#pragma once

#include "base/result.h"
#include "zone/changeset.h"
#include "zone/draft.h"
#include "zone/image.h"
#include "zone/version.h"

namespace nearcast::zone {

// A whole image with the records of `from` after `changes`. It is checked as a zone file is. Fails,
// and says which record it is, when one to remove is not there, or one to add is; when a check
// finds an error; when there is no memory. `from` must stay readable meanwhile and is not changed.
[[nodiscard]] base::Result<ImageBlock> apply_changes(const Version& from, const Changeset& changes);

// The same records, arranged and not checked.
[[nodiscard]] base::Result<ZoneDraft> changed_draft(const Version& from, const Changeset& changes);

// An image with all that `version` has: what its delta changes is folded into its base.
[[nodiscard]] base::Result<ImageBlock> fold(const Version& version);

}  // namespace nearcast::zone
