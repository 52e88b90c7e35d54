// SPDX-License-Identifier: Apache-2.0

#include "zone_listing.h"

#include <algorithm>

#include "dns/name.h"
#include "dns/rdata.h"
#include "server_report.h"
#include "zone/image_records.h"

#include <nlohmann/json.hpp>

namespace nearcast::app {
namespace {

using nlohmann::json;

// An unprivileged socket buffers about 200 KiB (net.core.wmem_max), and JSON escapes add to this.
constexpr size_t kPartSize = size_t{64} << 10;
constexpr size_t kZonesInPart = 100;

std::string to_line(const json& object) {
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

const char* word_of(zone::ZoneOrigin::Kind kind) {
    switch (kind) {
        case zone::ZoneOrigin::Kind::File:
            return "file";
        case zone::ZoneOrigin::Kind::Primary:
            return "primary";
        case zone::ZoneOrigin::Kind::Derived:
            return "derived";
        case zone::ZoneOrigin::Kind::Unknown:
            break;
    }
    return "unknown";
}

json to_object(const zone::StoredZone& zone) {
    json object{{"zone", dns::to_text(zone.apex)},
                {"is_served", zone.is_available},
                {"serial", zone.serial},
                {"origin", word_of(zone.origin.kind)},
                {"is_updated", zone.origin.is_updated},
                {"image_bytes", zone.image_size},
                {"journal_changes", zone.journal_count},
                {"journal_bytes", zone.journal_bytes},
                {"journal_from", nullptr},
                {"is_stored", !zone.is_unsaved},
                {"damages", zone.damages}};
    if (zone.journal_count > 0) object["journal_from"] = zone.journal_from;
    return object;
}

}  // namespace

std::string zones_json(const zone::ZoneLedger& ledger, size_t from) {
    auto zones = ledger.states();
    std::ranges::sort(zones, [](const zone::StoredZone& a, const zone::StoredZone& b) {
        return dns::canonical_order(a.apex.wire(), b.apex.wire()) < 0;
    });
    json list = json::array();
    const size_t end = std::min(zones.size(), from + kZonesInPart);
    for (size_t i = std::min(from, end); i < end; ++i) list.push_back(to_object(zones[i]));
    json reply{{"ok", true}, {"zones", list}, {"damages", ledger.damages()}};
    if (end < zones.size()) reply["next"] = end;
    return to_line(reply);
}

std::string export_json(zone::ZoneTable& zones, const std::string& name, size_t from) {
    const dns::Name root;
    const auto apex = dns::parse_name(name, &root);
    if (!apex) return to_json(apex.error());
    const auto pinned = zones.pin(*apex);
    if (!pinned || pinned->version().is_unavailable()) {
        return to_json(base::Error{dns::to_text(*apex) + " has no data here",
                                   "nearcast zone list shows what is served"});
    }
    zone::ImageRecords records(pinned->version());
    zone::RecordView record;
    std::string text;
    size_t number = 0;
    bool has_more = records.next(record);
    for (; has_more && text.size() < kPartSize; has_more = records.next(record)) {
        if (number++ < from) continue;
        text += dns::to_text(record.owner) + ' ' + std::to_string(record.ttl) + " IN " +
                dns::to_text(record.type) + ' ' + dns::rdata_to_text(record.type, record.rdata) +
                '\n';
    }
    json reply{{"ok", true}, {"serial", pinned->version().serial()}, {"text", text}};
    if (has_more) reply["next"] = number;
    return to_line(reply);
}

}  // namespace nearcast::app
