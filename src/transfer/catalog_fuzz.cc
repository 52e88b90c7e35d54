// SPDX-License-Identifier: Apache-2.0

// A catalog read from any zone is one that can be made again, and reads the same.

#include <cstdlib>
#include <string_view>

#include "transfer/catalog.h"
#include "zone/compile.h"

using namespace nearcast;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    dns::Name apex;
    (void)apex.append("c");
    const auto zone = zone::compile_zone_text(apex, text);
    if (!zone.image) return 0;
    const auto read = transfer::read_catalog(zone::Version(zone.image.image()));
    if (!read) return 0;
    const auto made = transfer::build_catalog(zone.apex, 1, read->members);
    if (!made) return 0;  // A name became too long.
    const auto again = transfer::read_catalog(zone::Version(made->image()));
    if (!again || again->members.size() != read->members.size()) std::abort();
    for (size_t i = 0; i < again->members.size(); ++i) {
        if (!(again->members[i].zone == read->members[i].zone)) std::abort();
        if (again->members[i].serial != read->members[i].serial) std::abort();
    }
    return 0;
}
