// SPDX-License-Identifier: Apache-2.0
//
// Reads zones from master files (RFC 1035 §5): $ORIGIN, $TTL, $INCLUDE, $GENERATE, and the forms of
// RFC 3597 for types unknown.
//
// It goes on after an error, so that one run tells them all, up to a bound. What it accepts:
//   - owner, TTL and class may be left out; TTL and class come in either order; TTLs with units;
//   - without $TTL the last TTL holds (RFC 1035); a SOA in front of any takes its own minimum;
//   - $INCLUDE is relative to the file it stands in; origin and owner are as before after it.
// Reading on several cores changes nothing of what it gives, nor on which thread or in what order.
// It knows no zone: whether a record belongs to one, and fits the others, is for the caller.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/record.h"
#include "dns/token.h"

namespace nearcast::dns {

constexpr size_t kIncludeDepthMax = 10;      // A file that includes itself ends here.
constexpr size_t kIncludeCountMax = 10'000;  // Ten files of ten each, ten deep, end here.

// Where an entry begins: its first word. `file` is as named in the options or in $INCLUDE.
struct ZoneFilePlace {
    std::string_view file;
    size_t line = 0;    // From 1.
    size_t column = 0;  // From 1, in bytes.
};

struct ZoneFileError {
    std::string file;
    size_t line = 0;    // From 1.
    size_t column = 0;  // From 1, in bytes.
    std::string reason;
    std::string hint;  // An entry that would be right, or empty.
};

// "example.org.zone:14:8: MX needs a preference and a host: ..." and the hint.
[[nodiscard]] base::Error to_error(const ZoneFileError& error);

struct ZoneFileOptions {
    std::string file;                     // For errors, and what $INCLUDE is relative to.
    Name origin;                          // Until $ORIGIN says otherwise.
    RRClass rr_class = RRClass::IN;       // Of every record; another one is an error.
    std::optional<uint32_t> default_ttl;  // As if the file began with $TTL.
    size_t error_count_max = 20;          // Reading stops with this many.
    LongStrings long_strings = LongStrings::Refused;
    // What all $GENERATE of a zone may make: a PTR for each address of a /8. More is a typing error
    // that would fill the memory.
    size_t generate_count_max = size_t{1} << 24;
    // Texts of several times this size are read in pieces of it, on all cores. 0: none is.
    size_t piece_size = 0;
    // Gives the text of a file that is included. None: $INCLUDE is refused.
    std::function<base::Result<std::string>(const std::string& path)> read_file;
};

// Calls `on_record` for every good record of `text`, in order; the record is valid during the call.
// Returns what was wrong: the zone is whole only if that is nothing.
[[nodiscard]] std::vector<ZoneFileError> parse_zone_file(
    std::string_view text, const ZoneFileOptions& options,
    const std::function<void(const Record&, const ZoneFilePlace&)>& on_record);

}  // namespace nearcast::dns
