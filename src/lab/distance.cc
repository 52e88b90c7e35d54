// SPDX-License-Identifier: Apache-2.0

#include "lab/distance.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nearcast::lab {

namespace {

constexpr double kEarthRadiusKm = 6371;
constexpr double kFibreKmPerMicrosecond = 0.2;
constexpr Delay kDelayWithinACity{200};

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

}  // namespace

double great_circle_km(GeoPoint from, GeoPoint to) {
    const double across = std::sin(radians(to.latitude - from.latitude) / 2);
    const double along = std::sin(radians(to.longitude - from.longitude) / 2);
    const double haversine = across * across + std::cos(radians(from.latitude)) *
                                                   std::cos(radians(to.latitude)) * along * along;
    return 2 * kEarthRadiusKm * std::asin(std::sqrt(std::min(1.0, haversine)));
}

Delay fibre_delay(GeoPoint from, GeoPoint to, double route_factor) {
    const double travelled = great_circle_km(from, to) * route_factor / kFibreKmPerMicrosecond;
    return std::max(kDelayWithinACity, Delay(std::llround(travelled)));
}

}  // namespace nearcast::lab
