// SPDX-License-Identifier: Apache-2.0

#include "shield/siphash.h"

#include <bit>
#include <cstring>

namespace nearcast::shield {
namespace {

uint64_t little_endian(uint64_t value) {
    return std::endian::native == std::endian::little ? value : __builtin_bswap64(value);
}

uint64_t load(const uint8_t* from, size_t size = sizeof(uint64_t)) {
    uint64_t value = 0;
    if (size > 0) std::memcpy(&value, from, size);  // Of nothing there may be no address.
    return little_endian(value);
}

// The names of the paper.
struct State {
    explicit State(const SipKey& key) {
        const uint64_t k0 = load(key.data());
        const uint64_t k1 = load(key.data() + sizeof k0);
        v0 = k0 ^ 0x736f6d6570736575;
        v1 = k1 ^ 0x646f72616e646f6d;
        v2 = k0 ^ 0x6c7967656e657261;
        v3 = k1 ^ 0x7465646279746573;
    }

    void round() {
        v0 += v1;
        v2 += v3;
        v1 = std::rotl(v1, 13) ^ v0;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 = std::rotl(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = std::rotl(v1, 17) ^ v2;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 = std::rotl(v2, 32);
    }

    void absorb(uint64_t word) {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }

    uint64_t finish() {
        v2 ^= 0xff;
        for (int i = 0; i < 4; ++i) round();
        return v0 ^ v1 ^ v2 ^ v3;
    }

    uint64_t v0, v1, v2, v3;
};

}  // namespace

std::array<uint8_t, 8> siphash(const SipKey& key, std::span<const uint8_t> bytes) noexcept {
    State state(key);
    const uint64_t last = uint64_t{bytes.size()} << 56;
    for (; bytes.size() >= sizeof last; bytes = bytes.subspan(sizeof last)) {
        state.absorb(load(bytes.data()));
    }
    state.absorb(last | load(bytes.data(), bytes.size()));
    const uint64_t hash = little_endian(state.finish());
    std::array<uint8_t, 8> result;
    std::memcpy(result.data(), &hash, sizeof hash);
    return result;
}

}  // namespace nearcast::shield
