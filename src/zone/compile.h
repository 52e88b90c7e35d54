// SPDX-License-Identifier: Apache-2.0
//
// From a master file to a zone image: parse, arrange, check, build.
//
// Everything that is wrong with the zone is told at once, with file and line. A zone with an error
// gives no image. Nothing is shared: any number of threads may compile at the same time.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "zone/file_stamp.h"
#include "zone/image.h"
#include "zone/zone_check.h"

namespace nearcast::zone {

// One thing to tell the operator about a zone.
struct Diagnostic {
    Severity severity = Severity::Error;
    std::string file;  // Empty: not about one file.
    size_t line = 0;   // 0: not about one line.
    std::string message;
    std::string hint;

    // "error: example.org.zone:14: MX needs ...", and the hint on a line of its own.
    [[nodiscard]] std::string to_text() const;
};

struct CompiledZone {
    dns::Name apex;
    ImageBlock image;  // None: there was an error.
    std::vector<Diagnostic> diagnostics;
    std::vector<FileStamp> files;  // All that were read, the one that was named first.
};

// The zone in the file at `path`. It has the name of its SOA record; where that differs from the
// file's name (without ".zone"), a warning says so. Until $ORIGIN, names are relative to the file's
// name; "root.zone" means the root.
[[nodiscard]] CompiledZone compile_zone_file(const std::string& path);

// The same for text from elsewhere, which includes no files.
[[nodiscard]] CompiledZone compile_zone_text(const dns::Name& origin, std::string_view text);

}  // namespace nearcast::zone
