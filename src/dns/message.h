// SPDX-License-Identifier: Apache-2.0
//
// Messages that ask: reading one on the path of a query, and making one.
//
// Reading takes no memory and keeps no reference: a Query names places in the message by offset.
// What is refused, and how that is answered, is decided here once:
//   - a message without a whole header, or a response, gets no answer: it could be a loop;
//   - QUERY, NOTIFY and UPDATE are read; any other opcode is NOTIMP, and told with OPT and a
//     signature where the body looks like theirs and asks for it;
//   - all else that is not exactly one question and whole records is FORMERR, and so are bytes
//     after the last record, records in the answer section of a QUERY, two OPT records, an OPT
//     whose owner is not the root, options that do not fit, and a TSIG that is not the last.
// The answer to a question comes in response.h.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dns/edns.h"
#include "dns/header.h"
#include "dns/name.h"
#include "dns/rr_type.h"

namespace nearcast::dns {

enum class ParseError : uint8_t {
    None,
    TooShort,          // No header.
    IsResponse,        // QR is set.
    UnknownOpcode,     // Neither QUERY, NOTIFY nor UPDATE.
    ManyQuestions,     // RFC 9619.
    BadQuestion,       // A broken or compressed name, or no type and class after it.
    UnexpectedRecord,  // An answer section in a QUERY.
    BadRecord,         // A record that the message cannot hold, or a broken owner.
    BadOpt,            // An owner that is not the root, or options that do not fit.
    TwoOpts,           // RFC 6891 §6.1.1.
    BadTsig,           // Not the last record (RFC 8945 §5.1).
    TrailingBytes,     // The message goes on after its last record.
    NoQuestion,        // All is well but for that; with a cookie it may still mean something
                       // (RFC 7873 §5.4), so it is told last, with the rest of Query filled.
};
constexpr size_t kParseErrorCount = 13;

// What to answer to such a message; none where there must not be an answer.
[[nodiscard]] std::optional<Rcode> rcode_of(ParseError error);

// What an OPT record says (RFC 6891 §6.1.2).
struct Edns {
    bool is_present = false;
    uint8_t version = 0;  // Options are not checked when it is not kEdnsVersion.
    bool dnssec_ok = false;
    uint16_t udp_payload = kUdpPayloadMin;  // As offered, but never below the minimum.
    uint16_t options_offset = 0;            // In the message.
    uint16_t options_size = 0;

    [[nodiscard]] std::span<const uint8_t> options(std::span<const uint8_t> message) const {
        return message.subspan(options_offset, options_size);
    }
};

// Kept by a worker and filled again and again. What lies behind the error that stopped the reading
// is as a new Query has it; id and flags stand from UnknownOpcode on, which stops nothing.
struct Query {
    static constexpr size_t kQuestionTailSize = 4;  // Type and class.

    Header header;
    RRType qtype = RRType::None;
    RRClass qclass = RRClass::IN;
    uint16_t question_size = 0;   // Name, type and class, from kHeaderSize on. 0: no question read.
    uint16_t records_offset = 0;  // Where the sections after the question begin.
    uint16_t tsig_offset = 0;     // Where the TSIG record begins; 0 if there is none.
    Edns edns;
    LabelStarts labels;  // Of the name asked, where there is a question.

    [[nodiscard]] Opcode opcode() const { return header.opcode(); }
    [[nodiscard]] bool has_tsig() const { return tsig_offset != 0; }
    [[nodiscard]] bool is_recursion_desired() const { return (header.flags & kFlagRd) != 0; }
    [[nodiscard]] bool is_checking_disabled() const { return (header.flags & kFlagCd) != 0; }

    [[nodiscard]] std::span<const uint8_t> question(std::span<const uint8_t> message) const {
        return message.subspan(kHeaderSize, question_size);
    }
    // The name in the question, with its letters as asked: in the message, where there is a
    // question, and as a name of its own, the root where there is none.
    [[nodiscard]] std::span<const uint8_t> qname_wire(std::span<const uint8_t> message) const {
        return message.subspan(kHeaderSize, question_size - kQuestionTailSize);
    }
    [[nodiscard]] Name qname(std::span<const uint8_t> message) const;
};

// Reads `message`, of at most kMessageSizeMax bytes. Each byte is looked at a bounded number of
// times, whatever the counts in the header claim.
[[nodiscard]] ParseError parse_query(std::span<const uint8_t> message, Query& query) noexcept;

// Skips a name, compressed or not, without following pointers.
[[nodiscard]] bool skip_name(WireReader& reader) noexcept;

struct QueryDraft {
    uint16_t id = 0;
    Name qname;
    RRType qtype = RRType::SOA;
    RRClass qclass = RRClass::IN;
    uint16_t flags = 0;  // kFlagRd, kFlagCd, ...
    bool has_edns = true;
    bool dnssec_ok = false;
    uint16_t udp_payload = 1232;  // Fits an IPv6 packet of 1280 bytes: never a fragment.
    std::span<const EdnsOption> options;
};

// The message that asks this. The options together must fit in a message.
[[nodiscard]] std::vector<uint8_t> build_query(const QueryDraft& draft);

}  // namespace nearcast::dns
