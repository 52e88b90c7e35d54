// SPDX-License-Identifier: Apache-2.0

#include "transfer/request_desk.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

#include "base/log.h"
#include "transfer/expire_option.h"
#include "transfer/refresh_schedule.h"
#include "transfer/update_forwarder.h"
#include "zone/hashed_name.h"

namespace nearcast::transfer {
namespace {

using dns::ExtendedError;
using dns::Rcode;
namespace log = base::log;

constexpr size_t kQuestionTailSize = 4;  // Type and class.
constexpr size_t kSoaTimersSize = 20;    // Serial, refresh, retry, expire, minimum.

constexpr Verdict kProhibited{.rcode = Rcode::Refused, .reason = ExtendedError::Prohibited};

bool is_transfer_type(dns::RRType type) {
    return type == dns::RRType::AXFR || type == dns::RRType::IXFR;
}

// The last of the history up to `serial`, which may have gone on since the version was pinned.
// Nothing when the whole zone is the smaller answer.
std::optional<std::vector<zone::Changeset>> trimmed(std::vector<zone::Changeset> changes,
                                                    const zone::Version& version) {
    while (!changes.empty() && changes.back().to_serial() != version.serial()) changes.pop_back();
    size_t count = 0;
    for (const zone::Changeset& each : changes) count += each.removed_count() + each.added_count();
    if (changes.empty() || count >= version.record_count()) return std::nullopt;
    return changes;
}

}  // namespace

std::optional<uint32_t> lone_soa_serial(std::span<const uint8_t> message, dns::Section section,
                                        const dns::Name& zone) {
    dns::RecordWalk walk(message);
    if (walk.count_of(section) != 1) return std::nullopt;
    dns::RecordPlace place;
    while (walk.next(place)) {
        if (place.section != section) continue;
        if (place.type != dns::RRType::SOA || place.rdata_size < kSoaTimersSize) break;
        dns::WireReader reader(message);
        reader.seek(place.offset);
        dns::Name owner;
        if (dns::read_name(reader, owner) != dns::NameError::None || !(owner == zone)) break;
        return base::load_u32(place.rdata(message).last(kSoaTimersSize).data());
    }
    return std::nullopt;
}

RequestDesk::RequestDesk(const TransferConfig& config, Partners partners)
    : config_(config),
      partners_(std::move(partners)),
      catalogs_(config.catalogs()),
      plain_(dns::kMessageSizeMax) {}

Requestor RequestDesk::requestor_of(const Request& request) const {
    const bool is_proven = is_signed() && signature_.error == TsigError::None;
    return {.peer = request.peer, .key = is_proven ? signature_.key : nullptr};
}

bool RequestDesk::is_member(const Request& request) const {
    return partners_.members != nullptr && request.tls != nullptr &&
           request.tls->is_fit_for_transfers && partners_.members->has(*request.tls);
}

bool RequestDesk::may_have(const dns::Name& zone, const Request& request) const {
    return is_allowed(config_.policy_for(zone).allow, request.peer, requestor_of(request).key,
                      request.tls) ||
           is_member(request);
}

// Who may have a catalog may also look at it; a question may be about any name in it.
bool RequestDesk::is_trusted(const Request& request) {
    const dns::Name* const zone = private_zone_around(qname_);
    if (zone == nullptr) return false;
    return may_have(*zone, request) || (may_wait() && is_granted(*zone, request));
}

// Whether who asks is trusted takes a wait to know.
bool RequestDesk::might_be_trusted(const Request& request) {
    const dns::Name* const zone = private_zone_around(qname_);
    return zone != nullptr && !may_have(*zone, request) && might_be_granted(*zone, request);
}

const dns::Name* RequestDesk::private_zone_around(const dns::Name& name) {
    const auto find_in = [&name](const std::vector<dns::Name>& zones) -> const dns::Name* {
        const auto found = std::ranges::find_if(
            zones, [&name](const dns::Name& apex) { return name.is_subdomain_of(apex); });
        return found == zones.end() ? nullptr : &*found;
    };
    if (const dns::Name* const catalog = find_in(catalogs_)) return catalog;
    if (partners_.private_zones == nullptr) return nullptr;
    (void)partners_.private_zones->refresh(live_private_zones_);
    return find_in(*live_private_zones_.names);
}

bool RequestDesk::is_about_private_zone() {
    const dns::Name* const zone = private_zone_around(qname_);
    return zone != nullptr && *zone == qname_;
}

// A worker must not wait for those who publish zones: it has the way that readers go. What it sees
// is gone with the next question to the ordinary responder, which may announce a quiescent point.
RequestDesk::SeenZone RequestDesk::look_at(const dns::Name& zone) const {
    SeenZone seen;
    if (may_wait()) {
        seen.pin = partners_.waiting->zones.pin(zone);
        if (seen.pin) seen.version = seen.pin->version();
    } else {
        const zone::HashedName name(zone.wire());
        seen.version = partners_.zones.find(name.hash(), name.suffix(0));
    }
    return seen;
}

bool RequestDesk::might_be_granted(const dns::Name& zone, const Request& request) const {
    return partners_.grants != nullptr && partners_.grants->might_have(zone, requestor_of(request));
}

bool RequestDesk::is_granted(const dns::Name& zone, const Request& request) const {
    return might_be_granted(zone, request) &&
           partners_.grants->may_have(zone, requestor_of(request));
}

const TsigKeyring& RequestDesk::keyring() {
    if (partners_.keys == nullptr) return config_.keys;
    partners_.keys->refresh(live_keys_);
    return *live_keys_.keys;
}

size_t RequestDesk::reserved() const { return is_signed() ? tsig_response_size(signature_) : 0; }

RequestDesk::Outcome RequestDesk::answer(const Request& request) {
    unsigned_ = request.message;
    const dns::ParseError error = dns::parse_query(request.message, query_);
    qname_ = query_.qname(request.message);
    const bool is_read = error == dns::ParseError::None ||
                         (error == dns::ParseError::UnknownOpcode && query_.has_tsig());
    if (!is_read) {
        query_.tsig_offset = 0;  // The ordinary responder knows how to refuse it.
        return ask(request, request.message);
    }
    return counted(request, is_signed() ? answer_signed(request) : answer_by_opcode(request));
}

RequestDesk::Outcome RequestDesk::decline(const Request& request) {
    return counted(request, reply(request, {Rcode::ServFail}));
}

RequestDesk::Outcome RequestDesk::counted(const Request& request, const Outcome& outcome) {
    if (outcome.size > 0 && !outcome.is_for_stream && partners_.tallies != nullptr) {
        count(request.room.first(outcome.size));
    }
    return outcome;
}

// What is granted, for a waiter or to come again is counted by who ends it.
void RequestDesk::count(std::span<const uint8_t> response) {
    if (query_.edns.version != dns::kEdnsVersion) return;
    const dns::Header header = dns::load_header(response);
    const size_t rcode = header.flags & dns::kRcodeMask;
    switch (query_.opcode()) {
        case dns::Opcode::Notify:
            partners_.tallies->notices[rcode].add();
            break;
        case dns::Opcode::Update:
            partners_.tallies->updates[rcode].add();
            break;
        case dns::Opcode::Query:
            if (is_transfer_type(query_.qtype)) count_transfer(header);
            break;
        default:
            break;
    }
}

// An answer without a stream: changes over UDP, the SOA alone, or no.
void RequestDesk::count_transfer(const dns::Header& response) {
    SentTallies& tallies = partners_.tallies->transfers;
    const bool is_for_changes = query_.qtype == dns::RRType::IXFR;
    SentTallies::Row& row = tallies.of(is_for_changes ? Content::Changes : Content::Zone);
    if ((response.flags & dns::kRcodeMask) != 0) {
        row.refused.add();
    } else {
        (response.answer_count > 1 ? row.sent : tallies.current).add();
    }
}

RequestDesk::Outcome RequestDesk::answer_signed(const Request& request) {
    signature_ = check_request(hmac_, keyring(), request.message, query_.tsig_offset, request.now);
    if (signature_.error == TsigError::FormErr) {
        query_.tsig_offset = 0;
        return reply(request, {Rcode::FormErr});
    }
    // A key that only the primary knows is the primary's to judge.
    const bool is_for_primary = query_.opcode() == dns::Opcode::Update &&
                                signature_.error == TsigError::BadKey &&
                                partners_.secondary_of(qname_) != nullptr;
    if (signature_.error != TsigError::None && !is_for_primary) {
        return reply(request, {Rcode::NotAuth});
    }
    unsigned_ = std::span(plain_).first(strip_tsig(request.message, signature_.record, plain_));
    return answer_by_opcode(request);
}

RequestDesk::Outcome RequestDesk::answer_by_opcode(const Request& request) {
    // The ordinary responder says BADVERS (RFC 6891 §6.1.3), whatever was asked for.
    if (query_.edns.version != dns::kEdnsVersion) return ask(request, unsigned_);
    switch (query_.opcode()) {
        case dns::Opcode::Notify:
            return answer_notify(request);
        case dns::Opcode::Update:
            return answer_update(request);
        case dns::Opcode::Query:
            return answer_query(request);
        default:
            return reply(request, {Rcode::NotImp});
    }
}

RequestDesk::Outcome RequestDesk::answer_query(const Request& request) {
    if (query_.qclass == dns::RRClass::IN && is_transfer_type(query_.qtype)) {
        return answer_transfer(request);
    }
    if (!may_wait() && might_be_trusted(request)) return {.is_for_waiter = true};
    std::optional<uint32_t> expire;
    const bool wants_expire = query_.qtype == dns::RRType::SOA &&
                              asks_for_expire(query_.edns.options(request.message)) &&
                              may_have(qname_, request);
    if (wants_expire) {
        const SeenZone seen = look_at(qname_);
        if (seen.version) expire = expire_of(*seen.version);
    }
    return ask(request, unsigned_, expire);
}

// RFC 1996 §3. The SOA that may come along stands in the answer section.
RequestDesk::Outcome RequestDesk::answer_notify(const Request& request) {
    const bool is_soa = query_.qtype == dns::RRType::SOA && query_.qclass == dns::RRClass::IN;
    if (!is_soa) return reply(request, {Rcode::FormErr});
    if (is_about_private_zone() && is_member(request)) return answer_report(request);
    const Requestor requestor = requestor_of(request);
    const Rcode rcode =
        partners_.hear({.zone = qname_,
                        .peer = requestor.peer,
                        .key = requestor.key,
                        .serial = lone_soa_serial(request.message, dns::Section::Answer, qname_)});
    return reply(request, {.rcode = rcode, .is_authoritative = rcode == Rcode::NoError});
}

// What a node of ours serves.
RequestDesk::Outcome RequestDesk::answer_report(const Request& request) {
    const auto report = read_served_report(unsigned_, qname_);
    if (!report) return reply(request, {Rcode::FormErr});
    const Rcode rcode = partners_.members->hear(*request.tls, *report);
    return reply(request, {.rcode = rcode, .is_authoritative = rcode == Rcode::NoError});
}

RequestDesk::Outcome RequestDesk::answer_update(const Request& request) {
    // Nor does who may not have a catalog learn from this that there is one.
    if (is_about_private_zone() && !may_have(qname_, request)) {
        return reply(request, {.rcode = Rcode::NotAuth, .reason = ExtendedError::NotAuthoritative});
    }
    if (const auto secondary = partners_.secondary_of(qname_)) {
        return forward_update(request, *secondary);
    }
    const Requestor requestor = requestor_of(request);
    if (may_wait()) {
        return reply(request, partners_.updates.carry_out(query_, request.message, requestor));
    }
    const SeenZone seen = look_at(qname_);
    const Verdict admitted =
        partners_.updates.admit(seen.version, query_, request.message, requestor);
    if (admitted.rcode != Rcode::NoError) return reply(request, admitted);
    return {.is_for_waiter = true};
}

// RFC 2136 §6. What the primary answers is the requestor's, its signature with it.
RequestDesk::Outcome RequestDesk::forward_update(const Request& request,
                                                 const SecondaryConfig& secondary) {
    const Requestor requestor = requestor_of(request);
    if (!is_allowed(secondary.forward_updates, requestor.peer, requestor.key)) {
        const bool is_stranger = is_signed() && signature_.error != TsigError::None;
        return reply(request, is_stranger ? Verdict{Rcode::NotAuth} : kProhibited);
    }
    if (!may_wait()) return {.is_for_waiter = true};
    const auto answered =
        transfer::forward_update(request.message, secondary, partners_.waiting->is_stopping);
    if (answered && answered->size() <= request.room.size()) {
        std::ranges::copy(*answered, request.room.begin());
        return {.size = answered->size()};
    }
    log::warning("update_not_forwarded",
                 {{"zone", dns::to_text(qname_)},
                  {"requestor", base::to_text(request.peer)},
                  {"reason", answered ? "the answer is too large" : answered.error().message}});
    return reply(request, {Rcode::ServFail});
}

RequestDesk::Outcome RequestDesk::answer_transfer(const Request& request) {
    // An older TLS carries questions, not zones (RFC 9103 §7.2).
    const bool is_unfit = request.tls != nullptr && !request.tls->is_fit_for_transfers;
    const bool is_to_ask = !is_unfit && !may_have(qname_, request);
    if (is_to_ask && !may_wait() && might_be_granted(qname_, request)) {
        return {.is_for_waiter = true};
    }
    if (is_unfit || (is_to_ask && !is_granted(qname_, request))) return reply(request, kProhibited);
    const SeenZone seen = look_at(qname_);
    if (!seen.version)
        return reply(request, {.rcode = Rcode::NotAuth, .reason = ExtendedError::NotAuthoritative});
    if (!seen.has_data()) {
        return reply(request, {.rcode = Rcode::ServFail, .reason = ExtendedError::InvalidData});
    }
    if (query_.qtype == dns::RRType::IXFR) return answer_changes(request, *seen.version);
    if (!request.is_stream) return reply(request, {Rcode::FormErr});
    return {.is_granted = true};
}

// Who is up to date is told the serial (RFC 1995 §2).
RequestDesk::Outcome RequestDesk::answer_changes(const Request& request,
                                                 const zone::Version& version) {
    const auto theirs = lone_soa_serial(request.message, dns::Section::Authority, qname_);
    if (!theirs) return reply(request, {Rcode::FormErr});
    if (!dns::is_later_serial(version.serial(), *theirs)) return ask_for_soa(request);
    if (request.is_stream) return {.is_granted = true};
    // The history may lie on disk.
    if (!may_wait()) return {.is_for_waiter = true};
    return answer_changes_over_udp(request, version);
}

// What does not fit in a datagram is fetched over TCP: the SOA alone says so (RFC 1995 §4).
RequestDesk::Outcome RequestDesk::answer_changes_over_udp(const Request& request,
                                                          const zone::Version& version) {
    ZoneStream stream = stream_of(version, request);
    if (!writer_) writer_ = std::make_unique<MessageWriter>();
    const size_t limit = std::min<size_t>(request.room.size(), query_.edns.udp_payload);
    const bool is_fitting = stream.is_incremental() && reserved() < limit &&
                            stream.write_whole(*writer_, limit - reserved());
    if (!is_fitting) {
        Outcome outcome = ask_for_soa(request);
        outcome.is_for_stream = true;
        return outcome;
    }
    std::ranges::copy(writer_->message(), request.room.begin());
    return sign(request, writer_->size());
}

// The changes where they are at hand and less than the zone, the zone otherwise.
ZoneStream RequestDesk::stream_of(const zone::Version& version, const Request& request) {
    ZoneStream stream(version, query_, request.message);
    if (asks_for_expire(query_.edns.options(request.message))) {
        if (const auto expire = expire_of(version)) stream.tell_expire(*expire);
    }
    if (query_.qtype != dns::RRType::IXFR) return stream;
    const auto theirs = lone_soa_serial(request.message, dns::Section::Authority, qname_);
    auto changes = partners_.ledger.changes_since(qname_, *theirs);
    if (changes) changes = trimmed(*std::move(changes), version);
    if (changes) stream.send_differences(*std::move(changes));
    return stream;
}

// RFC 7314 §3: a secondary has what is left, a primary what the SOA says.
std::optional<uint32_t> RequestDesk::expire_of(const zone::Version& version) {
    if (version.is_unavailable()) return std::nullopt;
    if (const auto left = partners_.expires_in(qname_)) return left;
    uint32_t ttl = 0;
    return read_soa_timers(zone::soa_rdata(version, ttl)).expire;
}

std::unique_ptr<GrantedTransfer> RequestDesk::take_transfer(const Request& request) {
    assert(may_wait());
    auto pinned = partners_.waiting->zones.pin(qname_);
    if (!pinned || pinned->version().is_unavailable()) return nullptr;
    ZoneStream stream = stream_of(pinned->version(), request);
    auto transfer = std::make_unique<GrantedTransfer>(GrantedTransfer{.version = *std::move(pinned),
                                                                      .stream = std::move(stream),
                                                                      .signer = {},
                                                                      .zone = qname_,
                                                                      .keys = live_keys_.keys});
    if (is_signed()) {
        transfer->signer.emplace(*signature_.key, signature_.mac);
        transfer->tsig_size = tsig_size(*signature_.key);
    }
    return transfer;
}

RequestDesk::Outcome RequestDesk::ask(const Request& request, std::span<const uint8_t> question,
                                      std::optional<uint32_t> expire) {
    const size_t size = partners_.ask({.message = question,
                                       .room = request.room.first(request.room.size() - reserved()),
                                       .peer = request.peer,
                                       .is_stream = request.is_stream,
                                       .is_encrypted = request.tls != nullptr,
                                       .is_counted = request.is_counted,
                                       .reserved = reserved(),
                                       .expire = expire,
                                       .is_trusted = is_trusted(request)});
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
        plain_[size++] = 0;  // The owner, which may have been compressed.
        constexpr size_t kFieldsSize = dns::kOptRecordSize - 1;
        const auto opt = request.subspan(query_.edns.options_offset - kFieldsSize,
                                         kFieldsSize + query_.edns.options_size);
        std::ranges::copy(opt, plain_.begin() + static_cast<ptrdiff_t>(size));
        size += opt.size();
        header.additional_count = 1;
    }
    dns::store_header(header, plain_);
    return std::span(plain_).first(size);
}

