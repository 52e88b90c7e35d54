// SPDX-License-Identifier: Apache-2.0
//
// Zones and changes as text, for tests. Wrong text gives records that are missed.

#pragma once

#include <string>
#include <string_view>

#include "dns/rdata.h"
#include "dns/zone_file.h"
#include "zone/changeset.h"
#include "zone/compile.h"

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

}  // namespace nearcast::zone
