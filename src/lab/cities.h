// SPDX-License-Identifier: Apache-2.0
//
// Some hundred large cities of the world, where topologies put their networks and clients.
//
// Compiled in from data/cities.tsv (GeoNames, CC BY 4.0; data/README.md has the whole story).

#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "lab/distance.h"

namespace nearcast::lab {

struct City {
    std::string_view id;  // "sao-paulo": lower case, ASCII.
    std::string_view name;
    std::string_view country;    // ISO 3166-1, two letters.
    std::string_view continent;  // "africa", "asia", "europe", "north-america", …
    GeoPoint place;
    uint64_t population = 0;
};

// Largest first. They live as long as the program.
[[nodiscard]] std::span<const City> known_cities();

// By id or by name, letter case ignored; nullptr when the list does not have it.
[[nodiscard]] const City* find_city(std::string_view id_or_name);

// The id that is spelled most like `text`, for messages.
[[nodiscard]] std::string_view nearest_spelling(std::string_view text);

}  // namespace nearcast::lab
