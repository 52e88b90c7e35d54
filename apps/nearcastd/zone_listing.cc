// SPDX-License-Identifier: Apache-2.0

#include "zone_listing.h"

#include <algorithm>
#include <unordered_set>

#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/serial.h"
#include "server_report.h"

#include <nlohmann/json.hpp>

namespace nearcast::app {
namespace {

using nlohmann::json;

// An unprivileged socket buffers about 200 KiB (net.core.wmem_max), and JSON escapes add to this.
constexpr size_t kPartSize = size_t{64} << 10;
constexpr size_t kZonesInPart = 100;
// Of the place in a view; what is above is the view's number.
constexpr unsigned kPlaceBits = 32;
constexpr uint64_t kPlaceMask = (uint64_t{1} << kPlaceBits) - 1;
constexpr std::chrono::minutes kKept{1};

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
                {"has_data", zone.is_available || zone.image_size > 0 || zone.serial != 0},
                {"serial", zone.serial},
                {"origin", word_of(zone.origin.kind)},
                {"is_updated", zone.origin.is_updated},
                {"image_bytes", zone.image_size},
                {"journal_changes", zone.journal_count},
                {"journal_bytes", zone.journal_bytes},
                {"journal_from", nullptr},
                {"went_back_from", nullptr},
                {"is_stored", !zone.is_unsaved},
                {"damages", zone.damages}};
    if (zone.journal_count > 0) object["journal_from"] = zone.journal_from;
    // Once it is past that serial, those who still have an older one are few.
    const auto& back_from = zone.origin.went_back_from;
    if (back_from && !dns::is_later_serial(zone.serial, *back_from)) {
        object["went_back_from"] = *back_from;
    }
    return object;
}

}  // namespace

ZoneListing::ZoneListing(const zone::ZoneLedger& ledger, zone::ZoneTable& table)
    : ledger_(ledger), table_(table) {}

// The ledger knows nothing of a zone that never came.
void ZoneListing::add_those_without_data(std::vector<zone::StoredZone>& zones) const {
    std::unordered_set<std::string> known;  // By dns::key_of().
    for (dns::Name& name : table_.unavailable()) {
        if (known.empty()) {
            for (const zone::StoredZone& zone : zones) known.insert(dns::key_of(zone.apex));
        }
        if (known.contains(dns::key_of(name))) continue;
        zone::StoredZone& added = zones.emplace_back();
        added.apex = std::move(name);
        added.origin.kind = zone::ZoneOrigin::Kind::Primary;
    }
}

ZoneListing::ListView& ZoneListing::list_view(uint64_t from) {
    const auto known = std::ranges::find(lists_, from >> kPlaceBits, &ListView::number);
    if (known != lists_.end()) {
        lists_.splice(lists_.begin(), lists_, known);
    } else {
        ListView& view = lists_.emplace_front();
        view.number = ++last_number_;
        view.zones = ledger_.states();
        add_those_without_data(view.zones);
        std::ranges::sort(view.zones, [](const zone::StoredZone& a, const zone::StoredZone& b) {
            return dns::canonical_order(a.apex.wire(), b.apex.wire()) < 0;
        });
        if (lists_.size() > kViewsMax) lists_.pop_back();
    }
    lists_.front().place = from & kPlaceMask;
    lists_.front().used_at = base::now();
    return lists_.front();
}

std::string ZoneListing::zones(uint64_t from) {
    ListView& view = list_view(from);
    json list = json::array();
    const size_t end = std::min(view.zones.size(), view.place + kZonesInPart);
    for (size_t i = std::min(view.place, end); i < end; ++i) {
        list.push_back(to_object(view.zones[i]));
    }
    json reply{{"ok", true}, {"zones", list}, {"damages", ledger_.damages()}};
    if (end < view.zones.size()) {
        reply["next"] = view.number << kPlaceBits | end;
    } else {
        lists_.pop_front();
    }
    return to_line(reply);
}

ZoneListing::RecordView* ZoneListing::record_view(const dns::Name& zone, uint64_t from) {
    const uint64_t place = from & kPlaceMask;
    const auto known = std::ranges::find_if(walks_, [&](const RecordView& view) {
        return view.number == from >> kPlaceBits && view.place == place && view.apex == zone;
    });
    if (known != walks_.end()) {
        walks_.splice(walks_.begin(), walks_, known);
    } else {
        auto pinned = table_.pin(zone);
        if (!pinned || pinned->version().is_unavailable()) return nullptr;
        RecordView& view = walks_.emplace_front(*std::move(pinned), zone);
        view.number = ++last_number_;
        for (size_t i = 0; i <= place; ++i) view.has_next = view.walk.next(view.next);
        view.place = place;
        if (walks_.size() > kViewsMax) walks_.pop_back();
    }
    walks_.front().used_at = base::now();
    return &walks_.front();
}

std::string ZoneListing::records(const std::string& zone, uint64_t from) {
    const dns::Name root;
    const auto apex = dns::parse_name(zone, &root);
    if (!apex) return to_json(apex.error());
    RecordView* const view = record_view(*apex, from);
    if (view == nullptr) {
        return to_json(base::Error{dns::to_text(*apex) + " has no data here",
                                   "nearcast node zones shows what is served"});
    }
    std::string text;
    for (; view->has_next && text.size() < kPartSize; ++view->place) {
        const zone::RecordView& record = view->next;
        text += dns::to_text(record.owner) + ' ' + std::to_string(record.ttl) + " IN " +
                dns::to_text(record.type) + ' ' + dns::rdata_to_text(record.type, record.rdata) +
                '\n';
        view->has_next = view->walk.next(view->next);
    }
    json reply{{"ok", true}, {"serial", view->pin.version().serial()}, {"text", text}};
    if (view->has_next) {
        reply["next"] = view->number << kPlaceBits | view->place;
    } else {
        walks_.pop_front();
    }
    return to_line(reply);
}

void ZoneListing::forget_old() {
    const auto is_old = [limit = base::now() - kKept](const View& view) {
        return view.used_at < limit;
    };
    std::erase_if(lists_, is_old);
    std::erase_if(walks_, is_old);
}

}  // namespace nearcast::app
