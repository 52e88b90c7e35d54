// SPDX-License-Identifier: Apache-2.0

#include "dns/datum.h"
#include "dns/encoding.h"

namespace nearcast::dns {
namespace {

// Words to the end, which a master file may divide at will.
template <typename Decoder>
bool decode_rest(TokenReader& words, Bytes& rdata) {
    Decoder decoder;
    std::string_view text;
    while (words.has_next()) {
        if (words.next(text) || !decoder.feed(text, rdata)) return false;
    }
    return decoder.finish();
}

Fault parse_hex(TokenReader& words, Bytes& rdata) {
    if (!words.has_next()) return Fault::missing();
    const size_t start = rdata.size();
    return decode_rest<HexDecoder>(words, rdata) && rdata.size() > start
               ? Fault()
               : Fault("is not whole bytes in hex");
}

Fault parse_optional_base64(TokenReader& words, Bytes& rdata) {
    return decode_rest<Base64Decoder>(words, rdata) ? Fault() : Fault("is not base 64");
}

Fault parse_base64(TokenReader& words, Bytes& rdata) {
    if (!words.has_next()) return Fault::missing();
    const size_t start = rdata.size();
    const Fault fault = parse_optional_base64(words, rdata);
    return fault || rdata.size() > start ? fault : Fault("is not base 64");
}

Fault parse_dash_or_base64(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (!words.has_next() || words.peek().text != "-") return parse_base64(words, rdata);
    return words.next(text);
}

bool check_rest(WireReader& rdata) { return rdata.skip(rdata.remaining()); }

bool check_some(WireReader& rdata) { return rdata.remaining() > 0 && check_rest(rdata); }

void print_hex(WireReader& rdata, std::string& text) {
    append_hex(rdata.rest(), text);
    (void)check_rest(rdata);
}

void print_base64(WireReader& rdata, std::string& text) {
    append_base64(rdata.rest(), text);
    (void)check_rest(rdata);
}

void print_dash_or_base64(WireReader& rdata, std::string& text) {
    if (rdata.remaining() == 0) text += '-';
    print_base64(rdata, text);
}

bool is_fingerprint_size(uint8_t type, size_t size) {
    switch (type) {
        case 1:
            return size == 20;  // SHA-1
        case 2:
            return size == 32;  // SHA-256
        default:
            return size > 0;
    }
}

// The kind of digest stands in the byte in front of it: its size tells one that was cut off.
bool is_ds_digest_size(uint8_t type, size_t size) {
    switch (type) {
        case 1:
            return size == 20;  // SHA-1
        case 2:                 // SHA-256
        case 3:
            return size == 32;  // GOST R 34.11-94
        case 4:
            return size == 48;  // SHA-384
        default:
            return size > 0;
    }
}

bool is_zone_digest_size(uint8_t algorithm, size_t size) {
    switch (algorithm) {
        case 1:
            return size == 48;  // SHA-384
        case 2:
            return size == 64;  // SHA-512
        default:
            return size >= 12;
    }
}

template <bool (*kIsSize)(uint8_t kind, size_t size)>
Fault parse_digest(TokenReader& words, Bytes& rdata) {
    const size_t start = rdata.size();
    const uint8_t kind = rdata.back();
    if (const Fault fault = parse_hex(words, rdata)) return fault;
    return kIsSize(kind, rdata.size() - start) ? Fault()
                                               : Fault("ends a digest of the wrong length");
}

template <bool (*kIsSize)(uint8_t kind, size_t size)>
bool check_digest(WireReader& rdata) {
    const uint8_t kind = rdata.message()[rdata.offset() - 1];
    return kIsSize(kind, rdata.remaining()) && check_rest(rdata);
}

// Puts the length in front of what was appended since `start`, where a place was kept for it.
bool store_length(Bytes& rdata, size_t start) {
    const size_t size = rdata.size() - start - 1;
    rdata[start] = static_cast<uint8_t>(size);
    return size <= 0xFF;
}

Fault parse_salt(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const size_t start = rdata.size();
    rdata.push_back(0);
    if (text == "-") return {};
    HexDecoder decoder;
    const bool is_salt = !text.empty() && decoder.feed(text, rdata) && decoder.finish() &&
                         store_length(rdata, start);
    return is_salt ? Fault() : Fault("is not a salt: up to 255 bytes in hex, or - for none");
}

Fault parse_hashed_name(TokenReader& words, Bytes& rdata) {
    std::string_view text;
    if (const Fault fault = words.next(text)) return fault;
    const size_t start = rdata.size();
    rdata.push_back(0);
    const bool is_hash = !text.empty() && decode_base32hex(text, rdata) &&
                         rdata.size() > start + 1 && store_length(rdata, start);
    return is_hash ? Fault() : Fault("is not a hashed name in base 32 hex");
}

bool check_salt(WireReader& rdata) {
    uint8_t size = 0;
    return rdata.read_u8(size) && rdata.skip(size);
}

bool check_hashed_name(WireReader& rdata) {
    uint8_t size = 0;
    return rdata.read_u8(size) && size > 0 && rdata.skip(size);
}

std::span<const uint8_t> read_counted(WireReader& rdata) {
    uint8_t size = 0;
    std::span<const uint8_t> bytes;
    (void)rdata.read_u8(size);
    (void)rdata.read_bytes(size, bytes);
    return bytes;
}

void print_salt(WireReader& rdata, std::string& text) {
    const auto salt = read_counted(rdata);
    if (salt.empty()) text += '-';
    append_hex(salt, text);
}

void print_hashed_name(WireReader& rdata, std::string& text) {
    append_base32hex(read_counted(rdata), text);
}

}  // namespace

const Datum kHexDatum{parse_hex, check_some, print_hex};
const Datum kFingerprintDatum{parse_digest<is_fingerprint_size>, check_digest<is_fingerprint_size>,
                              print_hex};
const Datum kDsDigestDatum{parse_digest<is_ds_digest_size>, check_digest<is_ds_digest_size>,
                           print_hex};
const Datum kZoneDigestDatum{parse_digest<is_zone_digest_size>, check_digest<is_zone_digest_size>,
                             print_hex};
const Datum kBase64Datum{parse_base64, check_some, print_base64};
const Datum kOptionalBase64Datum{parse_optional_base64, check_rest, print_base64};
const Datum kDashOrBase64Datum{parse_dash_or_base64, check_rest, print_dash_or_base64};
const Datum kSaltDatum{parse_salt, check_salt, print_salt};
const Datum kHashedNameDatum{parse_hashed_name, check_hashed_name, print_hashed_name};

}  // namespace nearcast::dns
