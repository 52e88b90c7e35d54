// SPDX-License-Identifier: Apache-2.0
//
// The NSEC3 chain of a zone on its way into an image: the one that answers are proved with.
//
// A zone may hold several while its keeper changes the salt. Those that may be used stand in an
// NSEC3PARAM without flags (RFC 5155 §4.1.2), and of them the first that is whole is taken.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "zone/draft.h"
#include "zone/image.h"

namespace nearcast::zone {

struct Nsec3Chain {
    std::span<const uint8_t> parameters;  // Rdata of its NSEC3PARAM, in the draft. Empty: no chain.
    std::vector<Nsec3Link> links;         // By hash; `node` is a number of the draft.
    bool is_whole = false;                // Each link leads to the next.
};

// Of an arranged draft.
[[nodiscard]] Nsec3Chain find_nsec3_chain(const ZoneDraft& draft);

// Where the names of the draft are in a chain that is not empty, by number; meaningless for those
// that are occluded, or links of a chain themselves.
struct Nsec3Standing {
    Nsec3Places places;
    bool is_provable = false;
};
[[nodiscard]] std::vector<Nsec3Standing> find_nsec3_places(const ZoneDraft& draft,
                                                           const Nsec3Chain& chain);

}  // namespace nearcast::zone
