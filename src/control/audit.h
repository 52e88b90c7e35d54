// SPDX-License-Identifier: Apache-2.0
//
// What was done and by whom, in a chain that shows whether anybody has altered it since.
//
// Each entry's link is the digest of the link before and of the entry itself; that of a change
// covers its diff. Who alters, removes or inserts one must make all later links anew, and the last
// of them may have been noted elsewhere.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/change_error.h"
#include "control/database.h"
#include "control/model.h"

namespace nearcast::control {

struct AuditEntry {
    uint64_t sequence = 0;  // Of the change, for one; always its own otherwise.
    Timestamp at{};
    Actor actor = {};
    std::string action = {};   // "zone.create", "records.change", "key.create", "login.refused"
    std::string subject = {};  // The zone's name, or the number of the key.
    std::string detail = {};   // The digest of the diff; what else there is to say.
    std::string link = {};
};

// The link of the last entry, from when it is known: for the entries of one transaction.
using AuditLink = std::optional<std::string>;

// Within the transaction of what it tells. Its link is made here.
[[nodiscard]] base::Result<void> append_audit(Session& session, AuditEntry entry);
// Of changes that are written in the same transaction, in the order of their sequences. `last` is
// taken on: only the first time in a transaction it is asked for.
[[nodiscard]] base::Result<void> append_audit(Session& session, std::span<const Change> changes,
                                              AuditLink& last);

// The newest first, those before `before`.
[[nodiscard]] Outcome<std::vector<AuditEntry>> read_audit(Database& database, uint64_t before,
                                                          size_t count_max);

struct AuditVerdict {
    uint64_t entries = 0;
    std::string last_link;                   // To be noted where nobody here can reach it.
    std::optional<uint64_t> broken_at = {};  // The first entry that is not as it was written.
    std::string reason = {};
};

// Walks the whole chain, and holds each change against what was said of it.
[[nodiscard]] Outcome<AuditVerdict> verify_audit(Database& database);

}  // namespace nearcast::control
