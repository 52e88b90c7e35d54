// SPDX-License-Identifier: Apache-2.0
//
// Zones and changes as text, for tests. Wrong text gives records that are missed.

#pragma once

#include <string>
#include <string_view>

#include "dns/rdata.h"
#include "dns/zone_file.h"
#include "zone/apply.h"
#include "zone/changeset.h"
#include "zone/compile.h"
#include "zone/next_version.h"
#include "zone/zone_digest.h"

namespace nearcast::zone {

// The image of such records in example.org.; empty when a check finds an error.
[[nodiscard]] inline ImageBlock image_of(std::string_view records) {
    return std::move(compile_zone_text(*dns::parse_name("example.org."), records).image);
}

inline void append_text(const RecordView& record, std::string& text) {
    text += dns::to_text(record.owner) + " " + std::to_string(record.ttl) + " " +
            dns::to_text(record.type) + " " + dns::rdata_to_text(record.type, record.rdata) + "\n";
}

// A line for each record, in the order of the walk.
[[nodiscard]] inline std::string text_of(const Version& version) {
    ImageRecords records(version);
    RecordView record;
    std::string text;
    while (records.next(record)) append_text(record, text);
    return text;
}
[[nodiscard]] inline std::string text_of(const ImageBlock& block) {
    return text_of(Version(block.image()));
}

// Of a part of a changeset.
[[nodiscard]] inline std::string text_of(std::span<const uint8_t> part) {
    RecordSequence records(part);
    RecordView record;
    std::string text;
    while (records.next(record)) append_text(record, text);
    return text;
}

// Both parts as records of example.org., in their order.
[[nodiscard]] inline Changeset change_of(std::string_view removed, std::string_view added) {
    Changeset changes;
    dns::ZoneFileOptions options;
    options.origin = *dns::parse_name("example.org.");
    const auto view = [](const dns::Record& record) {
        return RecordView{record.owner.wire(), record.type, record.ttl, record.rdata};
    };
    (void)dns::parse_zone_file(removed, options,
                               [&](const dns::Record& record, const dns::ZoneFilePlace&) {
                                   changes.remove(view(record));
                               });
    (void)dns::parse_zone_file(
        added, options,
        [&](const dns::Record& record, const dns::ZoneFilePlace&) { changes.add(view(record)); });
    return changes;
}

// A ZONEMD record of this serial that fits the zone of such records in example.org.
[[nodiscard]] inline std::string zonemd_for(std::string_view records, uint32_t serial) {
    dns::ZoneFileOptions options;
    options.origin = *dns::parse_name("example.org.");
    ZoneDraft draft(*dns::parse_name("example.org."));
    (void)dns::parse_zone_file(
        records, options,
        [&](const dns::Record& record, const dns::ZoneFilePlace&) { (void)draft.add(record, {}); });
    draft.arrange();
    std::string text = "@ 60 ZONEMD " + std::to_string(serial) + " 1 1 ";
    for (const uint8_t byte : zone_digest(draft, dnssec::DigestKind::Sha384)) {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text + "\n";
}

// The version after the change, with a delta where one will do.
[[nodiscard]] inline base::Result<ImageBlock> next_version(const Version& from,
                                                           const Changeset& changes) {
    auto delta = next_delta(from, changes);
    if (!delta) return std::unexpected(delta.error());
    return *delta ? **std::move(delta) : apply_changes(from, changes);
}

}  // namespace nearcast::zone
