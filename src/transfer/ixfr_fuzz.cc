// SPDX-License-Identifier: Apache-2.0

// Property: no row of messages makes the receiver of an IXFR read outside of them. Changes that it
// calls complete link up from the serial that was asked for, and condense into one difference or
// contradict each other; whatever that difference is, applying it leaves a whole image or nothing.
//
// The input is a row of messages, each with its length in two bytes in front, as on TCP.

#include <cstdlib>

#include "transfer/condense.h"
#include "transfer/zone_receiver.h"
#include "zone/apply.h"
#include "zone/compile.h"

using namespace nearcast;

namespace {

constexpr uint32_t kSerial = 3;

const zone::ImageBlock& base_image() {
    static const zone::CompiledZone zone =
        zone::compile_zone_text(*dns::parse_name("example.org."),
                                "$TTL 300\n@ IN SOA . . 3 0 0 0 0\n@ NS a\na A 192.0.2.1\n"
                                "b A 192.0.2.1\nb A 192.0.2.2\n*.c TXT \"x\"\n");
    return zone.image;
}

void require(bool holds) {
    if (!holds) std::abort();
}

void check(const transfer::ZoneReceiver& receiver) {
    uint32_t serial = kSerial;
    for (const zone::Changeset& each : receiver.differences()) {
        require(each.is_complete() && each.from_serial() == serial);
        serial = each.to_serial();
    }
    const auto changes = transfer::condense(receiver.differences());
    if (!changes) return;
    require(changes->is_complete() && changes->from_serial() == kSerial &&
            changes->to_serial() == serial);
    auto image = zone::apply_changes(zone::Version(base_image().image()), *changes);
    if (image) require(zone::verify_image(image->bytes()) == zone::ImageFault::None);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::span<const uint8_t> input(data, size);
    transfer::ZoneReceiver receiver(
        {.zone = *dns::parse_name("example.org."), .id = 99, .serial = kSerial},
        {.records_max = 1000, .bytes_max = 100'000, .difference_bytes_max = 50'000});
    while (input.size() >= 2) {
        const size_t length = std::min<size_t>(base::load_u16(input.data()), input.size() - 2);
        const auto is_last = receiver.take(input.subspan(2, length));
        if (!is_last) return 0;
        if (*is_last) {
            if (!receiver.differences().empty()) check(receiver);
            return 0;
        }
        input = input.subspan(2 + length);
    }
    return 0;
}
