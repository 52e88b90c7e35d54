// SPDX-License-Identifier: Apache-2.0
//
// Who may do something: peers told by address, by the key they sign with, by their certificate.
//
// An entry is "192.0.2.0/24", "key:transfer.example", "tls:ns2.example", "tls:sha256/PIN", "tls",
// or several of these with a space between; all that it names must hold. One entry that holds is
// enough, and an empty list allows nobody.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "dns/name.h"
#include "tls/peer.h"
#include "transfer/tsig_key.h"

namespace nearcast::transfer {

struct AccessEntry {
    std::optional<base::IpPrefix> from;
    std::optional<dns::Name> key;
    // Over TLS alone, fit for transfers (RFC 9103).
    bool needs_tls = false;
    // What the client's certificate must have; with either, needs_tls is set.
    std::optional<std::string> tls_name = {};
    std::optional<tls::SpkiPin> tls_pin = {};
};

[[nodiscard]] base::Result<AccessEntry> parse_access_entry(std::string_view text);

using AccessList = std::vector<AccessEntry>;

// `key` is the one that the request proved to know; null when it was not signed. `tls` is null when
// it did not come over TLS.
[[nodiscard]] bool is_allowed(const AccessList& list, const base::IpAddress& peer,
                              const TsigKey* key, const tls::Peer* tls = nullptr);

}  // namespace nearcast::transfer
