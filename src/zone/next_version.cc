// SPDX-License-Identifier: Apache-2.0

#include "zone/next_version.h"

#include "zone/delta.h"

namespace nearcast::zone {
namespace {

// A zone with fewer names is compiled anew in about a millisecond: a delta would gain nothing and
// cost each question for a name that is not in it.
constexpr size_t kDeltaWorthNames = 1000;

// Names in a delta, at most, in percent of those in its base. A change copies the delta, so its
// cost grows with this; the smaller it is, the more often all of the zone is compiled anew.
constexpr size_t kDeltaPercentMax = 5;

size_t name_count(const Image& image) {
    return size_t{image.header().name_count} + image.header().nsec3_count;
}

}  // namespace

base::Result<std::optional<ImageBlock>> next_delta(const Version& from, const Changeset& changes) {
    const size_t base_names = name_count(from.base());
    if (base_names < kDeltaWorthNames) return std::nullopt;
    const auto names = name_changes(from, changes);
    if (!names) return std::unexpected(names.error());
    return build_delta(from, *names, base_names * kDeltaPercentMax / 100);
}

}  // namespace nearcast::zone
