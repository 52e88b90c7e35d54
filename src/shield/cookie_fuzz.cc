// SPDX-License-Identifier: Apache-2.0

// Property: no option makes the jar read outside of it, and what it gives it takes, from this
// client alone.

#include <cstdlib>

#include "shield/cookie_jar.h"

using namespace nearcast::shield;

namespace {

const CookieSecrets& secrets() {
    static CookieSecrets kept;
    if (kept.version() == 0)
        kept.publish({.secrets = {CookieSecret{1}, CookieSecret{2}}, .count = 2});
    return kept;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr uint32_t kNow = 1'559'731'985;
    static const CookieJar jar(secrets(), {});
    const std::array<uint8_t, 4> address = {192, 0, 2, 1};
    const std::array<uint8_t, 4> other = {192, 0, 2, 2};
    Cookie reply{};
    Cookie again{};
    const CookieState state = jar.take({data, size}, address, kNow, reply);
    if ((state == CookieState::Malformed) == is_cookie_size(size)) std::abort();
    if (state == CookieState::Malformed) return 0;
    if (jar.take(reply, address, kNow, again) != CookieState::Good) std::abort();
    if (jar.take(reply, other, kNow, again) != CookieState::Bad) std::abort();
    return 0;
}
