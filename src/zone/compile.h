// SPDX-License-Identifier: Apache-2.0
//
// From a master file to a zone image: parse, arrange, check, build.
//
// Everything that is wrong with the zone is told at once, with file and line. A zone with an error
// gives no image. Nothing is shared: any number of threads may compile at the same time.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "zone/draft.h"
#include "zone/file_stamp.h"
#include "zone/image.h"
#include "zone/zone_check.h"

namespace nearcast::zone {

// One thing to tell the operator about a zone.
struct Diagnostic {
    Severity severity = Severity::Error;
    std::string file = {};  // Empty: not about one file.
    size_t line = 0;        // 0: not about one line.
    size_t column = 0;      // From 1, in bytes; 0: not known.
    std::string message;
    std::string hint = {};
    std::string check = "syntax";  // The kind of finding: see docs/reference/zone-checks.md.

    // "example.org.zone:14:8", as far as it is known.
    [[nodiscard]] std::string place() const;
    // "error: example.org.zone:14:8: MX needs ...", and the hint on a line of its own.
    [[nodiscard]] std::string to_text() const;
};

struct CompileOptions {
    // The zone's name, whatever the file is called. None: as compile_zone_file() says.
    std::optional<dns::Name> origin = {};
    // What $INCLUDE names must lie in the folder of the zone's file, or below it: for files that
    // somebody else wrote, who may read less than we.
    bool includes_only_beside = false;
    // For read_zone_file(): warn of what compile_zone_file() warns of.
    bool tells_doubts = false;
};

struct CompiledZone {
    dns::Name apex;
    bool is_named = true;  // False: the file's name is none of a zone, and nobody said another.
    size_t record_count = 0;
    ImageBlock image;  // None: there was an error.
    std::vector<Diagnostic> diagnostics;
    std::vector<FileStamp> files;  // All that were read, the one that was named first.
};

// The zone in the file at `path`. It has the name of its SOA record; where that differs from the
// file's name (without ".zone"), a warning says so. Until $ORIGIN, names are relative to the file's
// name; "root.zone" means the root. A file whose name is none of a zone ("example..org.zone") is
// not read.
[[nodiscard]] CompiledZone compile_zone_file(const std::string& path,
                                             const CompileOptions& options = {});

// The same for text from elsewhere, which includes no files.
[[nodiscard]] CompiledZone compile_zone_text(const dns::Name& origin, std::string_view text);

// The records of a zone file, in order and without repetitions, for those who want no image of
// them. What is wrong with the zone as a whole is not looked for.
struct ZoneFileRecords {
    std::optional<ZoneDraft> draft;  // Arranged. None: there was an error.
    std::vector<Diagnostic> diagnostics;
};
[[nodiscard]] ZoneFileRecords read_zone_file(const std::string& path,
                                             const CompileOptions& options = {});

}  // namespace nearcast::zone
