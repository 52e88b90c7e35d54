// SPDX-License-Identifier: Apache-2.0

// Property: no message makes the receiver read outside of it, and a zone that it calls complete
// either is refused when built, or gives an image that is whole.

#include <cstdlib>

#include "transfer/zone_receiver.h"

using namespace nearcast;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size > dns::kMessageSizeMax) return 0;
    transfer::ZoneReceiver receiver({.zone = *dns::parse_name("example.org."), .id = 99},
                                    {.records_max = 1000, .bytes_max = 100'000});
    const auto is_last = receiver.take({data, size});
    if (!is_last || !*is_last) return 0;
    auto image = receiver.build();
    if (image && zone::verify_image(image->bytes()) != zone::ImageFault::None) std::abort();
    return 0;
}
