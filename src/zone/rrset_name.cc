// SPDX-License-Identifier: Apache-2.0

#include "zone/rrset_name.h"

#include <algorithm>
#include <cassert>

namespace nearcast::zone {

// Each pointer leads to the owner, or backwards in the body: this ends.
std::span<const uint8_t> read_body_name(const RRset& rrset, std::span<const uint8_t> owner,
                                        size_t at, NameBytes& bytes) {
    const auto body = rrset.body();
    size_t size = 0;
    const auto put = [&](std::span<const uint8_t> part) {
        assert(size + part.size() <= bytes.size());
        std::ranges::copy(part, bytes.begin() + static_cast<ptrdiff_t>(size));
        size += part.size();
    };
    for (;;) {
        const uint8_t length = body[at];
        if (length >= kPointerByte) {
            const auto fixups = rrset.fixups();
            const auto fixup = std::ranges::lower_bound(fixups, at, {}, &Fixup::at);
            assert(fixup != fixups.end() && fixup->at == at);
            if (!fixup->is_in_body()) {
                put(owner.last(fixup->target));
                return std::span(bytes).first(size);
            }
            at = fixup->place();
            continue;
        }
        const auto label = body.subspan(at, length + size_t{1});
        put(label);
        if (length == 0) return std::span(bytes).first(size);
        at += label.size();
    }
}

}  // namespace nearcast::zone
