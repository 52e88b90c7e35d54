// SPDX-License-Identifier: Apache-2.0

// Property: what is read is written as text that is read as the same.

#include <cstdlib>
#include <string_view>

#include "signing/rollover_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace nearcast::signing;
    const auto state = parse_rollover({reinterpret_cast<const char*>(data), size});
    if (!state) return 0;
    const std::string text = to_text(*state);
    const auto again = parse_rollover(text);
    if (!again || to_text(*again) != text) std::abort();
    return 0;
}
