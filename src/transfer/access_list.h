// SPDX-License-Identifier: Apache-2.0
//
// Who may do something: peers told by address, by the key they sign with, or by both at once.
//
// An entry is "192.0.2.0/24", "key:transfer.example", or "192.0.2.1 key:transfer.example"; all that
// it names must hold. One entry that holds is enough, and an empty list allows nobody.

#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "dns/name.h"
#include "transfer/tsig_key.h"

namespace nearcast::transfer {

struct AccessEntry {
    std::optional<base::IpPrefix> from;
    std::optional<dns::Name> key;
};

[[nodiscard]] base::Result<AccessEntry> parse_access_entry(std::string_view text);

using AccessList = std::vector<AccessEntry>;

// `key` is the one that the request proved to know; null when it was not signed.
[[nodiscard]] bool is_allowed(const AccessList& list, const base::IpAddress& peer,
                              const TsigKey* key);

}  // namespace nearcast::transfer
