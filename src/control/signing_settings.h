// SPDX-License-Identifier: Apache-2.0
//
// How a zone is signed, as far as somebody chooses it: the controller's settings, and what a zone
// has otherwise.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "control/model.h"
#include "dnssec/digest.h"
#include "signing/rollover.h"
#include "signing/signing_plan.h"

namespace nearcast::control {

// The defaults are for who chooses nothing. All durations in seconds.
struct SigningSettings {
    bool is_signed = true;
    bool is_split = false;
    dnssec::Algorithm algorithm = dnssec::Algorithm::EcdsaP256Sha256;
    signing::Denial denial;
    std::optional<dnssec::DigestKind> zonemd;
    // Zero: a key that nobody stole is no worse for its age, and each change asks something of the
    // parent.
    signing::UnixTime anchor_lifetime = 0;
    signing::UnixTime zsk_lifetime = 90 * 86400;
    uint32_t dnskey_ttl = 3600;
    signing::SignaturePolicy signatures;
    signing::UnixTime parent_propagation = 86400;  // As in RolloverPolicy.
    signing::UnixTime parent_delay = 7 * 86400;
    // How long caches may keep what others gave out of a zone that was never published here. Many
    // keep nothing for longer than a day, whatever its TTL.
    uint32_t former_ttl = 86400;
    // Of other signers of the same zone (RFC 8901 §2.1.2): their DNSKEY, CDS and CDNSKEY rdata,
    // which stand beside ours.
    signing::Rdatas foreign_dnskeys;
    signing::Rdatas foreign_cds;
    signing::Rdatas foreign_cdnskeys;

    bool operator==(const SigningSettings&) const = default;
};

// Those of a zone: the `usual` ones, but for what the zone's own say. Fails when they are none.
[[nodiscard]] base::Result<SigningSettings> signing_settings_of(const ZoneSettings& zone,
                                                                const SigningSettings& usual);

// "1 0 0 -", as clients of PowerDNS write it: hash, flags, iterations, salt. Empty: NSEC.
[[nodiscard]] base::Result<signing::Denial> parse_denial(std::string_view nsec3param);

// What ZoneSettings::signing holds is "NAME=VALUE NAME=VALUE": these names.
//     algorithm        its name or number
//     keys             "csk" or "split"
//     anchor_lifetime  of CSK and KSK, in seconds; 0: without end
//     zsk_lifetime
//     zonemd           "sha384", "sha512" or "none"
// Puts a value into such a text; an empty one takes the name out. Fails when one of them is wrong.
[[nodiscard]] base::Result<std::string> with_choice(const std::string& choices,
                                                    std::string_view name, std::string_view value);
// The value of that name; empty when it is not chosen.
[[nodiscard]] std::string choice_in(std::string_view choices, std::string_view name);

}  // namespace nearcast::control
