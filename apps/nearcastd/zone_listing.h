// SPDX-License-Identifier: Apache-2.0
//
// What an operator asks about the zones that are served: how each fares, and its records.
//
// Replies are parts, since one reply must fit into a socket's buffer: whoever asks goes on with
// "next" until there is none.

#pragma once

#include <cstddef>
#include <string>

#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::app {

// Zones in the order of their names, from the one with this number on.
[[nodiscard]] std::string zones_json(const zone::ZoneLedger& ledger, size_t from);

// Records of the zone as lines of a zone file, from the one with this number on; with the serial,
// which changes when the parts are not of the same version.
[[nodiscard]] std::string export_json(zone::ZoneTable& zones, const std::string& name, size_t from);

}  // namespace nearcast::app
