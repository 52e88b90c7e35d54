// SPDX-License-Identifier: Apache-2.0
//
// Zones of kind Producer: catalogs (RFC 9432) of the zones that name them as theirs.
//
// What they list is records like all others, written in the transaction that gives a zone its
// catalog, takes it away, or makes or ends the zone: so they have a history, and the same serial at
// every controller. One change of a catalog has what a whole group of changes means for it.

#pragma once

#include <vector>

#include "base/result.h"
#include "control/group_commit.h"
#include "control/group_rows.h"
#include "control/model.h"

namespace nearcast::control {

// What a catalog is made of beside its members: `rrsets` of its own name, with what it has besides.
// Fails when its name is too long.
[[nodiscard]] Outcome<std::vector<Rrset>> catalog_frame(const dns::Name& catalog,
                                                        std::vector<Rrset> rrsets);
// The sets of all zones that name it by now, in no order that means something.
[[nodiscard]] base::Result<std::vector<Rrset>> listed_sets(GroupRows& rows,
                                                           const dns::Name& catalog);

// Whether a client may write there: not what follows from other zones.
[[nodiscard]] Outcome<void> check_catalog_edits(const Zone& zone,
                                                const std::vector<RrsetChange>& changes);

// Has the catalogs of rows.moved() list what they are to list, each by a change of its own with the
// next of the sequences that begin at that of the turn.
[[nodiscard]] base::Result<void> list_moved_zones(GroupRows& rows, GroupCommit::Turn turn);

}  // namespace nearcast::control
