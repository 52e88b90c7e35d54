// SPDX-License-Identifier: Apache-2.0
//
// NSEC3 (RFC 5155): its parameters, its records, and the hash of a name.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "dnssec/digest.h"

namespace nearcast::dnssec {

constexpr uint8_t kNsec3Sha1 = 1;  // The only hash there is (RFC 5155 §11).
constexpr uint8_t kNsec3OptOut = 1;
constexpr size_t kNsec3HashSize = kSha1Size;
constexpr size_t kNsec3LabelSize = 32;  // Of the hash as the first label of an owner.

// Additional rounds that a served zone may ask for. Each is a SHA-1 of work for a question that
// denies something, so this bounds what a question costs: about 15 microseconds. No zone loses
// anything by it: no validator takes more for secure, and RFC 9276 §3.1 wants zero.
constexpr uint16_t kNsec3IterationsMax = 150;

using Nsec3Hash = std::array<uint8_t, kNsec3HashSize>;

// How a chain hashes names. The salt lies in the rdata that this was read from.
struct Nsec3Parameters {
    uint8_t algorithm = 0;
    uint8_t flags = 0;
    uint16_t iterations = 0;
    std::span<const uint8_t> salt;
};

// Whether two records are of one chain: all but the flags are the same.
[[nodiscard]] bool is_same_chain(const Nsec3Parameters& a, const Nsec3Parameters& b);

// Of an NSEC3PARAM, and of an NSEC3, which begins in the same way (RFC 5155 §3.2, §4.2). Nothing
// when it ends too early.
[[nodiscard]] std::optional<Nsec3Parameters> read_nsec3_parameters(std::span<const uint8_t> rdata);

// The hash of the next owner in the chain, as an NSEC3 says it.
[[nodiscard]] std::optional<Nsec3Hash> read_next_hash(std::span<const uint8_t> rdata);

// The hash that is the first label of an NSEC3's owner; nothing when it is none. Takes no memory.
[[nodiscard]] std::optional<Nsec3Hash> read_owner_hash(std::span<const uint8_t> owner);

// RFC 5155 §5. `lowered` is a complete name in lower case. The algorithm must be kNsec3Sha1, the
// iterations at most kNsec3IterationsMax. Takes no memory. Any thread.
[[nodiscard]] Nsec3Hash nsec3_hash(const Nsec3Parameters& parameters,
                                   std::span<const uint8_t> lowered);

}  // namespace nearcast::dnssec
