// SPDX-License-Identifier: Apache-2.0
//
// Whom a desk gives updates of zones that are kept here (RFC 2136): each program has one.

#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/address.h"
#include "dns/edns.h"
#include "dns/header.h"
#include "dns/message.h"
#include "transfer/tsig_key.h"
#include "zone/version.h"

namespace nearcast::transfer {

// Who asks, as far as it is proven.
struct Requestor {
    base::IpAddress peer;
    const TsigKey* key = nullptr;  // Null when it did not sign.
};

// As a log has it: "192.0.2.1 key:dhcp.example.".
[[nodiscard]] std::string to_text(const Requestor& requestor);

// What is answered without records.
struct Verdict {
    dns::Rcode rcode = dns::Rcode::NoError;
    bool is_authoritative = false;
    std::optional<dns::ExtendedError> reason = std::nullopt;
};

class UpdateTaker {
 public:
    virtual ~UpdateTaker() = default;

    // What the zone section and the requestor alone decide: NOERROR when the update is to be
    // carried out. `version`: of the zone that it names, if that is served; `query` is made of
    // `message` by parse_query(). Waits for nothing.
    [[nodiscard]] virtual Verdict admit(const std::optional<zone::Version>& version,
                                        const dns::Query& query, std::span<const uint8_t> message,
                                        const Requestor& requestor) const = 0;

    // Carries out the update in `message`: it is done when this returns NOERROR, and otherwise
    // nothing has changed. `query` as above. May wait for the disk and for
    // others: no place for a worker's thread.
    [[nodiscard]] virtual Verdict carry_out(const dns::Query& query,
                                            std::span<const uint8_t> message,
                                            const Requestor& requestor) = 0;
};

}  // namespace nearcast::transfer
