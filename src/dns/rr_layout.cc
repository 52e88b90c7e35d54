// SPDX-License-Identifier: Apache-2.0

#include "dns/rr_layout.h"

#include <algorithm>

namespace nearcast::dns {
namespace {

using enum Field;

constexpr const char* kDsExample =
    "12345 13 2 49fd46e6c4b45c55d4ac69cbd3cd34ac1afe51de1adfd4a4bd0f0f7e9f5e0b5a";

// clang-format off
constexpr auto kLayouts = std::to_array<RRLayout>({
    {RRType::A, "A", {Ipv4}, "an IPv4 address", "192.0.2.1"},
    {RRType::NS, "NS", {CompressibleName}, "a name server's name", "ns1.example.org."},
    {RRType::MD, "MD", {CompressibleName}, "a host", "mail.example.org."},
    {RRType::MF, "MF", {CompressibleName}, "a host", "mail.example.org."},
    {RRType::CNAME, "CNAME", {CompressibleName}, "the canonical name", "www.example.org."},
    {RRType::SOA, "SOA", {CompressibleName, CompressibleName, U32, Ttl, Ttl, Ttl, Ttl},
        "primary, mailbox, serial, refresh, retry, expire and minimum",
        "ns1.example.org. hostmaster.example.org. 2026010100 7200 900 1209600 300"},
    {RRType::MB, "MB", {CompressibleName}, "a host", "mail.example.org."},
    {RRType::MG, "MG", {CompressibleName}, "a mailbox", "joe.example.org."},
    {RRType::MR, "MR", {CompressibleName}, "a mailbox", "joe.example.org."},
    {RRType::NULL_, "NULL", {}, "", ""},
    {RRType::WKS, "WKS", {Services}, "an address, a protocol and ports",
        "192.0.2.1 tcp 25 80"},
    {RRType::PTR, "PTR", {CompressibleName}, "a name", "www.example.org."},
    {RRType::HINFO, "HINFO", {String, String}, "a CPU and a system", "\"RISC-V\" \"Linux\""},
    {RRType::MINFO, "MINFO", {CompressibleName, CompressibleName},
        "the mailboxes for requests and for errors", "requests.example.org. errors.example.org."},
    {RRType::MX, "MX", {U16, CompressibleName}, "a preference and a host", "10 mail.example.org."},
    {RRType::TXT, "TXT", {Strings}, "one or more strings of up to 255 bytes", "\"v=spf1 -all\""},
    {RRType::RP, "RP", {FoldedName, FoldedName}, "a mailbox and the name of a TXT record",
        "joe.example.org. joe-info.example.org."},
    {RRType::AFSDB, "AFSDB", {U16, FoldedName}, "a subtype and a host", "1 afs.example.org."},
    {RRType::X25, "X25", {PsdnAddress}, "an address of digits", "\"311061700956\""},
    {RRType::ISDN, "ISDN", {String, OptionalString}, "an address and perhaps a subaddress",
        "\"150862028003217\" \"004\""},
    {RRType::RT, "RT", {U16, FoldedName}, "a preference and a host", "10 relay.example.org."},
    {RRType::NSAP, "NSAP", {Nsap}, "an address in hex after 0x",
        "0x47.0005.80.005a00.0000.0001.e133.ffffff000161.00"},
    {RRType::NSAP_PTR, "NSAP-PTR", {Name}, "a name", "www.example.org."},
    {RRType::SIG, "SIG",
        {Type, Algorithm, U8, Ttl, Timestamp, Timestamp, U16, FoldedName, Base64},
        "type, algorithm, labels, TTL, end, start, key tag, signer and signature",
        "A 13 2 3600 20260201000000 20260101000000 12345 example.org. q80="},
    {RRType::KEY, "KEY", {U16, U8, Algorithm, OptionalBase64}, "flags, protocol, algorithm and key",
        "256 3 13 q80="},
    {RRType::PX, "PX", {U16, FoldedName, FoldedName}, "a preference and two names",
        "10 net2.it. prmd-net2.admdb.it."},
    {RRType::GPOS, "GPOS", {Position}, "longitude, latitude and altitude",
        "-32.6882 116.8652 10.0"},
    {RRType::AAAA, "AAAA", {Ipv6}, "an IPv6 address", "2001:db8::1"},
    {RRType::LOC, "LOC", {Location}, "latitude and longitude, then an altitude in metres",
        "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"},
    {RRType::NXT, "NXT", {FoldedName, NextTypes}, "the next name and a list of types",
        "host.example.org. A MX SIG NXT"},
    {RRType::EID, "EID", {Hex}, "an identifier in hex", "e32c6f78163a9348"},
    {RRType::NIMLOC, "NIMLOC", {Hex}, "a locator in hex", "32251a030067"},
    {RRType::SRV, "SRV", {U16, U16, U16, FoldedName}, "priority, weight, port and host",
        "10 5 5060 sip.example.org."},
    {RRType::ATMA, "ATMA", {AtmAddress}, "digits after a +, or an address in hex",
        "+61200000000"},
    {RRType::NAPTR, "NAPTR", {U16, U16, String, String, String, FoldedName},
        "order, preference, flags, service, expression and replacement",
        "100 10 \"S\" \"SIP+D2U\" \"\" _sip._udp.example.org."},
    {RRType::KX, "KX", {U16, FoldedName}, "a preference and a host", "10 kx.example.org."},
    {RRType::CERT, "CERT", {CertType, U16, Algorithm, Base64},
        "type, key tag, algorithm and certificate", "PKIX 12345 RSASHA256 q80="},
    {RRType::A6, "A6", {AddressSuffix}, "a prefix length, the rest of an address and a name",
        "64 ::1234:5678:1:2 prefix.example.org."},
    {RRType::DNAME, "DNAME", {FoldedName}, "the name that names below move to", "example.net."},
    {RRType::SINK, "SINK", {U8, U8, U8, OptionalBase64}, "meaning, coding, subcoding and data",
        "64 1 0 q80="},
    {RRType::OPT, "OPT", {}, "", ""},
    {RRType::APL, "APL", {AddressPrefixes}, "address prefixes", "1:192.0.2.0/24 !2:2001:db8::/32"},
    {RRType::DS, "DS", {U16, Algorithm, U8, DsDigest},
        "key tag, algorithm, digest type and digest", kDsExample},
    {RRType::SSHFP, "SSHFP", {U8, U8, Fingerprint}, "algorithm, fingerprint type and fingerprint",
        "4 2 123456789abcdef67890123456789abcdef67890123456789abcdef123456789"},
    {RRType::IPSECKEY, "IPSECKEY", {U8, IpsecGateway, OptionalBase64},
        "precedence, gateway type, algorithm, gateway and key", "10 1 2 192.0.2.38 q80="},
    {RRType::RRSIG, "RRSIG",
        {Type, Algorithm, U8, Ttl, Timestamp, Timestamp, U16, FoldedName, Base64},
        "type, algorithm, labels, TTL, end, start, key tag, signer and signature",
        "A 13 2 3600 20260201000000 20260101000000 12345 example.org. q80="},
    {RRType::NSEC, "NSEC", {Name, TypeBitmap}, "the next name and a list of types",
        "host.example.org. A MX RRSIG NSEC"},
    {RRType::DNSKEY, "DNSKEY", {U16, U8, Algorithm, OptionalBase64},
        "flags, protocol, algorithm and key", "257 3 13 q80="},
    {RRType::DHCID, "DHCID", {Base64}, "an identifier in base 64",
        "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="},
    {RRType::NSEC3, "NSEC3", {U8, U8, U16, Salt, HashedName, TypeBitmap},
        "algorithm, flags, iterations, salt, next hashed name and a list of types",
        "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A RRSIG"},
    {RRType::NSEC3PARAM, "NSEC3PARAM", {U8, U8, U16, Salt}, "algorithm, flags, iterations and salt",
        "1 0 0 -"},
    {RRType::TLSA, "TLSA", {U8, U8, U8, Hex}, "usage, selector, matching type and data",
        "3 1 1 d2abde240d7cd3ee6b4b28c54df034b9"},
    {RRType::SMIMEA, "SMIMEA", {U8, U8, U8, Hex}, "usage, selector, matching type and data",
        "3 1 1 d2abde240d7cd3ee6b4b28c54df034b9"},
    {RRType::HIP, "HIP", {HostIdentity, Names}, "algorithm, host identity tag, key and servers",
        "2 200100107b1a74df365639cc39f1d578 q80= rvs.example.org."},
    {RRType::NINFO, "NINFO", {Strings}, "one or more strings", "\"status\""},
    {RRType::RKEY, "RKEY", {U16, U8, Algorithm, Base64}, "flags, protocol, algorithm and key",
        "0 1 13 q80="},
    {RRType::TALINK, "TALINK", {Name, Name}, "the previous and the next name",
        "a.example.org. c.example.org."},
    {RRType::CDS, "CDS", {U16, Algorithm, U8, DsDigest},
        "key tag, algorithm, digest type and digest", "0 0 0 00"},
    {RRType::CDNSKEY, "CDNSKEY", {U16, U8, Algorithm, OptionalBase64},
        "flags, protocol, algorithm and key", "257 3 13 q80="},
    {RRType::OPENPGPKEY, "OPENPGPKEY", {Base64}, "a key in base 64", "q80="},
    {RRType::CSYNC, "CSYNC", {U32, U16, TypeBitmap}, "a serial, flags and a list of types",
        "2026010100 3 A NS AAAA"},
    {RRType::ZONEMD, "ZONEMD", {U32, U8, U8, ZoneDigest},
        "serial, scheme, hash algorithm and digest",
        "2026010100 1 1 "
        "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3"
        "a1ddc0b9a87153b9a9713b3c9ae5cc27777f98b8e730044c"},
    {RRType::SVCB, "SVCB", {U16, Name, ServiceParameters}, "a priority, a target and parameters",
        "1 svc.example.org. alpn=h2 port=8443"},
    {RRType::HTTPS, "HTTPS", {U16, Name, ServiceParameters}, "a priority, a target and parameters",
        "1 . alpn=h2,h3"},
    {RRType::DSYNC, "DSYNC", {Type, Scheme, U16, Name}, "a type, a scheme, a port and a target",
        "CDS NOTIFY 5359 notify.example.org."},
    {RRType::HHIT, "HHIT", {Base64}, "a host identity in base 64", "q80="},
    {RRType::BRID, "BRID", {Base64}, "a broadcast identity in base 64", "q80="},
    {RRType::SPF, "SPF", {Strings}, "one or more strings", "\"v=spf1 -all\""},
    {RRType::UINFO, "UINFO", {}, "", ""},
    {RRType::UID, "UID", {}, "", ""},
    {RRType::GID, "GID", {}, "", ""},
    {RRType::UNSPEC, "UNSPEC", {}, "", ""},
    {RRType::NID, "NID", {U16, NodeId}, "a preference and a node id", "10 0014:4fff:ff20:ee64"},
    {RRType::L32, "L32", {U16, Ipv4}, "a preference and a locator", "10 10.1.2.0"},
    {RRType::L64, "L64", {U16, NodeId}, "a preference and a locator", "10 2001:0db8:1140:1000"},
    {RRType::LP, "LP", {U16, Name}, "a preference and a name", "10 l64.example.org."},
    {RRType::EUI48, "EUI48", {Eui48}, "an address of six bytes", "00-00-5e-00-53-2a"},
    {RRType::EUI64, "EUI64", {Eui64}, "an address of eight bytes", "00-00-5e-ef-10-00-00-2a"},
    {RRType::NXNAME, "NXNAME", {}, "", ""},
    {RRType::TKEY, "TKEY", {}, "", ""},
    {RRType::TSIG, "TSIG", {}, "", ""},
    {RRType::IXFR, "IXFR", {}, "", ""},
    {RRType::AXFR, "AXFR", {}, "", ""},
    {RRType::MAILB, "MAILB", {}, "", ""},
    {RRType::MAILA, "MAILA", {}, "", ""},
    {RRType::ANY, "ANY", {}, "", ""},
    {RRType::URI, "URI", {U16, U16, Uri}, "priority, weight and a quoted URI",
        "10 1 \"https://www.example.org/\""},
    {RRType::CAA, "CAA", {U8, Tag, Text}, "flags, a tag and a quoted value",
        "0 issue \"ca.example.net\""},
    {RRType::AVC, "AVC", {Strings}, "one or more strings", "\"app-name:WOLFGANG\""},
    {RRType::DOA, "DOA", {U32, U32, U8, String, DashOrBase64},
        "enterprise, type, location, media type and data in base 64",
        "0 1 2 \"text/plain\" q80="},
    {RRType::AMTRELAY, "AMTRELAY", {U8, AmtRelay}, "precedence, discovery bit, type and relay",
        "10 0 1 203.0.113.15"},
    {RRType::RESINFO, "RESINFO", {Strings}, "one or more strings", "qnamemin exterr=15-17"},
    {RRType::WALLET, "WALLET", {Strings}, "one or more strings", "\"BTC\" \"1example\""},
    {RRType::CLA, "CLA", {Strings}, "one or more strings", "\"TCP-v4-v6\""},
    {RRType::IPN, "IPN", {U64}, "a node number", "4294967296"},
    {RRType::TA, "TA", {U16, Algorithm, U8, DsDigest},
        "key tag, algorithm, digest type and digest", kDsExample},
    {RRType::DLV, "DLV", {U16, Algorithm, U8, DsDigest},
        "key tag, algorithm, digest type and digest", kDsExample},
});
// clang-format on

constexpr RRLayout kUnknown;

// Nearly every type asked for is below this: its row is found without a search.
constexpr size_t kDirectCount = 128;

constexpr auto kDirect = [] {
    std::array<const RRLayout*, kDirectCount> rows{};
    rows.fill(&kUnknown);
    for (const RRLayout& row : kLayouts) {
        const auto number = static_cast<size_t>(row.type);
        if (number < kDirectCount) rows[number] = &row;
    }
    return rows;
}();

static_assert(std::ranges::is_sorted(kLayouts, {}, &RRLayout::type));

}  // namespace

std::span<const RRLayout> rr_layouts() noexcept { return kLayouts; }

const RRLayout& rr_layout(RRType type) noexcept {
    const auto number = static_cast<size_t>(type);
    if (number < kDirectCount) return *kDirect[number];
    const auto* row = std::ranges::lower_bound(kLayouts, type, {}, &RRLayout::type);
    return row != kLayouts.end() && row->type == type ? *row : kUnknown;
}

}  // namespace nearcast::dns
