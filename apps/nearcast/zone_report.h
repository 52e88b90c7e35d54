// SPDX-License-Identifier: Apache-2.0
//
// What `nearcast zone check` tells of zone files.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "zone/compile.h"

namespace nearcast {

// The paths themselves, and of each directory its *.zone files. Fails when there are none.
[[nodiscard]] base::Result<std::vector<std::string>> zone_files_of(
    const std::vector<std::string>& paths);

// A finding with the line of the file that it is about, and a mark under the place.
[[nodiscard]] std::string finding_text(const zone::Diagnostic& finding);

struct ZoneCheckReport {
    struct Zone {
        std::string file;
        std::string name;
        bool is_served = false;  // It would be.
        uint32_t serial = 0;     // If it would be.
        size_t record_count = 0;
        std::vector<zone::Diagnostic> findings;
    };
    std::vector<Zone> zones;

    // Whether every zone would be served and, where `is_strict`, nothing was told of any.
    [[nodiscard]] bool is_good(bool is_strict) const;
    [[nodiscard]] std::string to_text() const;
    [[nodiscard]] std::string to_json() const;  // One line.
};

// Two files of one zone are an error of the second.
[[nodiscard]] ZoneCheckReport check_zone_files(const std::vector<std::string>& files,
                                               const zone::CompileOptions& options);

}  // namespace nearcast
