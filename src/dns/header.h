// SPDX-License-Identifier: Apache-2.0
//
// The twelve bytes that open every DNS message: id, flags, counts (RFC 1035 §4.1.1).

#pragma once

#include <cassert>
#include <cstdint>
#include <span>
#include <string>

#include "base/bytes.h"

namespace nearcast::dns {

constexpr size_t kHeaderSize = 12;
constexpr size_t kMessageSizeMax = 65535;  // What the length in front of a message on TCP can say.
constexpr uint16_t kDnsPort = 53;

// The bits of the second word.
constexpr uint16_t kFlagQr = 0x8000;
constexpr uint16_t kFlagAa = 0x0400;
constexpr uint16_t kFlagTc = 0x0200;
constexpr uint16_t kFlagRd = 0x0100;
constexpr uint16_t kFlagRa = 0x0080;
constexpr uint16_t kFlagAd = 0x0020;
constexpr uint16_t kFlagCd = 0x0010;
constexpr uint16_t kOpcodeMask = 0x7800;
constexpr uint16_t kRcodeMask = 0x000F;

enum class Opcode : uint8_t { Query = 0, IQuery = 1, Status = 2, Notify = 4, Update = 5, Dso = 6 };

// Of twelve bits: those above 15 need an OPT record for their upper eight (RFC 6891 §6.1.3).
enum class Rcode : uint16_t {
    NoError = 0,
    FormErr = 1,
    ServFail = 2,
    NXDomain = 3,
    NotImp = 4,
    Refused = 5,
    YXDomain = 6,
    YXRRSet = 7,
    NXRRSet = 8,
    NotAuth = 9,
    NotZone = 10,
    BadVers = 16,  // BADSIG, when it stands in a TSIG record.
    BadKey = 17,
    BadTime = 18,
    BadCookie = 23,
};

struct Header {
    uint16_t id = 0;
    uint16_t flags = 0;
    uint16_t question_count = 0;
    uint16_t answer_count = 0;
    uint16_t authority_count = 0;
    uint16_t additional_count = 0;

    [[nodiscard]] Opcode opcode() const { return static_cast<Opcode>(flags >> 11 & 0xF); }
    [[nodiscard]] bool is_response() const { return (flags & kFlagQr) != 0; }
};

// `message` has kHeaderSize bytes or more.
[[nodiscard]] inline Header load_header(std::span<const uint8_t> message) {
    assert(message.size() >= kHeaderSize);
    const uint8_t* const at = message.data();
    return {base::load_u16(at),     base::load_u16(at + 2), base::load_u16(at + 4),
            base::load_u16(at + 6), base::load_u16(at + 8), base::load_u16(at + 10)};
}

// `message` has room for kHeaderSize bytes.
inline void store_header(const Header& header, std::span<uint8_t> message) {
    assert(message.size() >= kHeaderSize);
    uint8_t* const at = message.data();
    base::store_u32(at, uint32_t{header.id} << 16 | header.flags);
    base::store_u32(at + 4, uint32_t{header.question_count} << 16 | header.answer_count);
    base::store_u32(at + 8, uint32_t{header.authority_count} << 16 | header.additional_count);
}

// As the RFCs spell it, in capitals: "NXDOMAIN"; "RCODE3841" for those without a name.
[[nodiscard]] std::string to_text(Rcode rcode);
[[nodiscard]] std::string to_text(Opcode opcode);

}  // namespace nearcast::dns
