// SPDX-License-Identifier: Apache-2.0
//
// What a zone has for a name: RFC 1034 §4.3.2 steps 3a to 3c, with RFC 4592 and RFC 6672.

#pragma once

#include "zone/version.h"

namespace nearcast::answer {

enum class Match : uint8_t {
    Name,      // The name exists, perhaps as an empty non-terminal or as a zone cut.
    Wildcard,  // It does not, and a wildcard stands for it.
    Cut,       // It lies below a zone cut.
    Dname,     // It lies below the owner of a DNAME.
    Nothing,   // It does not exist.
};

struct Lookup {
    Match match = Match::Nothing;
    zone::Node node;      // The name, the wildcard, the cut or the owner of the DNAME; else none.
    zone::Node encloser;  // With Wildcard and Nothing: the closest encloser.
};

// Fetches the node that is to be found for this name, once its buckets are there. Returns the one
// that has it if any has: its name has still to be compared.
[[nodiscard]] zone::Node fetch_likely(const zone::Version& zone, const zone::HashedName& name);

// `name` is in the zone; `likely` is what fetch_likely() gave for it, or none.
[[nodiscard]] Lookup look_up(const zone::Version& zone, const zone::HashedName& name,
                             const zone::Node& likely = {});

}  // namespace nearcast::answer
