// SPDX-License-Identifier: Apache-2.0

#include "signing/trust_views.h"

#include <algorithm>
#include <iterator>

namespace nearcast::signing {
namespace {

bool has(const KeyRefs& keys, const KeyRef& key) { return std::ranges::binary_search(keys, key); }

bool leads_to_keys(const KeyRef& ds, const DnskeySet& dnskeys) {
    return has(dnskeys.keys, ds) && has(dnskeys.signers, ds);
}

// The DS of each algorithm of which one leads to the keys. A validator goes by any path (RFC 6840
// §5.11), or knows no other algorithm than these: to it a DS of another one, left there by somebody
// else, takes nothing from the chain, and so must take nothing from its protection.
KeyRefs followed_part(const KeyRefs& ds, const DnskeySet& dnskeys) {
    KeyRefs followed;
    std::ranges::copy_if(ds, std::back_inserter(followed), [&](const KeyRef& promised) {
        return std::ranges::any_of(ds, [&](const KeyRef& key) {
            return key.algorithm == promised.algorithm && leads_to_keys(key, dnskeys);
        });
    });
    return followed;
}

enum class Trust : uint8_t { None, SomePath, EachAlgorithm };

Trust trust_of(const KeyRefs& ds, const DnskeySet& dnskeys, const KeyRefs& signers) {
    if (is_trusted(ds, dnskeys, signers)) return Trust::EachAlgorithm;
    const bool has_path =
        std::ranges::any_of(ds, [&](const KeyRef& key) { return leads_to_keys(key, dnskeys); }) &&
        std::ranges::any_of(dnskeys.keys, [&](const KeyRef& key) { return has(signers, key); });
    return has_path ? Trust::SomePath : Trust::None;
}

}  // namespace

bool is_trusted(const KeyRefs& ds, const DnskeySet& dnskeys, const KeyRefs& signers) {
    const auto leads_to_data = [&](const KeyRef& promised) {
        return std::ranges::any_of(dnskeys.keys, [&](const KeyRef& key) {
            return key.algorithm == promised.algorithm && has(signers, key);
        });
    };
    return ds.empty() ||
           (followed_part(ds, dnskeys) == ds && std::ranges::all_of(dnskeys.keys, leads_to_data));
}

bool TrustViews::may_publish(const DnskeySet& next) const {
    const DnskeySet& now = dnskeys.back().value;
    return std::ranges::all_of(ds, [&](const auto& parent) {
        const KeyRefs followed = followed_part(parent.value, now);
        return std::ranges::all_of(signers, [&](const auto& data) {
            return trust_of(followed, next, data.value) >= trust_of(followed, now, data.value);
        });
    });
}

bool TrustViews::may_sign_with(const KeyRefs& next) const {
    const KeyRefs& now = signers.back().value;
    return std::ranges::all_of(ds, [&](const auto& parent) {
        return std::ranges::all_of(dnskeys, [&](const auto& keys) {
            const KeyRefs followed = followed_part(parent.value, keys.value);
            return trust_of(followed, keys.value, next) >= trust_of(followed, keys.value, now);
        });
    });
}

bool TrustViews::may_ask_for(const KeyRefs& next) const {
    return std::ranges::all_of(dnskeys, [&](const auto& keys) {
        return std::ranges::all_of(
            signers, [&](const auto& data) { return is_trusted(next, keys.value, data.value); });
    });
}

void TrustViews::forget(UnixTime now) {
    const auto is_gone = [now](const auto& view) { return view.gone_at && *view.gone_at <= now; };
    std::erase_if(dnskeys, is_gone);
    std::erase_if(signers, is_gone);
    std::erase_if(ds, is_gone);
}

}  // namespace nearcast::signing
