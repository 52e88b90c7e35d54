// SPDX-License-Identifier: Apache-2.0
//
// The kinds of data that rdata is made of: how each is read from text, checked and printed.
//
// Each kind is one Datum, defined in the datum_*.cc that its name suggests, and stands in the table
// of datum.cc under its Field. check() is what guards foreign bytes: print() is called only on what
// check() has accepted.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dns/rr_layout.h"
#include "dns/token.h"
#include "dns/wire_reader.h"

namespace nearcast::dns {

using Bytes = std::vector<uint8_t>;

struct Datum {
    // Takes its words and appends the wire form. On a fault `rdata` may have grown.
    Fault (*parse)(TokenReader& words, Bytes& rdata);
    // Moves past the datum at the reader's position, which ends with the rdata. False, and the
    // position is unspecified, when there is no legal one.
    bool (*check)(WireReader& rdata);
    // Moves past the datum and appends its text; nothing for one that is empty.
    void (*print)(WireReader& rdata, std::string& text);
};

[[nodiscard]] const Datum& datum_of(Field field);

extern const Datum kNameDatum;
extern const Datum kNamesDatum;
extern const Datum kU8Datum;
extern const Datum kU16Datum;
extern const Datum kU32Datum;
extern const Datum kU64Datum;
extern const Datum kTtlDatum;
extern const Datum kTypeDatum;
extern const Datum kTimestampDatum;
extern const Datum kAlgorithmDatum;
extern const Datum kCertTypeDatum;
extern const Datum kSchemeDatum;
extern const Datum kIpv4Datum;
extern const Datum kIpv6Datum;
extern const Datum kNsapDatum;
extern const Datum kEui48Datum;
extern const Datum kEui64Datum;
extern const Datum kNodeIdDatum;
extern const Datum kStringDatum;
extern const Datum kOptionalStringDatum;
extern const Datum kStringsDatum;
extern const Datum kTextDatum;
extern const Datum kUriDatum;
extern const Datum kTagDatum;
extern const Datum kHexDatum;
extern const Datum kFingerprintDatum;
extern const Datum kDsDigestDatum;
extern const Datum kZoneDigestDatum;
extern const Datum kBase64Datum;
extern const Datum kOptionalBase64Datum;
extern const Datum kSaltDatum;
extern const Datum kHashedNameDatum;
extern const Datum kTypeBitmapDatum;
extern const Datum kLocationDatum;
extern const Datum kAddressPrefixesDatum;
extern const Datum kIpsecGatewayDatum;
extern const Datum kAmtRelayDatum;
extern const Datum kHostIdentityDatum;
extern const Datum kServiceParametersDatum;
extern const Datum kServicesDatum;
extern const Datum kNextTypesDatum;
extern const Datum kAddressSuffixDatum;
extern const Datum kAtmAddressDatum;
extern const Datum kDashOrBase64Datum;
extern const Datum kPsdnAddressDatum;
extern const Datum kPositionDatum;

// What several kinds share.

template <size_t kSize>
[[nodiscard]] bool check_fixed(WireReader& rdata) {
    return rdata.skip(kSize);
}

// A decimal number of digits only, `most` at most.
[[nodiscard]] bool parse_decimal(std::string_view text, uint32_t most, uint32_t& value);
// Seconds, also with units: "1h30m", "2W".
[[nodiscard]] bool parse_seconds(std::string_view text, uint32_t& seconds);
[[nodiscard]] bool parse_ipv4(std::string_view text, Bytes& to);
[[nodiscard]] bool parse_ipv6(std::string_view text, Bytes& to);
void append_ipv4(const uint8_t* address, std::string& text);
void append_ipv6(const uint8_t* address, std::string& text);
Fault parse_name_datum(TokenReader& words, Bytes& rdata);
// Undoes the escapes of a string in text. False if one is broken.
[[nodiscard]] bool unescape(std::string_view text, Bytes& to);
// Prints bytes as they stand between quotes.
void append_escaped(std::span<const uint8_t> bytes, std::string& text);

void put_u16(Bytes& bytes, uint16_t value);
void put_u32(Bytes& bytes, uint32_t value);

}  // namespace nearcast::dns
