// SPDX-License-Identifier: Apache-2.0
//
// What the configuration says about zones between servers: keys, and who may have which zone.
//
// The sections [[key]] and [transfer] of node.toml, or of a file of their own. Once read, nothing
// in it changes: any thread reads.

#pragma once

#include <string>
#include <vector>

#include "base/config_file.h"
#include "dns/name.h"
#include "transfer/access_list.h"
#include "transfer/tsig_key.h"

namespace nearcast::transfer {

// What a primary does for others.
struct ZonePolicy {
    AccessList allow;  // Who may have the zone.
};

struct TransferConfig {
    struct OwnPolicy {
        dns::Name zone;
        ZonePolicy policy;
    };

    TsigKeyring keys;
    ZonePolicy defaults;           // Of zones without one of their own.
    std::vector<OwnPolicy> zones;  // In canonical order of the zones.

    [[nodiscard]] const ZonePolicy& policy_for(const dns::Name& zone) const;
};

// Reads the sections out of `root`. What is wrong the file itself reports (ConfigFile::finish()).
[[nodiscard]] TransferConfig read_transfer_sections(base::ConfigTable root);

// Reads a file that has nothing but these sections.
[[nodiscard]] base::Result<TransferConfig> read_transfer_config(const std::string& path);

}  // namespace nearcast::transfer
