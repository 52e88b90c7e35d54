// SPDX-License-Identifier: Apache-2.0
//
// What the section [store] of node.toml says: where zones are kept, and how much of them; and how
// much memory they may have, of the section [zones].

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "zone/ledger.h"

namespace nearcast::zone {

struct StoreConfig {
    std::string directory;  // Empty: the file does not say.
    LedgerLimits limits;
};

// What else the file has is left to others; `path` is only for messages.
[[nodiscard]] base::Result<StoreConfig> parse_store_config(std::string_view text,
                                                           const std::string& path);

}  // namespace nearcast::zone