RequestDesk::Outcome RequestDesk::ask_for_soa(const Request& request) {
    std::optional<uint32_t> expire;
    const SeenZone seen = look_at(qname_);
    if (seen.version) expire = expire_of(*seen.version);
    const size_t size = partners_.ask({.message = soa_question(request.message),
                                       .room = request.room.first(request.room.size() - reserved()),
                                       .peer = request.peer,
                                       .is_stream = request.is_stream,
                                       .is_encrypted = request.tls != nullptr,
                                       .is_counted = request.is_counted,
                                       .reserved = reserved(),
                                       .expire = expire,
                                       .is_trusted = true});
    if (size == 0) return {};
    // The response repeats the question that was asked.
    const size_t type_at = dns::kHeaderSize + query_.question_size - kQuestionTailSize;
    base::store_u16(&request.room[type_at], static_cast<uint16_t>(query_.qtype));
    return sign(request, size);
}

// A response without records.
RequestDesk::Outcome RequestDesk::reply(const Request& request, const Verdict& verdict) {
    const size_t size = partners_.ask({.message = request.message,
                                       .room = request.room.first(request.room.size() - reserved()),
                                       .peer = request.peer,
                                       .is_stream = request.is_stream,
                                       .is_encrypted = request.tls != nullptr,
                                       .is_counted = request.is_counted,
                                       .reserved = reserved(),
                                       .verdict = verdict});
    return size == 0 ? Outcome{} : sign(request, size);
}

RequestDesk::Outcome RequestDesk::sign(const Request& request, size_t size) {
    if (!is_signed()) return {.size = size};
    return {.size = sign_response(hmac_, signature_, request.room, size, request.now)};
}

}  // namespace nearcast::transfer
