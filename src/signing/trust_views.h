// SPDX-License-Identifier: Apache-2.0
//
// What any resolver may have of a zone's chain of trust at one moment, and whether all of it fits.
//
// A resolver combines a DS set, a DNSKEY set and signatures that it got at three different times.
// So each of the three has views: the one that is given out now, and those given out before that
// may still lie in caches. A step of a rollover is safe when each combination with what it brings
// validates. No list of rollovers and their delays (RFC 7583) is needed: each follows from this.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "dnssec/algorithm.h"

namespace nearcast::signing {

using KeyNumber = uint32_t;  // The store's number of a key. Zero: a key that is not ours.
using UnixTime = int64_t;    // Seconds since 1970.

struct KeyRef {
    KeyNumber number = 0;
    uint8_t algorithm = 0;
    auto operator<=>(const KeyRef&) const = default;
};
// Ascending, none twice.
using KeyRefs = std::vector<KeyRef>;

struct DnskeySet {
    KeyRefs keys;
    KeyRefs signers;  // Of this very set.
    bool operator==(const DnskeySet&) const = default;
};

// Whether a validator that knows these finds a chain for each algorithm that is promised: one in
// the DS set for the DNSKEY set, one in the DNSKEY set for the zone (RFC 4035 §2.2; some insist on
// it). Without DS the zone is insecure, and anything goes.
[[nodiscard]] bool is_trusted(const KeyRefs& ds, const DnskeySet& dnskeys, const KeyRefs& signers);

// One thing at all the times that it may still be seen from.
template <typename T>
struct View {
    T value;
    std::optional<UnixTime> since = {};        // Nothing: from before we looked.
    std::optional<UnixTime> replaced_at = {};  // Nothing: it is given out now.
    std::optional<UnixTime> gone_at = {};  // From then on no cache has it. Nothing: not known yet.
    uint32_t ttl = 0;
};
template <typename T>
using Views = std::vector<View<T>>;

struct TrustViews {
    Views<DnskeySet> dnskeys;  // The last one is given out now. Never empty.
    Views<KeyRefs> signers;    // Of the zone's data; the same. No keys: it is unsigned.
    Views<KeyRefs> ds;         // At the parent. Several may be given out now.

    // Whether each combination with this value in place of the one given out now is trusted as
    // much as before: a DS set protects what it leads to though it also has DS that lead nowhere,
    // and what is broken already may be mended in any order.
    [[nodiscard]] bool may_publish(const DnskeySet& dnskeys) const;
    [[nodiscard]] bool may_sign_with(const KeyRefs& signers) const;
    // Whether the parent may come to have this set.
    [[nodiscard]] bool may_ask_for(const KeyRefs& ds) const;

    // Forgets what no cache can have any more.
    void forget(UnixTime now);
};

}  // namespace nearcast::signing
