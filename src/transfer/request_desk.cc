// SPDX-License-Identifier: Apache-2.0

#include "transfer/request_desk.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace nearcast::transfer {
namespace {

using dns::Rcode;

constexpr size_t kQuestionTailSize = 4;  // Type and class.
constexpr size_t kSoaTimersSize = 20;    // Serial, refresh, retry, expire, minimum.

bool is_transfer_type(dns::RRType type) {
    return type == dns::RRType::AXFR || type == dns::RRType::IXFR;
}

}  // namespace

std::optional<uint32_t> client_serial(const dns::Query& query, std::span<const uint8_t> message) {
    if (query.header.authority_count != 1) return std::nullopt;
    dns::WireReader reader(message);
    reader.seek(query.records_offset);
    uint16_t type = 0;
    uint16_t size = 0;
    if (!dns::skip_name(reader) || !reader.read_u16(type) || !reader.skip(6) ||
        !reader.read_u16(size) || type != static_cast<uint16_t>(dns::RRType::SOA)) {
        return std::nullopt;
    }
    if (size < kSoaTimersSize || !reader.skip(size)) return std::nullopt;
    return base::load_u32(message.data() + reader.offset() - kSoaTimersSize);
}

RequestDesk::RequestDesk(const TransferConfig& config, zone::ZoneTable& zones, AskOrdinary ask,
                         Hear hear)
    : config_(config),
      zones_(zones),
      ask_(std::move(ask)),
      hear_(std::move(hear)),
      plain_(dns::kMessageSizeMax) {}

RequestDesk::Outcome RequestDesk::answer(const Request& request) {
    const dns::ParseError error = dns::parse_query(request.message, query_);
    if (error != dns::ParseError::None) {
        query_.tsig_offset = 0;  // The ordinary responder knows how to refuse it.
        return ask(request, request.message);
    }
    std::span<const uint8_t> plain = request.message;
    if (is_signed()) {
        signature_ =
            check_request(hmac_, config_.keys, request.message, query_.tsig_offset, request.now);
        if (signature_.error == TsigError::FormErr) {
            query_.tsig_offset = 0;
            return reply(request, Rcode::FormErr);
        }
        if (signature_.error != TsigError::None) return reply(request, Rcode::NotAuth);
        plain = std::span(plain_).first(strip_tsig(request.message, signature_.record, plain_));
    }
    if (query_.opcode() == dns::Opcode::Notify) return answer_notify(request);
    const bool is_transfer = query_.opcode() == dns::Opcode::Query &&
                             query_.qclass == dns::RRClass::IN && is_transfer_type(query_.qtype);
    return is_transfer ? answer_transfer(request) : ask(request, plain);
}

// RFC 1996 §3. The SOA that may come along is a hint that we do without.
RequestDesk::Outcome RequestDesk::answer_notify(const Request& request) {
    const TsigKey* const key = is_signed() ? signature_.key : nullptr;
    const bool is_soa = query_.qtype == dns::RRType::SOA && query_.qclass == dns::RRClass::IN;
    const Rcode rcode = is_soa ? hear_(query_.qname, request.peer, key) : Rcode::FormErr;
    return reply(request, rcode, rcode == Rcode::NoError ? dns::kFlagAa : uint16_t{0});
}

RequestDesk::Outcome RequestDesk::answer_transfer(const Request& request) {
    const TsigKey* const key = is_signed() ? signature_.key : nullptr;
    if (!is_allowed(config_.policy_for(query_.qname).allow, request.peer, key)) {
        return reply(request, Rcode::Refused);
    }
    const auto pinned = zones_.pin(query_.qname);
    if (!pinned) return reply(request, Rcode::NotAuth);
    if (pinned->version().is_unavailable()) return reply(request, Rcode::ServFail);
    if (query_.qtype == dns::RRType::AXFR) {
        if (!request.is_stream) return reply(request, Rcode::FormErr);
        return {.is_granted = true};
    }
    const auto theirs = client_serial(query_, request.message);
    if (!theirs) return reply(request, Rcode::FormErr);
    // Who is up to date is told the serial, and who asks over UDP to come back over TCP: by the
    // same answer (RFC 1995 §2, §4).
    const bool is_behind = is_later_serial(pinned->version().serial(), *theirs);
    if (!request.is_stream || !is_behind) return ask_for_soa(request);
    return {.is_granted = true};
}

