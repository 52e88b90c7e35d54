// SPDX-License-Identifier: Apache-2.0

// Property: walking the options of any bytes ends within them; those found, written again, are the
// bytes in front of where the walk stopped, and it stopped early only at an option that is cut off.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "dns/edns.h"

namespace {

using namespace nearcast::dns;

void require(bool claim) {
    if (!claim) std::abort();
}

void put_u16(std::vector<uint8_t>& bytes, size_t value) {
    bytes.push_back(static_cast<uint8_t>(value >> 8));
    bytes.push_back(static_cast<uint8_t>(value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const uint8_t> options(data, size);
    OptionReader reader(options);
    EdnsOption option;
    std::vector<uint8_t> again;
    while (reader.next(option)) {
        put_u16(again, option.code);
        put_u16(again, option.data.size());
        again.insert(again.end(), option.data.begin(), option.data.end());
    }
    require(again.size() <= size && std::ranges::equal(again, options.first(again.size())));
    require(reader.is_broken() == (again.size() < size));
    require(are_options_well_formed(options) == !reader.is_broken());
    return 0;
}
