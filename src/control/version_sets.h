// SPDX-License-Identifier: Apache-2.0
//
// A version of a zone in the words of those who edit zones: for zones that are fetched, whose
// records are in no table.

#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "control/model.h"
#include "zone/changeset.h"
#include "zone/version.h"

namespace nearcast::control {

// All its sets, in canonical order of the owners, or those of one. Signatures of a name are one set
// of type RRSIG for each TTL that they have. The version must have data.
[[nodiscard]] std::vector<Rrset> sets_of(const zone::Version& version,
                                         const std::optional<dns::Name>& owner = {});

// What is looked at to tell what changed.
struct DiffLimits {
    size_t sets_max = 1000;  // As much as a person looks through.
    // Each is compared with those of its set: twice as many take four times as long, and this is
    // a tenth of a second when all are of one set.
    size_t records_max = 4000;
};

// Which sets these changes, the last of which led to `version`, made other than they were. The
// serial alone is no change of the SOA. Nothing when that would be more than the limits.
[[nodiscard]] std::optional<std::vector<RrsetChange>> changed_sets(
    const zone::Version& version, std::span<const zone::Changeset> changes,
    const DiffLimits& limits = {});

}  // namespace nearcast::control
