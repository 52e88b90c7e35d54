// SPDX-License-Identifier: Apache-2.0

#include "shield/cookie_jar.h"

#include <algorithm>
#include <cassert>

namespace nearcast::shield {

CookieJar::CookieJar(const CookieSecrets& secrets, const CookiePolicy& policy)
    : secrets_(secrets), policy_(policy) {
    refresh();
    assert(set_.count > 0);
}

CookieState CookieJar::take(std::span<const uint8_t> option, std::span<const uint8_t> address,
                            uint32_t now, Cookie& reply) const noexcept {
    if (!is_cookie_size(option.size())) return CookieState::Malformed;
    const CookieSecret& active = set_.secrets[0];
    const auto client = option.first<kClientCookieSize>();
    if (option.size() == kCookieSize && is_cookie_timely(option.first<kCookieSize>(), now)) {
        const auto cookie = option.first<kCookieSize>();
        for (size_t i = 0; i < set_.count; ++i) {
            if (!is_cookie_from(cookie, address, set_.secrets[i])) continue;
            const uint32_t age = now - cookie_time(cookie);
            const bool is_fresh = age < kCookieRenewal || age > kCookieLifetime;
            if (i == 0 && is_fresh) {
                std::ranges::copy(cookie, reply.begin());
            } else {
                reply = make_cookie(client, address, now, active);
            }
            return CookieState::Good;
        }
    }
    reply = make_cookie(client, address, now, active);
    return option.size() == kClientCookieSize ? CookieState::ClientOnly : CookieState::Bad;
}

bool CookieJar::demands_better(CookieState state, uint32_t now) noexcept {
    if (policy_.demand == CookieDemand::Never) return false;
    const bool is_improvable = state == CookieState::ClientOnly || state == CookieState::Bad;
    if (policy_.demand == CookieDemand::Always) return is_improvable;
    return is_under_attack(state, now) && is_improvable;
}

bool CookieJar::is_under_attack(CookieState state, uint32_t now) noexcept {
    if (now != second_) {
        const uint32_t passed = now - second_;
        attack_left_ -= std::min(attack_left_, passed);
        second_ = now;
        count_ = 0;
    }
    count_ += state != CookieState::Good;
    if (count_ > policy_.attack_rate) attack_left_ = kAttackHold;
    return attack_left_ > 0;
}

}  // namespace nearcast::shield
