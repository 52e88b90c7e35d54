// SPDX-License-Identifier: Apache-2.0

// Property: whatever the bytes, read_name() and read_name_text() end within them, what they accept
// is a legal name, and its text reads back as the same bytes.

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "dns/name.h"

namespace {

using nearcast::dns::Name;

void require(bool claim) {
    if (!claim) std::abort();
}

void require_legal(const Name& name) {
    const auto wire = name.wire();
    require(nearcast::dns::name_size(wire) == wire.size());
    require(Name::from_wire(wire).has_value());
    require(nearcast::dns::canonical_order(wire, name.lowered().wire()) == 0);
    require(name == name.lowered());
    require(name.is_subdomain_of(name.parent()));

    const auto again = nearcast::dns::parse_name(to_text(name));
    require(again.has_value());
    require(std::ranges::equal(again->wire(), wire));
}

}  // namespace

// The first byte says where in the message to start.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    nearcast::dns::WireReader reader({data + 1, size - 1});
    reader.seek(std::min<size_t>(data[0], size - 1));
    const size_t start = reader.offset();
    Name name;
    if (read_name(reader, name) == nearcast::dns::NameError::None) {
        require_legal(name);
        require(reader.offset() > start);
    } else {
        require(reader.offset() == start);
    }
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Name origin = nearcast::dns::parse_name("example.org.").value();
    if (read_name_text(text, &origin, name) == nearcast::dns::NameTextError::None) {
        require_legal(name);
    }
    return 0;
}
