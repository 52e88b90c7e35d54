// SPDX-License-Identifier: Apache-2.0
//
// What the data of each record type consists of: the one table that reading, printing, checking
// and compressing rdata follow.
//
// A row lists the data in their order on the wire, which is also their order in text. Each kind of
// datum has one file or one function for its text and its wire form (datum.h lists them).

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dns/rr_type.h"

namespace nearcast::dns {

enum class Field : uint8_t {
    None,              // The row has ended.
    CompressibleName,  // A name that may be compressed in a message: RFC 1035's own types only.
    FoldedName,        // Not compressed; lower case in the canonical form (RFC 4034 §6.2).
    Name,              // Neither (RFC 6840 §5.1).
    U8,
    U16,
    U32,
    U64,
    Ttl,        // 32 bits; in text also with units: 1h30m.
    Type,       // A record type by its mnemonic.
    Timestamp,  // 32 bits; YYYYMMDDHHmmSS in text (RFC 4034 §3.2).
    Algorithm,  // A DNSSEC algorithm: a number or its mnemonic.
    CertType,   // The same for certificates (RFC 4398 §2.1).
    Scheme,     // How to reach a target: a number or its mnemonic (RFC 9859 §2.2).
    Ipv4,
    Ipv6,
    String,           // One character-string: a length byte, then up to 255.
    OptionalString,   // None or one, at the end.
    Strings,          // One or more, to the end.
    Text,             // What is left, as one quoted string without a length.
    Uri,              // The same, and not empty (RFC 7553 §4.4).
    Tag,              // A character-string of letters and digits, never quoted (RFC 8659 §4.1).
    Hex,              // What is left; in text any number of groups.
    Fingerprint,      // The same; as long as the fingerprint type in front of it wants.
    DsDigest,         // The same; as long as the digest type in front of it wants.
    ZoneDigest,       // The same; as long as the hash algorithm wants (RFC 8976 §2.2.4).
    Base64,           // The same.
    OptionalBase64,   // The same, and it may be nothing.
    Salt,             // A length byte and that many; hex in text, "-" for none (RFC 5155 §3.3).
    HashedName,       // A length byte and that many; base32hex in text.
    TypeBitmap,       // RFC 4034 §4.1.2; it may be empty.
    Nsap,             // "0x" and hex (RFC 1706).
    Location,         // RFC 1876
    AddressPrefixes,  // RFC 3123
    IpsecGateway,     // Gateway type, algorithm, gateway (RFC 4025 §2).
    AmtRelay,         // Discovery bit, relay type, relay (RFC 8777 §4).
    HostIdentity,     // All of HIP but its servers (RFC 8005 §5).
    Names,            // None or more to the end, not compressed.
    Eui48,            // Six bytes in text as 00-11-22-33-44-55 (RFC 7043).
    Eui64,
    NodeId,             // 64 bits as four groups of hex digits (RFC 6742).
    ServiceParameters,  // RFC 9460 §2.1
    Services,           // Address, protocol and ports (RFC 1035 §3.4.2).
    NextTypes,          // The bitmap of NXT: types below 128 (RFC 2535 §5.2).
    AddressSuffix,      // All of A6 (RFC 2874 §3.1).
    AtmAddress,         // A format, then digits or hex.
    DashOrBase64,       // What is left; "-" for nothing.
    PsdnAddress,        // A character-string of four digits or more (RFC 1183 §3.1).
    Position,           // Longitude, latitude, altitude as character-strings (RFC 1712 §3).
};

constexpr size_t kFieldCountMax = 9;  // SIG and RRSIG are the longest.

struct RRLayout {
    RRType type = RRType::None;
    const char* mnemonic = nullptr;
    std::array<Field, kFieldCountMax> fields{};  // None at first: only RFC 3597's form is known.
    const char* needs = "";                      // "a preference and a host"
    const char* example = "";                    // Data that would be right, for hints.

    // Whether the data has a form of its own, beside that of RFC 3597.
    [[nodiscard]] bool is_known() const { return fields[0] != Field::None; }
};

// All rows, in the order of their numbers.
[[nodiscard]] std::span<const RRLayout> rr_layouts() noexcept;

// The row of `type`; a row without fields or mnemonic if there is none.
[[nodiscard]] const RRLayout& rr_layout(RRType type) noexcept;

}  // namespace nearcast::dns
