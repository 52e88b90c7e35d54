// SPDX-License-Identifier: Apache-2.0

#include "control/catalog_serial.h"

#include "control/zone_rows.h"
#include "dns/serial.h"

namespace nearcast::control {
namespace {

using base::Result;

constexpr Sql kReadTurn{
    "SELECT MAX(CASE WHEN name = 'change' THEN value END), "
    "MAX(CASE WHEN name = 'catalog' THEN value END) FROM counter WHERE name IN ('change', "
    "'catalog')",
    "", "nn"};
constexpr Sql kMove{"UPDATE counter SET value = :a WHERE name = 'catalog'", "n", ""};

}  // namespace

Result<CatalogTurn> read_catalog_turn(Session& session) {
    CatalogTurn turn;
    auto done = session.run(kReadTurn, {}, [&turn](const Row& row) {
        turn = {.sequence = static_cast<uint64_t>(row.number(0)), .offset = row.number(1)};
    });
    if (!done) return std::unexpected(done.error());
    return turn;
}

Result<CatalogTurn> take_catalog_turn(Session& session) {
    if (const auto taken = take_sequences(session, 1); !taken) {
        return std::unexpected(taken.error());
    }
    return read_catalog_turn(session);
}

Result<void> raise_catalog_serial(Session& session, int64_t now, std::span<const uint32_t> served) {
    // The lock that orders all writes: two controllers that start take turns.
    if (const auto turn = take_sequences(session, 0); !turn) return std::unexpected(turn.error());
    auto turn = read_catalog_turn(session);
    if (!turn) return std::unexpected(turn.error());
    const int64_t before = turn->offset;
    if (before == 0) turn->offset = now - static_cast<int64_t>(turn->sequence);
    for (const uint32_t serial : served) {
        const uint32_t ours = turn->serial_at(turn->sequence);
        if (dns::is_later_serial(serial, ours)) turn->offset += uint32_t{serial - ours};
    }
    return turn->offset == before ? Result<void>() : session.run(kMove, {turn->offset});
}

}  // namespace nearcast::control
