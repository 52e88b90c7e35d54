// SPDX-License-Identifier: Apache-2.0
//
// Signs a whole zone from nothing, on as many threads as the plan says.

#pragma once

#include "base/result.h"
#include "signing/signing_plan.h"
#include "zone/changeset.h"
#include "zone/image.h"
#include "zone/version.h"

namespace nearcast::signing {

// The changeset that makes the signed zone of `zone`, whose own signatures, links and managed apex
// sets, if it has any, are dropped. Signatures of a name stand behind one another, names in
// canonical order, then the chain of NSEC3. Fails when a key refuses, and when two names have one
// hash. `zone` stays readable meanwhile and is not changed.
[[nodiscard]] base::Result<zone::Changeset> sign_zone(const zone::Version& zone,
                                                      const SigningPlan& plan);

// The same as an image to publish.
[[nodiscard]] base::Result<zone::ImageBlock> signed_image(const zone::Version& zone,
                                                          const SigningPlan& plan);

// Adds a ZONEMD over the zone that `changes` make of `zone`, with its signatures, where the plan
// wants one. The link of the apex in `changes` names it already.
[[nodiscard]] base::Result<void> add_zone_digest(const zone::Version& zone, const SigningPlan& plan,
                                                 zone::Changeset& changes);

}  // namespace nearcast::signing
