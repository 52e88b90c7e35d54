// SPDX-License-Identifier: Apache-2.0

#include "observe/talkers.h"

#include <algorithm>
#include <cstring>

#include <netinet/in.h>

#include "base/address.h"
#include "base/bytes.h"

namespace nearcast::observe {
namespace {

constexpr unsigned kV4Bits = 24;
constexpr unsigned kV6Bits = 48;
// Above the address, so that no network is 0.
constexpr Talkers::Network kV4Mark = Talkers::Network{1} << 62;
constexpr Talkers::Network kV6Mark = Talkers::Network{1} << 63;

Talkers::Network network_of(const sockaddr& peer) {
    if (peer.sa_family == AF_INET6) {
        const uint8_t* const v6 = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr.s6_addr;
        return kV6Mark | uint64_t{base::load_u32(v6)} << 16 | base::load_u16(v6 + 4);
    }
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    return kV4Mark | ntohl(v4.sin_addr.s_addr) >> (32 - kV4Bits);
}

}  // namespace

std::string to_text_of_network(Talkers::Network network) {
    const bool is_v6 = (network & kV6Mark) != 0;
    const unsigned bits = is_v6 ? kV6Bits : kV4Bits;
    base::IpPrefix prefix{.first = {.is_v6 = is_v6}, .length = static_cast<uint8_t>(bits)};
    for (unsigned i = 0; i < bits / 8; ++i) {
        prefix.first.bytes[i] = static_cast<uint8_t>(network >> (bits - 8 * (i + 1)));
    }
    return base::to_text(prefix);
}

// The one to read is left as it is until the minute after the next one begins.
Talkers::Window& Talkers::window_of(int64_t number) noexcept {
    Window& window = windows_[number & 1];
    if (window.number.load(std::memory_order_relaxed) == number) return window;
    window.number.store(-1, std::memory_order_relaxed);
    // Who sees anything of what follows sees that too. (ThreadSanitizer does not know fences. It
    // need not: all that they order is atomic.)
    std::atomic_thread_fence(std::memory_order_release);
    for (Row& row : window.rows) {
        for (Entry& entry : row) {
            entry.network.store(0, std::memory_order_relaxed);
            entry.count.set(0);
            entry.doubt.set(0);
            entry.bytes.set(0);
        }
    }
    window.number.store(number, std::memory_order_release);
    return window;
}

void Talkers::take(const answer::Exchange& exchange, std::chrono::seconds now) noexcept {
    if (exchange.peer == nullptr || exchange.is_probe) return;
    const Network network = network_of(*exchange.peer);
    Row& row = window_of(now / kWindow).rows[network * multiplier_ >> 58];
    Entry* least = row.data();
    Entry* found = nullptr;
    for (Entry& entry : row) {
        if (entry.network.load(std::memory_order_relaxed) == network) found = &entry;
        if (entry.count.get() < least->count.get()) least = &entry;
    }
    if (found == nullptr) {
        found = least;
        found->doubt.set(found->count.get());
        found->bytes.set(0);
        found->network.store(network, std::memory_order_relaxed);
    }
    found->count.add();
    found->bytes.add(exchange.response_size);
}

// An entry that changes hands meanwhile is counted for one of the two, with a doubt that may be the
// other's: an estimate all the same, never of less than nothing.
void Talkers::add_to(std::unordered_map<Network, Told>& sums, std::chrono::seconds now) const {
    const int64_t number = now / kWindow - 1;
    const Window& window = windows_[number & 1];
    if (window.number.load(std::memory_order_acquire) != number) return;
    std::unordered_map<Network, Told> found;
    for (const Row& row : window.rows) {
        for (const Entry& entry : row) {
            const Network network = entry.network.load(std::memory_order_relaxed);
            if (network == 0) continue;
            const uint64_t count = entry.count.get();
            Told& told = found[network];
            told.messages += (count - std::min(entry.doubt.get(), count)) * kSample;
            told.response_bytes += entry.bytes.get() * kSample;
        }
    }
    std::atomic_thread_fence(std::memory_order_acquire);
    if (window.number.load(std::memory_order_relaxed) != number) return;
    for (const auto& [network, told] : found) {
        sums[network].messages += told.messages;
        sums[network].response_bytes += told.response_bytes;
    }
}

}  // namespace nearcast::observe
