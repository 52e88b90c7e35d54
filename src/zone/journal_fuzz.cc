// SPDX-License-Identifier: Apache-2.0

// Property: what reads as changes or as an origin is written as the same bytes again; nothing else
// reads.

#include <algorithm>
#include <cstdlib>

#include "zone/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace nearcast::zone;
    const std::span<const uint8_t> bytes(data, size);
    if (const auto changes = decode_changes(bytes)) {
        if (!changes->is_complete()) std::abort();
        if (!std::ranges::equal(decode_changes(encode_changes(*changes))->added(),
                                changes->added())) {
            std::abort();
        }
        const Changeset twice[] = {*changes};
        (void)compose(twice);
    }
    if (const auto origin = decode_origin(bytes)) {
        if (!std::ranges::equal(encode_origin(*origin), bytes)) std::abort();
    }
    return 0;
}
