// SPDX-License-Identifier: Apache-2.0
//
// What edits make of the RRsets that a zone has, or why they cannot: no database, no clock.
//
// All edits are judged together, in the end: a DELETE of an A and a CNAME in its place are fine in
// either order. Every fault is told, not only the first.

#pragma once

#include <expected>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "control/change_error.h"
#include "control/model.h"

namespace nearcast::control {

// Of one change. With each set replaced it takes 1.7 GB at its peak.
constexpr size_t kEditsMax = 200'000;
// Of one set; kRrsetSizeMax leaves room for 3,750 addresses.
constexpr size_t kRecordsMax = 5'000;
// Of one set as an answer has it. With four signatures of the largest keys, each with the longest
// name of a signer, it is still within zone::kSetSizeMax.
constexpr size_t kRrsetSizeMax = 60'000;
// What a record of an answer has beside its data: a pointer to the owner, type, class, TTL, length.
constexpr size_t kRecordHeadSize = 12;
constexpr size_t kCommentsMax = 100;
constexpr size_t kCommentSizeMax = 65'535;
constexpr uint32_t kEditTtlMax = 0x7FFFFFFF;  // RFC 2181 §8.
constexpr size_t kFaultsMax = 100;            // That are told.

// The sets of the names that the edits touch, by dns::key_of() the name.
using RrsetsByName = std::map<std::string, std::vector<Rrset>>;

// The names, each once, in lower case.
[[nodiscard]] std::vector<dns::Name> touched_names(std::span<const RrsetEdit> edits);

// Only the sets that come out otherwise than they were.
[[nodiscard]] std::expected<std::vector<RrsetChange>, std::vector<RrsetFault>> plan_edits(
    const dns::Name& apex, const RrsetsByName& current, std::span<const RrsetEdit> edits);

// What a zone becomes that had nothing: a SOA is needed, and given by the caller.
[[nodiscard]] std::expected<std::vector<RrsetChange>, std::vector<RrsetFault>> plan_new_zone(
    const dns::Name& apex, std::span<const Rrset> rrsets);

// Back to what was before `diff`, if all it touched is still as it left it.
[[nodiscard]] std::expected<std::vector<RrsetChange>, std::vector<RrsetFault>> plan_revert(
    const dns::Name& apex, const RrsetsByName& current, const Diff& diff);

}  // namespace nearcast::control
