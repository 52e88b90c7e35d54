// SPDX-License-Identifier: Apache-2.0

#include "shield/cookie.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/bytes.h"

namespace nearcast::shield {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kVersionAt = kClientCookieSize;
constexpr size_t kTimeAt = kVersionAt + 4;
constexpr size_t kHashAt = kTimeAt + 4;
constexpr size_t kHashSize = kCookieSize - kHashAt;
constexpr size_t kAddressSizeMax = 16;

using Hash = std::array<uint8_t, kHashSize>;

// Over all that stands before the hash, as it stands there (the reserved bytes too: others may use
// them), and the address.
Hash hash_of(std::span<const uint8_t, kHashAt> head, std::span<const uint8_t> address,
             const CookieSecret& secret) {
    assert(address.size() <= kAddressSizeMax);
    std::array<uint8_t, kHashAt + kAddressSizeMax> input;
    std::ranges::copy(head, input.begin());
    std::ranges::copy(address, input.begin() + kHashAt);
    return siphash(secret, std::span(input).first(kHashAt + address.size()));
}

}  // namespace

Cookie make_cookie(std::span<const uint8_t, kClientCookieSize> client_cookie,
                   std::span<const uint8_t> address, uint32_t now,
                   const CookieSecret& secret) noexcept {
    Cookie cookie{};
    std::ranges::copy(client_cookie, cookie.begin());
    cookie[kVersionAt] = kVersion;
    base::store_u32(&cookie[kTimeAt], now);
    const Hash hash = hash_of(std::span(cookie).first<kHashAt>(), address, secret);
    std::ranges::copy(hash, cookie.begin() + kHashAt);
    return cookie;
}

uint32_t cookie_time(std::span<const uint8_t, kCookieSize> cookie) noexcept {
    return base::load_u32(&cookie[kTimeAt]);
}

bool is_cookie_timely(std::span<const uint8_t, kCookieSize> cookie, uint32_t now) noexcept {
    if (cookie[kVersionAt] != kVersion) return false;
    // The arithmetic of serials (RFC 1982): it goes on working in 2106.
    const uint32_t age = now - cookie_time(cookie);
    return age <= kCookieLifetime || age >= uint32_t{0} - kCookieFutureMax;
}

bool is_cookie_from(std::span<const uint8_t, kCookieSize> cookie, std::span<const uint8_t> address,
                    const CookieSecret& secret) noexcept {
    const Hash right = hash_of(cookie.first<kHashAt>(), address, secret);
    // As numbers: the time tells nothing of where two differ.
    uint64_t expected = 0;
    uint64_t found = 0;
    std::memcpy(&expected, right.data(), sizeof expected);
    std::memcpy(&found, &cookie[kHashAt], sizeof found);
    return expected == found;
}

}  // namespace nearcast::shield
