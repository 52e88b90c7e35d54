// SPDX-License-Identifier: Apache-2.0

// The part of the publisher that says which serials catalogs have (catalog_serial.h).

#include <utility>

#include "control/publisher.h"

namespace nearcast::control {

using base::Result;

void Publisher::ask_catalog_serial() {
    {
        const std::lock_guard lock(mutex_);
        needs_turn_ = true;
    }
    wake_.notify_all();
}

// Nothing where there is one controller alone. Read before the changes, so that they are all there.
Result<std::optional<CatalogTurn>> Publisher::next_turn() {
    if (!served_.database.is_shared()) return std::nullopt;
    bool needs_turn = false;
    {
        const std::lock_guard lock(mutex_);
        needs_turn = needs_turn_;
    }
    Result<CatalogTurn> turn;
    auto done = served_.database.read([&turn](Session& session) -> Result<void> {
        turn = read_catalog_turn(session);
        return turn ? Result<void>() : std::unexpected(turn.error());
    });
    if (done && needs_turn && turn->sequence <= position_) {
        done = served_.database.write([&turn](Session& session) -> Result<void> {
            turn = take_catalog_turn(session);
            return turn ? Result<void>() : std::unexpected(turn.error());
        });
    }
    if (!done) return std::unexpected(done.error());
    if (needs_turn && turn->sequence <= position_) {
        return base::fail("the database is older than what was published of it",
                          "after a database was restored, start every controller anew");
    }
    return *turn;
}

std::optional<uint32_t> Publisher::serial_at_position(
    const std::optional<CatalogTurn>& turn) const {
    return turn ? std::optional(turn->serial_at(position_)) : std::nullopt;
}

void Publisher::tell(const std::vector<Change>& changes, std::optional<uint32_t> serial) {
    if (std::exchange(catalog_serial_, serial) != serial) {
        // Who asked gets it now; who asks from here on has more to list than this bears.
        const std::lock_guard lock(mutex_);
        needs_turn_ = false;
    }
    if (told_) told_({.changes = changes, .position = position_, .catalog_serial = serial});
}

}  // namespace nearcast::control
