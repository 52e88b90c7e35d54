// SPDX-License-Identifier: Apache-2.0
//
// Zones on their way into the controller: from a file, or from a server that gives them away.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "console/record_set.h"
#include "dns/name.h"
#include "zone/compile.h"

namespace nearcast {

struct LoadedZone {
    dns::Name name;
    std::vector<console::RecordSet> sets;
    size_t left_out = 0;   // Records that a signer made.
    std::string findings;  // What there is to tell of the file, as lines.
};

// The zone in a file. What is wrong with it is all told in the error's message, line by line.
[[nodiscard]] base::Result<LoadedZone> load_zone_file(const std::string& path,
                                                      const zone::CompileOptions& options = {});

// The zone from a server, by AXFR. `server` is ADDRESS, ADDRESS@PORT
// or ADDRESS:PORT; `tsig` is
// [ALGORITHM:]NAME:SECRET, or empty.
[[nodiscard]] base::Result<LoadedZone> fetch_zone(const dns::Name& name, const std::string& server,
                                                  const std::string& tsig);

}  // namespace nearcast
