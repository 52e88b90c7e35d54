// SPDX-License-Identifier: Apache-2.0

#include "zone/version.h"

#include <algorithm>

namespace nearcast::zone {

NodeOrder::Place NodeOrder::after(std::span<const uint8_t> name) const {
    const auto is_before = [this](std::span<const uint8_t> wanted, Ref ref) {
        return dns::canonical_order(wanted, Node(base_, ref).owner()) < 0;
    };
    const auto at = std::upper_bound(base_order_.begin(), base_order_.end(), name, is_before);
    return {static_cast<size_t>(at - base_order_.begin())};
}

Node NodeOrder::next(Place& place) const {
    if (place.base == base_order_.size()) return {};
    return {base_, base_order_[place.base++]};
}

Node NodeOrder::previous(Place& place) const {
    if (place.base == 0) return {};
    return {base_, base_order_[--place.base]};
}

}  // namespace nearcast::zone
