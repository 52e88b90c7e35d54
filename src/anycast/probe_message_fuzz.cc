// SPDX-License-Identifier: Apache-2.0
//
// Property: whatever a process on this host sends instead of an answer, reading it ends and stays
// inside the message, and what it accepts is a response.

#include <cstdlib>

#include "anycast/probe_message.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto answer = nearcast::anycast::read_probe_answer({}, {data, size});
    if (answer && (size < 12 || (data[2] & 0x80) == 0)) std::abort();
    return 0;
}
