// SPDX-License-Identifier: Apache-2.0
//
// Compiles the records of a zone into an image.

#pragma once

#include "base/result.h"
#include "zone/draft.h"
#include "zone/image.h"

namespace nearcast::zone {

// The image of an arranged draft that check_zone() found no error in. Fails when the zone is too
// large for an image, an RRset for any message, or when there is no memory for it.
[[nodiscard]] base::Result<ImageBlock> build_image(const ZoneDraft& draft);

// When the first of its signatures expires, as Version::signatures_expire() tells it.
[[nodiscard]] uint32_t earliest_expiry(const ZoneDraft& draft);

// The image of a zone that should be served and has no data: every question gets SERVFAIL.
[[nodiscard]] ImageBlock build_unavailable_image(const dns::Name& apex);

}  // namespace nearcast::zone
