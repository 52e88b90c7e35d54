// SPDX-License-Identifier: Apache-2.0

#include "signing/trust_views.h"

#include <algorithm>

namespace nearcast::signing {
namespace {

bool has(const KeyRefs& keys, const KeyRef& key) { return std::ranges::binary_search(keys, key); }

}  // namespace

bool is_trusted(const KeyRefs& ds, const DnskeySet& dnskeys, const KeyRefs& signers) {
    const auto leads_to_keys = [&](const KeyRef& promised) {
        return std::ranges::any_of(ds, [&](const KeyRef& key) {
            return key.algorithm == promised.algorithm && has(dnskeys.keys, key) &&
                   has(dnskeys.signers, key);
        });
    };
    const auto leads_to_data = [&](const KeyRef& promised) {
        return std::ranges::any_of(dnskeys.keys, [&](const KeyRef& key) {
            return key.algorithm == promised.algorithm && has(signers, key);
        });
    };
    return ds.empty() || (std::ranges::all_of(ds, leads_to_keys) &&
                          std::ranges::all_of(dnskeys.keys, leads_to_data));
}

bool TrustViews::may_publish(const DnskeySet& next) const {
    const DnskeySet& now = dnskeys.back().value;
    return std::ranges::all_of(ds, [&](const auto& parent) {
        return std::ranges::all_of(signers, [&](const auto& data) {
            return is_trusted(parent.value, next, data.value) ||
                   !is_trusted(parent.value, now, data.value);
        });
    });
}

bool TrustViews::may_sign_with(const KeyRefs& next) const {
    const KeyRefs& now = signers.back().value;
    return std::ranges::all_of(ds, [&](const auto& parent) {
        return std::ranges::all_of(dnskeys, [&](const auto& keys) {
            return is_trusted(parent.value, keys.value, next) ||
                   !is_trusted(parent.value, keys.value, now);
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
