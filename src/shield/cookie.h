// SPDX-License-Identifier: Apache-2.0
//
// DNS cookies (RFC 7873) in the form that servers of different makers agree on (RFC 9018): a client
// that shows the cookie it was given really has the address it asks from.
//
//     | client cookie 8 | version 1 | reserved 3 | timestamp 4 | hash 8 |
//                       └────────────── server cookie ─────────────────┘
//
// The hash is keyed, so a server remembers nothing about its clients, and every server that has the
// same secret knows the cookies of all the others. Times are seconds since 1970, modulo 2^32.

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "shield/siphash.h"

namespace nearcast::shield {

constexpr size_t kClientCookieSize = 8;
constexpr size_t kServerCookieSize = 16;  // Ours; others make 8 to 32 bytes.
constexpr size_t kCookieSize = kClientCookieSize + kServerCookieSize;

using CookieSecret = SipKey;
using Cookie = std::array<uint8_t, kCookieSize>;

// RFC 9018 §4.3: how long a cookie is good for, how far the clocks of two servers may differ, and
// from when on a good one is replaced.
constexpr uint32_t kCookieLifetime = 3600;
constexpr uint32_t kCookieFutureMax = 300;
constexpr uint32_t kCookieRenewal = 1800;

// Whether the data of a COOKIE option has a size that there is (RFC 7873 §5.2.2): a client cookie
// alone, or with a server cookie of 8 to 32 bytes.
[[nodiscard]] constexpr bool is_cookie_size(size_t size) {
    return size == kClientCookieSize ||
           (size >= kClientCookieSize + 8 && size <= kClientCookieSize + 32);
}

// A cookie for the client at `address` (4 or 16 bytes), whose own part is `client_cookie`.
[[nodiscard]] Cookie make_cookie(std::span<const uint8_t, kClientCookieSize> client_cookie,
                                 std::span<const uint8_t> address, uint32_t now,
                                 const CookieSecret& secret) noexcept;

// The time at which a cookie of this form was made.
[[nodiscard]] uint32_t cookie_time(std::span<const uint8_t, kCookieSize> cookie) noexcept;

// Whether it is of this form and of an age that is good at `now`; the hash is not looked at.
[[nodiscard]] bool is_cookie_timely(std::span<const uint8_t, kCookieSize> cookie,
                                    uint32_t now) noexcept;

// Whether it was made with this secret, for this address.
[[nodiscard]] bool is_cookie_from(std::span<const uint8_t, kCookieSize> cookie,
                                  std::span<const uint8_t> address,
                                  const CookieSecret& secret) noexcept;

}  // namespace nearcast::shield
