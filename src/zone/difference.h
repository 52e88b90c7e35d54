// SPDX-License-Identifier: Apache-2.0
//
// What is different between two versions of a zone, for zones that come as a whole: reloaded files
// and AXFR.

#pragma once

#include "zone/changeset.h"
#include "zone/version.h"

namespace nearcast::zone {

// The changeset that makes `to` of `from`: signatures and NSEC3 records included, a record whose
// TTL or letters are others among what is removed and added. Both have a SOA and the same apex, and
// stay readable meanwhile. One walk over both, in canonical order.
[[nodiscard]] Changeset difference(const Version& from, const Version& to);

}  // namespace nearcast::zone