std::unique_ptr<GrantedTransfer> RequestDesk::take_transfer(const Request& request) {
    auto pinned = zones_.pin(query_.qname);
    if (!pinned || pinned->version().is_unavailable()) return nullptr;
    ZoneStream stream(pinned->version(), query_, request.message);
    auto transfer = std::make_unique<GrantedTransfer>(
        GrantedTransfer{.version = *std::move(pinned),
                        .stream = std::move(stream),
                        .signer = {},
                        .zone = query_.qname,
                        .is_incremental = query_.qtype == dns::RRType::IXFR});
    if (is_signed()) {
        transfer->signer.emplace(*signature_.key, signature_.mac);
        transfer->tsig_size = tsig_size(*signature_.key);
    }
    return transfer;
}

RequestDesk::Outcome RequestDesk::ask(const Request& request, std::span<const uint8_t> question) {
    const size_t reserved = is_signed() ? tsig_response_size(signature_) : 0;
    const size_t size = ask_({.message = question,
                              .room = request.room.first(request.room.size() - reserved),
                              .is_stream = request.is_stream,
                              .reserved = reserved});
    return size == 0 ? Outcome{} : sign(request, size);
}

// The request with its question turned into one for the SOA, and nothing else but OPT.
std::span<const uint8_t> RequestDesk::soa_question(std::span<const uint8_t> request) {
    size_t size = dns::kHeaderSize + query_.question_size;
    std::ranges::copy(request.first(size), plain_.begin());
    base::store_u16(&plain_[size - kQuestionTailSize], static_cast<uint16_t>(dns::RRType::SOA));
    dns::Header header = query_.header;
    header.answer_count = header.authority_count = header.additional_count = 0;
    if (query_.edns.is_present) {
        const auto opt = request.subspan(query_.edns.options_offset - dns::kOptRecordSize,
                                         dns::kOptRecordSize + query_.edns.options_size);
        std::ranges::copy(opt, plain_.begin() + static_cast<ptrdiff_t>(size));
        size += opt.size();
        header.additional_count = 1;
    }
    dns::store_header(header, plain_);
    return std::span(plain_).first(size);
}

RequestDesk::Outcome RequestDesk::ask_for_soa(const Request& request) {
    const size_t reserved = is_signed() ? tsig_response_size(signature_) : 0;
    const size_t size = ask_({.message = soa_question(request.message),
                              .room = request.room.first(request.room.size() - reserved),
                              .is_stream = request.is_stream,
                              .reserved = reserved});
    if (size == 0) return {};
    // The response repeats the question that was asked.
    const size_t type_at = dns::kHeaderSize + query_.question_size - kQuestionTailSize;
    base::store_u16(&request.room[type_at], static_cast<uint16_t>(query_.qtype));
    return sign(request, size);
}

// A response without records.
RequestDesk::Outcome RequestDesk::reply(const Request& request, Rcode rcode, uint16_t more_flags) {
    const auto question = query_.question(request.message);
    constexpr uint16_t kCopied = dns::kOpcodeMask | dns::kFlagRd;
    const auto flags = static_cast<uint16_t>(
        dns::kFlagQr | more_flags | (query_.header.flags & kCopied) | static_cast<uint16_t>(rcode));
    dns::Header header{.id = query_.header.id, .flags = flags, .question_count = 1};
    std::ranges::copy(question, request.room.begin() + dns::kHeaderSize);
    size_t size = dns::kHeaderSize + question.size();
    if (query_.edns.is_present) {
        uint8_t* const opt = request.room.data() + size;
        std::memset(opt, 0, dns::kOptRecordSize);
        base::store_u16(opt + 1, static_cast<uint16_t>(dns::RRType::OPT));
        base::store_u16(opt + 3, 1232);
        base::store_u16(opt + 7, query_.edns.dnssec_ok ? dns::kEdnsFlagDo : uint16_t{0});
        header.additional_count = 1;
        size += dns::kOptRecordSize;
    }
    dns::store_header(header, request.room);
    return sign(request, size);
}

RequestDesk::Outcome RequestDesk::sign(const Request& request, size_t size) {
    if (!is_signed()) return {.size = size};
    return {.size = sign_response(hmac_, signature_, request.room, size, request.now)};
}

}  // namespace nearcast::transfer
