// SPDX-License-Identifier: Apache-2.0
//
// Record types and classes, with the mnemonics of the IANA registry.
//
// Any 16-bit number is a type: the ones not named here are carried as RFC 3597 says. What a type's
// data looks like stands in rr_layout.h; a new type is a line here and a row there.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nearcast::dns {

enum class RRType : uint16_t {
    None = 0,  // Reserved; SIG(0) and some questions use it.
    A = 1,
    NS = 2,
    MD = 3,
    MF = 4,
    CNAME = 5,
    SOA = 6,
    MB = 7,
    MG = 8,
    MR = 9,
    NULL_ = 10,  // NULL; the C library has taken the name.
    WKS = 11,
    PTR = 12,
    HINFO = 13,
    MINFO = 14,
    MX = 15,
    TXT = 16,
    RP = 17,
    AFSDB = 18,
    X25 = 19,
    ISDN = 20,
    RT = 21,
    NSAP = 22,
    NSAP_PTR = 23,
    SIG = 24,
    KEY = 25,
    PX = 26,
    GPOS = 27,
    AAAA = 28,
    LOC = 29,
    NXT = 30,
    EID = 31,
    NIMLOC = 32,
    SRV = 33,
    ATMA = 34,
    NAPTR = 35,
    KX = 36,
    CERT = 37,
    A6 = 38,
    DNAME = 39,
    SINK = 40,
    OPT = 41,
    APL = 42,
    DS = 43,
    SSHFP = 44,
    IPSECKEY = 45,
    RRSIG = 46,
    NSEC = 47,
    DNSKEY = 48,
    DHCID = 49,
    NSEC3 = 50,
    NSEC3PARAM = 51,
    TLSA = 52,
    SMIMEA = 53,
    HIP = 55,
    NINFO = 56,
    RKEY = 57,
    TALINK = 58,
    CDS = 59,
    CDNSKEY = 60,
    OPENPGPKEY = 61,
    CSYNC = 62,
    ZONEMD = 63,
    SVCB = 64,
    HTTPS = 65,
    DSYNC = 66,
    HHIT = 67,
    BRID = 68,
    SPF = 99,
    UINFO = 100,
    UID = 101,
    GID = 102,
    UNSPEC = 103,
    NID = 104,
    L32 = 105,
    L64 = 106,
    LP = 107,
    EUI48 = 108,
    EUI64 = 109,
    NXNAME = 128,
    TKEY = 249,
    TSIG = 250,
    IXFR = 251,
    AXFR = 252,
    MAILB = 253,
    MAILA = 254,
    ANY = 255,
    URI = 256,
    CAA = 257,
    AVC = 258,
    DOA = 259,
    AMTRELAY = 260,
    RESINFO = 261,
    WALLET = 262,
    CLA = 263,
    IPN = 264,
    TA = 32768,
    DLV = 32769,
};

enum class RRClass : uint16_t {
    IN = 1,
    CH = 3,
    HS = 4,
    NONE = 254,  // RFC 2136
    ANY = 255,
};

// Types that are questions or belong to a message or a bitmap, and never lie in a zone (RFC 6895
// §3.1).
[[nodiscard]] constexpr bool is_meta_type(RRType type) {
    const auto number = static_cast<uint16_t>(type);
    return number == 0 || type == RRType::OPT || (number >= 128 && number <= 255);
}

// "MX"; "TYPE65280" for those without a mnemonic (RFC 3597 §5).
[[nodiscard]] std::string to_text(RRType type);
[[nodiscard]] std::string to_text(RRClass rr_class);
void append_text(RRType type, std::string& text);

// Either form, in any case of letters.
[[nodiscard]] std::optional<RRType> parse_rr_type(std::string_view text) noexcept;
[[nodiscard]] std::optional<RRClass> parse_rr_class(std::string_view text) noexcept;

}  // namespace nearcast::dns
