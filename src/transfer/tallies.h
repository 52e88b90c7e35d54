// SPDX-License-Identifier: Apache-2.0
//
// What became of transfers, notices and updates, in either direction.
//
// Each is counted by whoever brings it to an end, on any thread, and read by any thread.

#pragma once

#include <array>
#include <cstddef>

#include "base/tally.h"
#include "dns/header.h"

namespace nearcast::transfer {

using base::SharedTally;

// What a transfer carries, one way or the other.
enum class Content : uint8_t { Zone, Changes };
constexpr size_t kContentCount = 2;

// What ZoneSender sends, and desks say to who asks for a zone.
struct SentTallies {
    struct Row {
        SharedTally sent;
        SharedTally broken;   // The peer went away, or took too long.
        SharedTally refused;  // By whatever code.
    };

    std::array<Row, kContentCount> rows;  // By Content; of what was refused: what was asked for.
    SharedTally current;                  // Asked for changes, and there are none.
    SharedTally turned_away;              // Too many at once.
    SharedTally bytes;                    // Of messages, whatever became of them.

    [[nodiscard]] Row& of(Content content) { return rows[static_cast<size_t>(content)]; }
};

// Responses to messages that came in, by the code in the header.
using RcodeTallies = std::array<SharedTally, size_t{dns::kRcodeMask} + 1>;

struct DeskTallies {
    SentTallies transfers;
    RcodeTallies notices;
    RcodeTallies updates;
};

// What SecondaryZones asks primaries for, each time it asks one.
struct FetchTallies {
    std::array<SharedTally, kContentCount> fetched;  // And taken, by Content.
    SharedTally current;                             // There is nothing newer.
    SharedTally refused;                             // By whatever code.
    SharedTally failed;                              // No answer, or none that is of use.
    SharedTally bytes;                               // Of messages, whatever became of them.
};

// What Notifier tells secondaries.
struct NoticeTallies {
    SharedTally acknowledged;
    SharedTally refused;
    SharedTally unanswered;
    SharedTally dropped;  // Too many waited: never sent.
};

}  // namespace nearcast::transfer
