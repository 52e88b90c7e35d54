// SPDX-License-Identifier: Apache-2.0

#include "signing/signing_plan.h"

#include <algorithm>

#include "base/bytes.h"

namespace nearcast::signing {
namespace {

constexpr size_t kSoaNumbersSize = 20;  // Serial, refresh, retry, expire, minimum.

// A signature may not be valid for longer than the arithmetic of serials reaches (RFC 4034 §3.1.5).
// A zone whose EXPIRE wants more gets what there is: 34 years.
constexpr uint64_t kLifeMax = 0x40000000;

}  // namespace

SignatureTimes times_for(const SignaturePolicy& policy, std::span<const uint8_t> soa_rdata,
                         uint32_t ttl_max, uint32_t now) {
    const uint8_t* const numbers = soa_rdata.data() + soa_rdata.size() - kSoaNumbersSize;
    const uint64_t refresh = base::load_u32(numbers + 4);
    const uint64_t retry = base::load_u32(numbers + 8);
    const uint64_t expire = base::load_u32(numbers + 12);
    const uint64_t remaining = expire + refresh + retry + ttl_max + policy.slack;
    SignatureTimes times{.now = now, .back = policy.back, .jitter = policy.jitter};
    const uint64_t stand = uint64_t{policy.renewal_interval} + policy.jitter;
    times.remaining_min = static_cast<uint32_t>(std::min(remaining, kLifeMax - stand));
    times.life = static_cast<uint32_t>(times.remaining_min + stand);
    return times;
}

}  // namespace nearcast::signing
