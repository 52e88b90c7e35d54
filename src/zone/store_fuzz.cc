// SPDX-License-Identifier: Apache-2.0

// Property: whatever a segment file holds, a start ends, and serves one of the versions that were
// stored, or none.

#include <algorithm>
#include <cstdlib>
#include <string>

#include "zone/disk_fixture.h"
#include "zone/ledger.h"
#include "zone/zone_fixture.h"

namespace {

using namespace nearcast::zone;

const nearcast::dns::Name kZone = *nearcast::dns::parse_name("example.org.");

std::string soa(uint32_t serial) {
    return "@ 60 SOA n. h. " + std::to_string(serial) + " 2 3 4 5\n";
}

ImageBlock version_of(uint32_t serial) {
    return image_of(soa(serial) + "@ 60 NS n.\ns" + std::to_string(serial) + " 60 A 192.0.2.1\n");
}

// A store with serials 5 to 8.
const std::vector<uint8_t>& good_segment() {
    static const auto* const bytes = [] {
        FakeDisk disk;
        ZoneTable table;
        const auto ledger = *ZoneLedger::open(disk.share(), table, {});
        for (uint32_t serial = 5; serial <= 8; ++serial) {
            (void)ledger->replace(kZone, version_of(serial), {.kind = ZoneOrigin::Kind::Primary});
        }
        return new std::vector<uint8_t>(disk.files().begin()->second->bytes);
    }();
    return *bytes;
}

}  // namespace

// The first byte says whether the rest is a segment by itself, or what to change in a good one:
// triples of a place (two bytes) and a value, and a remainder that says how much to cut off.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    std::vector<uint8_t> bytes(data + 1, data + size);
    if (data[0] % 2 == 0) {
        bytes = good_segment();
        const std::span<const uint8_t> orders(data + 1, size - 1);
        for (size_t i = 0; i + 3 <= orders.size(); i += 3) {
            const size_t place = (size_t{orders[i]} << 8 | orders[i + 1]) % bytes.size();
            bytes[place] = orders[i + 2];
        }
        if (orders.size() % 3 != 0) {
            bytes.resize(bytes.size() - std::min<size_t>(orders.back() * 16U, bytes.size()));
        }
    }
    FakeDisk disk;
    disk.files()[Segment::name_of(1)] = std::make_shared<FakeDisk::File>();
    disk.files()[Segment::name_of(1)]->bytes = std::move(bytes);
    ZoneTable table;
    const auto ledger = ZoneLedger::open(disk.share(), table, {});
    if (!ledger || !(*ledger)->restore(kZone)) return 0;
    const auto served = table.pin(kZone);
    const uint32_t serial = served->version().serial();
    if (serial < 5 || serial > 8) std::abort();
    if (text_of(served->version()) != text_of(version_of(serial))) std::abort();
    return 0;
}
