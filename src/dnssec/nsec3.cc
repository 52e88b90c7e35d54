// SPDX-License-Identifier: Apache-2.0

#include "dnssec/nsec3.h"

#include <algorithm>
#include <cassert>
#include <string_view>

#include "dns/encoding.h"
#include "dns/wire_reader.h"

namespace nearcast::dnssec {
namespace {

bool read_parameters(dns::WireReader& reader, Nsec3Parameters& parameters) {
    uint8_t salt_size = 0;
    return reader.read_u8(parameters.algorithm) && reader.read_u8(parameters.flags) &&
           reader.read_u16(parameters.iterations) && reader.read_u8(salt_size) &&
           reader.read_bytes(salt_size, parameters.salt);
}

}  // namespace

bool is_same_chain(const Nsec3Parameters& a, const Nsec3Parameters& b) {
    return a.algorithm == b.algorithm && a.iterations == b.iterations &&
           std::ranges::equal(a.salt, b.salt);
}

std::optional<Nsec3Parameters> read_nsec3_parameters(std::span<const uint8_t> rdata) {
    dns::WireReader reader(rdata);
    Nsec3Parameters parameters;
    return read_parameters(reader, parameters) ? std::optional(parameters) : std::nullopt;
}

std::optional<Nsec3Hash> read_next_hash(std::span<const uint8_t> rdata) {
    dns::WireReader reader(rdata);
    Nsec3Parameters parameters;
    uint8_t size = 0;
    std::span<const uint8_t> bytes;
    if (!read_parameters(reader, parameters) || !reader.read_u8(size) || size != kNsec3HashSize ||
        !reader.read_bytes(size, bytes)) {
        return std::nullopt;
    }
    Nsec3Hash hash;
    std::ranges::copy(bytes, hash.begin());
    return hash;
}

std::optional<Nsec3Hash> read_owner_hash(std::span<const uint8_t> owner) {
    if (owner.empty() || owner[0] != kNsec3LabelSize) return std::nullopt;
    const std::string_view label(reinterpret_cast<const char*>(owner.data()) + 1, owner[0]);
    Nsec3Hash hash;
    return dns::decode_base32hex(label, hash) ? std::optional(hash) : std::nullopt;
}

Nsec3Hash nsec3_hash(const Nsec3Parameters& parameters, std::span<const uint8_t> lowered) {
    assert(parameters.algorithm == kNsec3Sha1 && parameters.iterations <= kNsec3IterationsMax);
    Nsec3Hash hash;
    sha1(lowered, parameters.salt, hash);
    for (size_t i = 0; i < parameters.iterations; ++i) sha1(hash, parameters.salt, hash);
    return hash;
}

}  // namespace nearcast::dnssec
