// SPDX-License-Identifier: Apache-2.0
//
// From places on the globe to the delay of a fibre between them.
//
// Light in glass covers 200 km in a millisecond. Fibre follows roads, coasts and the sea bed, so a
// real route is longer than the great circle: by 1.4 on average over long paths.

#pragma once

#include <chrono>

namespace nearcast::lab {

using Delay = std::chrono::microseconds;

struct GeoPoint {
    double latitude = 0;   // Degrees, north is positive.
    double longitude = 0;  // Degrees, east is positive.

    bool operator==(const GeoPoint&) const = default;
};

inline constexpr double kRouteFactor = 1.4;

// Along the surface of a sphere; the Earth's flattening would change it by 0.5 % at most.
[[nodiscard]] double great_circle_km(GeoPoint from, GeoPoint to);

// One way. Never below 200 us: the ring of a city, its patch panels and two routers.
[[nodiscard]] Delay fibre_delay(GeoPoint from, GeoPoint to, double route_factor = kRouteFactor);

}  // namespace nearcast::lab
