// SPDX-License-Identifier: Apache-2.0

#include "zone/apply.h"

#include <unordered_map>

#include "zone/image_builder.h"
#include "zone/name_changes.h"
#include "zone/zone_check.h"

namespace nearcast::zone {
namespace {

base::Result<void> add_all(ZoneDraft& draft, const std::vector<dns::Record>& records) {
    for (const dns::Record& record : records) {
        if (!draft.add(record, {})) {
            return base::fail(dns::to_text(record.owner) + " is not in the zone");
        }
    }
    return {};
}

// Puts the records of `from` after the change into the draft.
base::Result<void> fill(ZoneDraft& draft, const Version& from, const NameChanges& changes) {
    std::unordered_map<const uint8_t*, const NameChange*> changed;  // By where the owner lies.
    for (const auto& [name, change] : changes) {
        const Node node = find_any(from, name);
        if (node) {
            changed.emplace(node.owner().data(), &change);
            continue;
        }
        const auto records = changed_records(node, change);
        if (!records) return std::unexpected(records.error());
        if (auto done = add_all(draft, *records); !done) return done;
    }
    NodeWalk nodes(from);
    for (Node node = nodes.next(); node; node = nodes.next()) {
        const auto change = changed.find(node.owner().data());
        const auto records =
            change == changed.end() ? records_of(node) : changed_records(node, *change->second);
        if (!records) return std::unexpected(records.error());
        if (auto done = add_all(draft, *records); !done) return done;
    }
    return {};
}

base::Result<ZoneDraft> make_draft(const Version& from, const NameChanges& changes) {
    ZoneDraft draft(*dns::Name::from_wire(from.apex().owner()));
    if (auto done = fill(draft, from, changes); !done) return std::unexpected(done.error());
    draft.arrange();
    return draft;
}

// The image of the records of `from` after the changes.
base::Result<ImageBlock> compile(const Version& from, const NameChanges& changes) {
    const auto draft = make_draft(from, changes);
    if (!draft) return std::unexpected(draft.error());
    for (const Finding& finding : check_zone(*draft)) {
        if (finding.severity == Severity::Error) {
            return base::fail("the zone would be wrong: " + finding.message, finding.hint);
        }
    }
    return build_image(*draft);
}

}  // namespace

base::Result<ImageBlock> fold(const Version& version) { return compile(version, {}); }

base::Result<ZoneDraft> changed_draft(const Version& from, const Changeset& changes) {
    const auto names = name_changes(from, changes);
    if (!names) return std::unexpected(names.error());
    return make_draft(from, *names);
}

base::Result<ImageBlock> apply_changes(const Version& from, const Changeset& changes) {
    const auto names = name_changes(from, changes);
    if (!names) return std::unexpected(names.error());
    return compile(from, *names);
}

}  // namespace nearcast::zone
