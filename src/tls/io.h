// SPDX-License-Identifier: Apache-2.0
//
// What came of reading or writing without waiting.

#pragma once

#include <cstddef>
#include <cstdint>

namespace nearcast::tls {

struct Io {
    enum class State : uint8_t {
        Moved,        // `size` bytes, at least one.
        NeedsInput,   // Nothing moved: try again when the descriptor is readable,
        NeedsOutput,  // or writable. TLS may need either for both directions.
        Ended,        // The peer sends no more. It may still take what we send.
        Broken,       // The connection is of no use any more.
    };
    State state = State::Broken;
    size_t size = 0;
};

}  // namespace nearcast::tls
