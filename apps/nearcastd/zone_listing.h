// SPDX-License-Identifier: Apache-2.0
//
// What an operator asks about the zones that are served: how each fares, and its records.
//
// Replies are parts, since one reply must fit into a socket's buffer: whoever asks goes on with
// "next" until there is none. All parts are of one moment: the first begins a view of it, and those
// that follow go on there, so each costs what it has in it and no more. Used by one thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "zone/image_records.h"
#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::app {

class ZoneListing {
 public:
    // Both outlive it.
    ZoneListing(const zone::ZoneLedger& ledger, zone::ZoneTable& table);

    // Zones in the order of their names, from the place that "next" said on; 0: from the first.
    [[nodiscard]] std::string zones(uint64_t from);
    // Records of the zone as lines of a zone file, likewise; with the serial, which changes when
    // the view was lost and another was begun.
    [[nodiscard]] std::string records(const std::string& zone, uint64_t from);

    // Lets go of views that nobody has gone on with for a minute.
    void forget_old();

 private:
    // Of as many as this at a time; another takes the place of the one that was used longest ago.
    // Each keeps a version of a zone, or some 500 bytes for each zone.
    static constexpr size_t kViewsMax = 4;

    // Where somebody is. Its number is the upper half of "next", the place in it the lower.
    struct View {
        uint64_t number = 0;
        size_t place = 0;
        base::Instant used_at;
    };
    struct ListView : View {
        std::vector<zone::StoredZone> zones;
    };
    struct RecordView : View {
        RecordView(zone::PinnedVersion version, const dns::Name& name)
            : pin(std::move(version)), apex(name), walk(pin.version()) {}

        zone::PinnedVersion pin;
        dns::Name apex;
        zone::ImageRecords walk;
        zone::RecordView next;  // What the next part begins with.
        bool has_next = false;
    };

    void add_those_without_data(std::vector<zone::StoredZone>& zones) const;
    [[nodiscard]] ListView& list_view(uint64_t from);
    // Null when the zone has no data.
    [[nodiscard]] RecordView* record_view(const dns::Name& zone, uint64_t from);

    const zone::ZoneLedger& ledger_;
    zone::ZoneTable& table_;
    uint64_t last_number_ = 0;
    std::list<ListView> lists_;  // The one that was used last comes first, in both.
    std::list<RecordView> walks_;
};

}  // namespace nearcast::app
