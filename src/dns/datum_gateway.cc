// SPDX-License-Identifier: Apache-2.0

// Data in which one number says what another datum is: IPSECKEY, AMTRELAY and HIP.

#include "dns/datum.h"
#include "dns/encoding.h"
#include "dns/name.h"

namespace nearcast::dns {
namespace {

// What a gateway of each type is; the same numbers in RFC 4025 §2.3 and RFC 8777 §4.2.3.
enum class Gateway : uint8_t { None = 0, Ipv4 = 1, Ipv6 = 2, Name = 3 };
constexpr uint8_t kGatewayMax = 3;

const Datum& address_of(Gateway type) {
    return type == Gateway::Ipv4 ? kIpv4Datum : type == Gateway::Ipv6 ? kIpv6Datum : kNameDatum;
}

Fault parse_gateway(TokenReader& words, Gateway type, Bytes& rdata) {
    if (type != Gateway::None) return address_of(type).parse(words, rdata);
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    return text == "." ? Fault() : Fault("is not a dot, as gateway type 0 wants");
}

bool check_gateway(WireReader& rdata, uint8_t type) {
    if (type > kGatewayMax) return false;
    const auto gateway = static_cast<Gateway>(type);
    return gateway == Gateway::None || address_of(gateway).check(rdata);
}

void print_gateway(WireReader& rdata, Gateway type, std::string& text) {
    if (type == Gateway::None) {
        text += '.';
    } else {
        address_of(type).print(rdata, text);
    }
}

Fault take_number(TokenReader& words, uint32_t most, uint32_t& number) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    return parse_decimal(text, most, number) ? Fault() : Fault("is not a number this field knows");
}

Fault parse_ipsec_gateway(TokenReader& words, Bytes& rdata) {
    uint32_t type = 0;
    uint32_t algorithm = 0;
    if (const Fault fault = take_number(words, kGatewayMax, type)) return fault;
    if (const Fault fault = take_number(words, 255, algorithm)) return fault;
    rdata.push_back(static_cast<uint8_t>(type));
    rdata.push_back(static_cast<uint8_t>(algorithm));
    return parse_gateway(words, static_cast<Gateway>(type), rdata);
}

bool check_ipsec_gateway(WireReader& rdata) {
    uint8_t type = 0;
    return rdata.read_u8(type) && rdata.skip(1) && check_gateway(rdata, type);
}

void print_ipsec_gateway(WireReader& rdata, std::string& text) {
    uint8_t type = 0;
    uint8_t algorithm = 0;
    (void)rdata.read_u8(type);
    (void)rdata.read_u8(algorithm);
    text += std::to_string(type) + ' ' + std::to_string(algorithm) + ' ';
    print_gateway(rdata, static_cast<Gateway>(type), text);
}

constexpr uint8_t kDiscovery = 0x80;  // Shares its byte with the type of the relay.

Fault parse_amt_relay(TokenReader& words, Bytes& rdata) {
    uint32_t discovery = 0;
    uint32_t type = 0;
    if (const Fault fault = take_number(words, 1, discovery)) return fault;
    if (const Fault fault = take_number(words, kGatewayMax, type)) return fault;
    rdata.push_back(static_cast<uint8_t>(type | (discovery != 0 ? kDiscovery : 0U)));
    return parse_gateway(words, static_cast<Gateway>(type), rdata);
}

bool check_amt_relay(WireReader& rdata) {
    uint8_t type = 0;
    return rdata.read_u8(type) && check_gateway(rdata, type & 0x7F);
}

void print_amt_relay(WireReader& rdata, std::string& text) {
    uint8_t byte = 0;
    (void)rdata.read_u8(byte);
    const auto type = static_cast<uint8_t>(byte & ~kDiscovery);
    text += (byte & kDiscovery) != 0 ? "1 " : "0 ";
    text += std::to_string(type) + ' ';
    print_gateway(rdata, static_cast<Gateway>(type), text);
}

// On the wire: size of the tag, algorithm, size of the key, tag, key.
Fault parse_host_identity(TokenReader& words, Bytes& rdata) {
    uint32_t algorithm = 0;
    std::string_view text;
    Bytes tag;
    Bytes key;
    HexDecoder hex;
    Base64Decoder base64;
    if (const Fault fault = take_number(words, 255, algorithm)) return fault;
    if (const Fault fault = words.next(text)) return fault;
    if (!hex.feed(text, tag) || !hex.finish() || tag.empty() || tag.size() > 255) {
        return Fault("is not a host identity tag in hex");
    }
    if (const Fault fault = words.next(text)) return fault;
    if (!base64.feed(text, key) || !base64.finish() || key.empty() || key.size() > 0xFFFF) {
        return Fault("is not a key in base 64");
    }
    rdata.push_back(static_cast<uint8_t>(tag.size()));
    rdata.push_back(static_cast<uint8_t>(algorithm));
    put_u16(rdata, static_cast<uint16_t>(key.size()));
    rdata.insert(rdata.end(), tag.begin(), tag.end());
    rdata.insert(rdata.end(), key.begin(), key.end());
    return {};
}

struct HostIdentity {
    uint8_t algorithm = 0;
    std::span<const uint8_t> tag;
    std::span<const uint8_t> key;
};

bool read_host_identity(WireReader& rdata, HostIdentity& identity) {
    uint8_t tag_size = 0;
    uint16_t key_size = 0;
    return rdata.read_u8(tag_size) && rdata.read_u8(identity.algorithm) &&
           rdata.read_u16(key_size) && rdata.read_bytes(tag_size, identity.tag) &&
           rdata.read_bytes(key_size, identity.key) && tag_size > 0 && key_size > 0;
}

bool check_host_identity(WireReader& rdata) {
    HostIdentity identity;
    return read_host_identity(rdata, identity);
}

void print_host_identity(WireReader& rdata, std::string& text) {
    HostIdentity identity;
    (void)read_host_identity(rdata, identity);
    text += std::to_string(identity.algorithm) + ' ';
    append_hex(identity.tag, text);
    text += ' ';
    append_base64(identity.key, text);
}

}  // namespace

const Datum kIpsecGatewayDatum{parse_ipsec_gateway, check_ipsec_gateway, print_ipsec_gateway};
const Datum kAmtRelayDatum{parse_amt_relay, check_amt_relay, print_amt_relay};
const Datum kHostIdentityDatum{parse_host_identity, check_host_identity, print_host_identity};

}  // namespace nearcast::dns
