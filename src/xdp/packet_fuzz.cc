// SPDX-License-Identifier: Apache-2.0

// Property: of any frame, what is read as a query lies within it; the response made of it has the
// same size, both ends turned round, and sums that a receiver finds right.

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "xdp/internet_sum.h"
#include "xdp/packet.h"

namespace {

using namespace nearcast::xdp;

void require(bool claim) {
    if (!claim) std::abort();
}

void check_response(const QueryPacket& packet, std::span<const uint8_t> frame) {
    const size_t udp_at = packet.link_size + packet.ip_size();
    const std::span<const uint8_t> ip = frame.subspan(packet.link_size, packet.ip_size());
    const std::span<const uint8_t> udp = frame.subspan(udp_at);
    const size_t size = packet.is_v6 ? 16 : 4;
    const std::span<const uint8_t> addresses = ip.last(2 * size);
    require(std::equal(packet.source(), packet.source() + size, &addresses[size]));
    require(std::equal(packet.destination(), packet.destination() + size, addresses.data()));
    require(std::equal(packet.frame, packet.frame + 6, &frame[6]));
    if (!packet.is_v6) require(fold(add_bytes(0, ip)) == UINT16_MAX);
    const uint64_t pseudo =
        add_number(add_number(add_bytes(0, addresses), 17), static_cast<uint16_t>(udp.size()));
    require(fold(add_bytes(pseudo, udp)) == UINT16_MAX);
    require(udp[6] != 0 || udp[7] != 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::span<const uint8_t> frame(data, size);
    QueryPacket packet;
    if (read_query(frame, packet) != Reading::Query) return 0;
    const size_t whole = packet.header_size() + packet.message.size();
    require(whole <= size && packet.frame == data);
    require(packet.message.data() == data + packet.header_size());

    std::vector<uint8_t> response(whole);
    std::ranges::copy(packet.message,
                      response.begin() + static_cast<std::ptrdiff_t>(packet.header_size()));
    require(write_headers(packet, response, packet.message.size(), 7) == whole);
    check_response(packet, response);
    return 0;
}
