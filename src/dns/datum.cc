// SPDX-License-Identifier: Apache-2.0

#include "dns/datum.h"

#include <cstdlib>

namespace nearcast::dns {

const Datum& datum_of(Field field) {
    switch (field) {
        case Field::None:
            break;
        case Field::CompressibleName:
        case Field::FoldedName:
        case Field::Name:
            return kNameDatum;
        case Field::Names:
            return kNamesDatum;
        case Field::U8:
            return kU8Datum;
        case Field::U16:
            return kU16Datum;
        case Field::U32:
            return kU32Datum;
        case Field::U64:
            return kU64Datum;
        case Field::Ttl:
            return kTtlDatum;
        case Field::Type:
            return kTypeDatum;
        case Field::Timestamp:
            return kTimestampDatum;
        case Field::Algorithm:
            return kAlgorithmDatum;
        case Field::CertType:
            return kCertTypeDatum;
        case Field::Scheme:
            return kSchemeDatum;
        case Field::Ipv4:
            return kIpv4Datum;
        case Field::Ipv6:
            return kIpv6Datum;
        case Field::Nsap:
            return kNsapDatum;
        case Field::Eui48:
            return kEui48Datum;
        case Field::Eui64:
            return kEui64Datum;
        case Field::NodeId:
            return kNodeIdDatum;
        case Field::String:
            return kStringDatum;
        case Field::OptionalString:
            return kOptionalStringDatum;
        case Field::Strings:
            return kStringsDatum;
        case Field::Text:
            return kTextDatum;
        case Field::Uri:
            return kUriDatum;
        case Field::Tag:
            return kTagDatum;
        case Field::Hex:
            return kHexDatum;
        case Field::Fingerprint:
            return kFingerprintDatum;
        case Field::DsDigest:
            return kDsDigestDatum;
        case Field::ZoneDigest:
            return kZoneDigestDatum;
        case Field::Base64:
            return kBase64Datum;
        case Field::OptionalBase64:
            return kOptionalBase64Datum;
        case Field::Salt:
            return kSaltDatum;
        case Field::HashedName:
            return kHashedNameDatum;
        case Field::TypeBitmap:
            return kTypeBitmapDatum;
        case Field::Location:
            return kLocationDatum;
        case Field::AddressPrefixes:
            return kAddressPrefixesDatum;
        case Field::IpsecGateway:
            return kIpsecGatewayDatum;
        case Field::AmtRelay:
            return kAmtRelayDatum;
        case Field::HostIdentity:
            return kHostIdentityDatum;
        case Field::ServiceParameters:
            return kServiceParametersDatum;
        case Field::Services:
            return kServicesDatum;
        case Field::NextTypes:
            return kNextTypesDatum;
        case Field::AddressSuffix:
            return kAddressSuffixDatum;
        case Field::AtmAddress:
            return kAtmAddressDatum;
        case Field::DashOrBase64:
            return kDashOrBase64Datum;
        case Field::PsdnAddress:
            return kPsdnAddressDatum;
        case Field::Position:
            return kPositionDatum;
    }
    std::abort();  // A row is walked up to its first None, never beyond.
}

void put_u16(Bytes& bytes, uint16_t value) {
    bytes.push_back(static_cast<uint8_t>(value >> 8));
    bytes.push_back(static_cast<uint8_t>(value));
}

void put_u32(Bytes& bytes, uint32_t value) {
    put_u16(bytes, static_cast<uint16_t>(value >> 16));
    put_u16(bytes, static_cast<uint16_t>(value));
}

}  // namespace nearcast::dns
