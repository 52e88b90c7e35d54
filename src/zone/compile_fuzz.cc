// SPDX-License-Identifier: Apache-2.0

// Property: compiling any text ends in an image or in an error; what is told names its check; the
// zone, printed and compiled again, is the same.

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dns/zone_file.h"
#include "zone/compile.h"
#include "zone/zone_text.h"

namespace {

using namespace nearcast;

void require(bool claim) {
    if (!claim) std::abort();
}

// The zone of the text, or nothing if an entry is wrong or of another zone.
std::optional<zone::ZoneDraft> draft_of(const dns::Name& apex, std::string_view text) {
    dns::ZoneFileOptions options;
    options.origin = apex;
    options.generate_count_max = 100;
    zone::ZoneDraft draft(apex);
    bool is_good = true;
    const auto errors = dns::parse_zone_file(
        text, options, [&](const dns::Record& record, const dns::ZoneFilePlace&) {
            is_good = draft.add(record, {}) && is_good;
        });
    if (!errors.empty() || !is_good) return std::nullopt;
    draft.arrange();
    return draft;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const dns::Name apex = dns::parse_name("example.org.").value();
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (text.find("$GENERATE") != std::string_view::npos) return 0;  // Mostly a wait for memory.

    const zone::CompiledZone compiled = zone::compile_zone_text(apex, text);
    const auto is_error = [](const zone::Diagnostic& diagnostic) {
        return diagnostic.severity == zone::Severity::Error;
    };
    require(static_cast<bool>(compiled.image) ==
            std::ranges::none_of(compiled.diagnostics, is_error));
    for (const zone::Diagnostic& diagnostic : compiled.diagnostics) {
        require(!diagnostic.message.empty() && !diagnostic.check.empty());
    }
    if (!compiled.image || !(compiled.apex == apex)) return 0;
    const auto draft = draft_of(apex, text);
    require(draft.has_value());
    const std::string printed = zone::zone_to_text(*draft, dns::ZoneFileStyle::Absolute);
    const auto again = draft_of(apex, printed);
    require(again && zone::zone_to_text(*again, dns::ZoneFileStyle::Absolute) == printed);
    return 0;
}
