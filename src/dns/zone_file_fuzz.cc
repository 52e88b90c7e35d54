// SPDX-License-Identifier: Apache-2.0

// Properties: reading any text ends, with no more errors than asked for and each at a place; what
// is accepted is valid, and printed as a line it reads back as the same record; reading in pieces
// on several cores gives the same records and errors.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "dns/rdata.h"
#include "dns/response.h"
#include "dns/zone_file.h"

namespace {

using namespace nearcast::dns;

void require(bool claim) {
    if (!claim) std::abort();
}

ZoneFileOptions options_of_the_test() {
    ZoneFileOptions options;
    options.file = "z/a";
    options.origin = parse_name("example.org.").value();
    options.generate_count_max = 100;
    options.read_file = [](const std::string& path) -> nearcast::base::Result<std::string> {
        if (path == "z/b") return "b A 192.0.2.1\n$INCLUDE b\n";
        return nearcast::base::fail("no such file");
    };
    return options;
}

void require_same(const Record& a, const Record& b) {
    require(std::ranges::equal(a.owner.wire(), b.owner.wire()));
    require(a.type == b.type && a.rr_class == b.rr_class && a.ttl == b.ttl && a.rdata == b.rdata);
}

void check_record(const Record& record, const ZoneFilePlace& place) {
    require(place.line > 0 && !place.file.empty());
    require(is_valid_rdata(record.type, record.rdata));
    size_t count = 0;
    const std::string line = to_text(record);
    const auto errors = parse_zone_file(line, {}, [&](const Record& again, const ZoneFilePlace&) {
        require_same(record, again);
        ++count;
    });
    require(errors.empty() && count == 1);
}

// What reading gave, in order, to be compared.
struct Outcome {
    std::vector<std::string> records;
    std::vector<std::string> errors;

    bool operator==(const Outcome&) const = default;
};

std::string at(std::string_view file, size_t line, size_t column) {
    return std::string(file) + ':' + std::to_string(line) + ':' + std::to_string(column) + ' ';
}

Outcome read(std::string_view text, const ZoneFileOptions& options) {
    Outcome outcome;
    const auto errors =
        parse_zone_file(text, options, [&](const Record& record, const ZoneFilePlace& place) {
            if (options.piece_size == 0) check_record(record, place);
            outcome.records.push_back(at(place.file, place.line, place.column) + to_text(record));
        });
    require(errors.size() <= options.error_count_max);
    for (const ZoneFileError& error : errors) {
        require(error.line > 0 && error.column > 0 && !error.reason.empty());
        outcome.errors.push_back(at(error.file, error.line, error.column) + error.reason);
    }
    return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const ZoneFileOptions options = options_of_the_test();
    static ZoneFileOptions in_pieces = options;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    in_pieces.piece_size = 1 + size % 100;
    require(read(text, in_pieces) == read(text, options));
    return 0;
}
