// SPDX-License-Identifier: Apache-2.0
//
// The serials of catalogs, common to all controllers of one database: who follows one controller
// can go on with any other.
//
// The serial that a version has says up to which sequence it bears all changes. It is that
// sequence, moved by a number of the database, so that a later state never has an older serial at
// another controller. What comes without a change (a signature that is renewed) takes a sequence of
// its own. With one controller, on SQLite, serials are counted where catalogs are made.

#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "control/database.h"

namespace nearcast::control {

// How far the database is. Whoever reads the changes after it finds all up to the sequence.
struct CatalogTurn {
    uint64_t sequence = 0;
    int64_t offset = 0;

    // Of a version that bears all changes up to that sequence.
    [[nodiscard]] uint32_t serial_at(uint64_t position) const {
        return static_cast<uint32_t>(position + static_cast<uint64_t>(offset));
    }
};

[[nodiscard]] base::Result<CatalogTurn> read_catalog_turn(Session& session);
// With a sequence that no change will have, and later than all that do.
[[nodiscard]] base::Result<CatalogTurn> take_catalog_turn(Session& session);

// Moves serials until the one of now is no older than any of these, which were served before. The
// first time they begin at `now`, in seconds since 1970: after a loss of the database that is later
// than what was served of the one before (RFC 1982), unless there were changes every second.
[[nodiscard]] base::Result<void> raise_catalog_serial(Session& session, int64_t now,
                                                      std::span<const uint32_t> served);

}  // namespace nearcast::control
