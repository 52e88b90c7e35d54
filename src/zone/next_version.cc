// SPDX-License-Identifier: Apache-2.0

#include "zone/next_version.h"

#include "zone/apply.h"

namespace nearcast::zone {

base::Result<ImageBlock> next_version(const Version& from, const Changeset& changes) {
    return apply_changes(from, changes);
}

}  // namespace nearcast::zone
