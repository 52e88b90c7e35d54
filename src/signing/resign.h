// SPDX-License-Identifier: Apache-2.0
//
// The next signed version of a zone from the one that is published and what changed in the unsigned
// data: signatures replaced, links mended around the names that were touched.

#pragma once

#include "base/result.h"
#include "signing/signing_plan.h"
#include "zone/changeset.h"
#include "zone/version.h"

namespace nearcast::signing {

enum class Renewal : uint8_t {
    Touched,  // Of the names that change. Cost: that of the change.
    All,      // Of all that is due by the plan's times or keys too. Reads the whole zone.
};

// What makes of `zone`, which sign_zone() or resign() made, the signed zone after `edits`. These go
// from one SOA to another with the serials of the unsigned zone, which do not matter; what they say
// of sets that the signer makes is left out. Without edits (an empty changeset) the serial changes
// and what is due is renewed. Where the plan denies in another way than the zone did, or keeps
// denials for another time, all of it is signed anew. Fails when the edits do not fit the zone,
// when a key refuses, when two names have one NSEC3 hash. `zone` stays readable meanwhile.
[[nodiscard]] base::Result<zone::Changeset> resign(const zone::Version& zone,
                                                   const zone::Changeset& edits,
                                                   const SigningPlan& plan, Renewal renewal);

}  // namespace nearcast::signing
