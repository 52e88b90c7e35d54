// SPDX-License-Identifier: Apache-2.0

#include "signing/plan_signer.h"

#include <algorithm>

#include "dns/ascii.h"

namespace nearcast::signing {

using dns::RRType;

bool is_made_by_signer(RRType type, bool is_apex) {
    switch (type) {
        case RRType::RRSIG:
        case RRType::NSEC:
        case RRType::NSEC3:
        case RRType::NSEC3PARAM:
            return true;
        case RRType::DNSKEY:
        case RRType::CDS:
        case RRType::CDNSKEY:
        case RRType::ZONEMD:
            return is_apex;
        default:
            return false;
    }
}

bool is_key_set(RRType type) {
    return type == RRType::DNSKEY || type == RRType::CDS || type == RRType::CDNSKEY;
}

PlanSigner::PlanSigner(const SigningPlan& plan, std::span<const uint8_t> apex)
    : times_(plan.times) {
    for (const KeyUse& use : plan.keys) {
        signers_.push_back({dnssec::SetSigner(use.key, apex), use.signs_keys, use.signs_zone});
    }
}

// The jitter hangs on what is signed and when, so that it needs no random numbers, and differs from
// one renewal to the next.
dnssec::SignatureLife PlanSigner::life_of(std::span<const uint8_t> owner, RRType type) const {
    uint64_t mix = 0xCBF29CE484222325 ^ times_.now;
    for (const uint8_t byte : owner) mix = (mix ^ dns::lower(byte)) * 0x100000001B3;
    mix = (mix ^ static_cast<uint16_t>(type)) * 0x9E3779B97F4A7C15;
    const auto shorter =
        times_.jitter == 0 ? 0U : static_cast<uint32_t>((mix >> 32) % times_.jitter);
    return {.inception = times_.now - times_.back,
            .expiration = times_.now + times_.life - shorter};
}

bool PlanSigner::sign(const dnssec::CanonicalSet& set, std::span<const uint8_t> owner,
                      const Rdatas& kept) {
    signatures_.clear();
    for (Signer& signer : signers_) {
        if (!signer.signs(set.type())) continue;
        const bool is_there = std::ranges::any_of(kept, [&](const auto& rdata) {
            const auto rrsig = dnssec::read_rrsig(rdata);
            return rrsig && signer.made(*rrsig);
        });
        if (is_there) continue;
        signatures_.emplace_back();
        if (!signer.signer.sign(set, life_of(owner, set.type()), signatures_.back())) return false;
    }
    return true;
}

bool PlanSigner::may_stay(std::span<const uint8_t> rrsig_rdata) const {
    const auto rrsig = dnssec::read_rrsig(rrsig_rdata);
    if (!rrsig) return false;
    // One that does not hold yet was made by a clock that was ahead.
    const auto age = static_cast<int32_t>(times_.now - rrsig->life.inception);
    const auto left = static_cast<int32_t>(rrsig->life.expiration - times_.now);
    if (age < 0 || left < 0 || static_cast<uint32_t>(left) < times_.remaining_min) return false;
    return std::ranges::any_of(signers_, [&](const Signer& signer) {
        return signer.made(*rrsig) && signer.signs(rrsig->covered);
    });
}

bool PlanSigner::is_complete(RRType type, const Rdatas& rrsigs) const {
    const auto wanted = std::ranges::count_if(
        signers_, [type](const Signer& signer) { return signer.signs(type); });
    return static_cast<size_t>(wanted) == rrsigs.size() &&
           std::ranges::all_of(rrsigs, [this](const auto& rdata) { return may_stay(rdata); });
}

}  // namespace nearcast::signing
