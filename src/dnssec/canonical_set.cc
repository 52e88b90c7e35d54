// SPDX-License-Identifier: Apache-2.0

#include "dnssec/canonical_set.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dnssec/canonical_rdata.h"

namespace nearcast::dnssec {

void CanonicalSet::begin(std::span<const uint8_t> owner, dns::RRType type, uint32_t ttl) {
    type_ = type;
    ttl_ = ttl;
    labels_ = 0;
    for (size_t at = 0; owner[at] != 0; at += owner[at] + 1U) ++labels_;
    if (owner[0] == 1 && owner[1] == '*') --labels_;
    data_.clear();
    places_.clear();
    records_.clear();
    constexpr size_t kFixedSize = 8;  // Type, class, TTL.
    head_.resize(owner.size() + kFixedSize);
    dns::lower_copy(owner, head_.data());
    uint8_t* const fixed = head_.data() + owner.size();
    base::store_u16(fixed, static_cast<uint16_t>(type));
    base::store_u16(fixed + 2, static_cast<uint16_t>(dns::RRClass::IN));
    base::store_u32(fixed + 4, ttl);
}

void CanonicalSet::add(std::span<const uint8_t> rdata) {
    const size_t at = data_.size();
    append_canonical_rdata(type_, rdata, data_);
    places_.push_back({at, data_.size() - at});
}

void CanonicalSet::finish() {
    if (places_.size() > 1) {
        std::ranges::sort(places_, [this](const Place& a, const Place& b) {
            return std::ranges::lexicographical_compare(data(a), data(b));
        });
        const auto repeated = std::ranges::unique(places_, [this](const Place& a, const Place& b) {
            return std::ranges::equal(data(a), data(b));
        });
        places_.erase(repeated.begin(), repeated.end());
    }
    for (const Place& place : places_) {
        std::array<uint8_t, 2> size{};
        base::store_u16(size.data(), static_cast<uint16_t>(place.size));
        const auto rdata = data(place);
        records_.insert(records_.end(), head_.begin(), head_.end());
        records_.insert(records_.end(), size.begin(), size.end());
        records_.insert(records_.end(), rdata.begin(), rdata.end());
    }
}

}  // namespace nearcast::dnssec
