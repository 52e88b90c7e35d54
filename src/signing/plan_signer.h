// SPDX-License-Identifier: Apache-2.0
//
// Signs sets by a plan: which keys, how long, and whether an old signature may stay. One thread.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dnssec/canonical_set.h"
#include "dnssec/rrsig.h"
#include "signing/signing_plan.h"

namespace nearcast::signing {

// Sets that the signer makes and the unsigned zone has not.
[[nodiscard]] bool is_made_by_signer(dns::RRType type, bool is_apex);
// Sets that the keys of the chain of trust sign.
[[nodiscard]] bool is_key_set(dns::RRType type);

class PlanSigner {
 public:
    // The plan stays.
    PlanSigner(const SigningPlan& plan, std::span<const uint8_t> apex);

    // Makes one RRSIG for each key that signs this type and is not among `kept`, their rdata. False
    // when a key refuses. The signatures are valid until the next call.
    [[nodiscard]] bool sign(const dnssec::CanonicalSet& set, std::span<const uint8_t> owner,
                            const Rdatas& kept = {});
    [[nodiscard]] const Rdatas& signatures() const { return signatures_; }

    // Whether a signature over a set that did not change may stay: its key still signs this type,
    // and what is left of its life is enough.
    [[nodiscard]] bool may_stay(std::span<const uint8_t> rrsig_rdata) const;
    // Whether these are all the signatures that such a set needs, and no others.
    [[nodiscard]] bool is_complete(dns::RRType type, const Rdatas& rrsigs) const;

 private:
    struct Signer {
        dnssec::SetSigner signer;
        bool signs_keys;
        bool signs_zone;
        [[nodiscard]] bool signs(dns::RRType type) const {
            return is_key_set(type) ? signs_keys : signs_zone;
        }
        [[nodiscard]] bool made(const dnssec::Rrsig& rrsig) const {
            return rrsig.key_tag == signer.key_tag() &&
                   rrsig.algorithm == static_cast<uint8_t>(signer.algorithm());
        }
    };

    [[nodiscard]] dnssec::SignatureLife life_of(std::span<const uint8_t> owner,
                                                dns::RRType type) const;

    const SignatureTimes& times_;
    std::vector<Signer> signers_;
    Rdatas signatures_;
};

}  // namespace nearcast::signing
