// SPDX-License-Identifier: Apache-2.0
//
// From RRsets as text to what is served: a whole image, or the changes from one version to the
// next.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/model.h"
#include "zone/changeset.h"
#include "zone/image.h"
#include "zone/version.h"

namespace nearcast::control {

// The image of a zone with this serial. What is disabled is left out. Fails, with the first reason,
// when the zone cannot be served as it is: it has no name server, for example.
[[nodiscard]] base::Result<zone::ImageBlock> build_zone(const dns::Name& apex,
                                                        std::span<const Rrset> rrsets,
                                                        uint32_t serial);

// What leads from `served` to the zone after these changes, with this serial. Fails when a record
// is not to be read, which a change that was accepted does not have.
[[nodiscard]] base::Result<zone::Changeset> build_changes(const dns::Name& apex,
                                                          const zone::Version& served,
                                                          std::span<const RrsetChange> changes,
                                                          uint32_t serial);

}  // namespace nearcast::control
