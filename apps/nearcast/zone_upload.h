// SPDX-License-Identifier: Apache-2.0
//
// Puts zones into the controller: new ones are made, those that are there become what they should
// be.

#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "controller.h"
#include "zone_source.h"

namespace nearcast {

struct Uploaded {
    std::string source;         // The file or the server.
    std::string zone;           // Empty when it is not known.
    std::string outcome;        // "created", "changed", "unchanged" or "failed".
    std::string sequence;       // Of the change; empty when there was none.
    std::string error;          // Why it failed.
    std::string findings = {};  // What there is to tell of the file all the same, as lines.
};

// One zone. Of one that is there the sets that differ are changed, if nobody else does so
// meanwhile.
[[nodiscard]] Uploaded upload(Controller& controller, const LoadedZone& zone,
                              const std::string& comment);

// Each file, read so, many at a time; goes on after one that fails. Shows on a terminal how far it
// is. In the order of the files.
[[nodiscard]] std::vector<Uploaded> upload_files(const std::vector<std::string>& files,
                                                 const zone::CompileOptions& compile,
                                                 const ControllerOptions& options);

}  // namespace nearcast
