// SPDX-License-Identifier: Apache-2.0
//
// What happens within the transaction of one change: look, judge, write.
//
// Every function decides before it writes, so that a refusal leaves nothing behind.

#pragma once

#include "control/change_error.h"
#include "control/derived_change.h"
#include "control/group_commit.h"
#include "control/group_rows.h"
#include "control/model.h"

namespace nearcast::control {

// An error outside is the database's.
using Answer = base::Result<Outcome<Committed>>;

[[nodiscard]] Answer edit_zone(GroupRows& rows, const GroupCommit::Turn& turn,
                               const ChangeRequest& request);
[[nodiscard]] Answer derive_zone(GroupRows& rows, const GroupCommit::Turn& turn,
                                 const DerivedRequest& request);
// `primary` is named by a SOA that is made.
[[nodiscard]] Answer make_zone(GroupRows& rows, const GroupCommit::Turn& turn, const NewZone& zone,
                               const dns::Name& primary);
[[nodiscard]] Answer end_zone(GroupRows& rows, const GroupCommit::Turn& turn, const dns::Name& zone,
                              const Intent& intent);
[[nodiscard]] Answer set_settings(GroupRows& rows, const GroupCommit::Turn& turn,
                                  const dns::Name& zone, const SettingsEdit& edit,
                                  const Intent& intent);
[[nodiscard]] Answer note_version(GroupRows& rows, const GroupCommit::Turn& turn,
                                  const FetchedVersion& version);
[[nodiscard]] Answer take_back(GroupRows& rows, const GroupCommit::Turn& turn, uint64_t sequence,
                               const Intent& intent);

}  // namespace nearcast::control
