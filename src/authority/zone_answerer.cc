// SPDX-License-Identifier: Apache-2.0

#include "authority/zone_answerer.h"

#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "base/address.h"
#include "base/clock.h"

namespace nearcast::authority {
namespace {

// What is asked of the ordinary responder: the same exchange with another message in it.
answer::Exchange with_question(answer::Exchange exchange, const transfer::PlainQuestion& question) {
    exchange.query = question.message;
    exchange.room = question.room;
    exchange.transport = question.is_stream ? answer::Transport::Tcp : answer::Transport::Udp;
    exchange.is_encrypted = exchange.is_encrypted || question.is_encrypted;
    exchange.reserved = question.reserved;
    exchange.expire = question.expire;
    exchange.is_trusted = question.is_trusted;
    if (question.verdict) {
        exchange.verdict = {.rcode = question.verdict->rcode,
                            .is_authoritative = question.verdict->is_authoritative,
                            .reason = question.verdict->reason};
    }
    return exchange;
}

transfer::RequestDesk::Partners with_ask(transfer::RequestDesk::Partners partners,
                                         transfer::RequestDesk::AskOrdinary ask) {
    partners.ask = std::move(ask);
    return partners;
}

base::SocketAddress address_of(const sockaddr& peer) {
    sockaddr_storage native{};
    const size_t size = peer.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    std::memcpy(&native, &peer, size);
    return base::from_native(native);
}

}  // namespace

ZoneAnswerer::ZoneAnswerer(const answer::ResponderOptions& options, const TransferHands& hands,
                           const Witnesses& witnesses)
    : responder_(hands.zones, options),
      counters_(witnesses.counters),
      note_(witnesses.note),
      desk_(hands.config, with_ask(hands.partners,
                                   [this](const transfer::PlainQuestion& question) {
                                       return answer_ordinary(question);
                                   })),
      sender_(hands.sender),
      late_answers_(hands.late_answers) {}

void ZoneAnswerer::respond(std::span<answer::Exchange> batch) noexcept {
    const std::chrono::nanoseconds query_time = base::unix_now();
    now_ = std::chrono::floor<std::chrono::seconds>(query_time);
    responder_.respond(batch, now_);
    counters_.prefetch(batch);
    for (answer::Exchange& exchange : batch) {
        if (exchange.is_special && exchange.peer != nullptr) answer_special(exchange);
        counters_.count(exchange);
    }
    counters_.talkers.note(batch, now_);
    if (note_) note(batch, query_time);
}

void ZoneAnswerer::note(std::span<const answer::Exchange> batch,
                        std::chrono::nanoseconds query_time) {
    const std::chrono::nanoseconds response_time = base::unix_now();
    for (const answer::Exchange& exchange : batch) {
        if (note_->is_wanted()) note_->take(exchange, query_time, response_time);
    }
}

void ZoneAnswerer::answer_special(answer::Exchange& exchange) {
    const bool is_stream = exchange.transport == answer::Transport::Tcp;
    std::optional<tls::Peer> tls;
    if (exchange.session != nullptr) tls = exchange.session->peer();
    special_ = &exchange;
    const base::SocketAddress peer = address_of(*exchange.peer);
    const transfer::Request request{.message = exchange.query,
                                    .room = exchange.room,
                                    .peer = peer.ip,
                                    .is_stream = is_stream,
                                    .now = static_cast<uint64_t>(now_.count()),
                                    .tls = tls ? &*tls : nullptr};
    auto outcome = desk_.answer(request);
    const bool is_for_sender = outcome.is_granted || (outcome.is_for_waiter && is_stream);
    // The connection stays here, and what else is asked on it is answered.
    if (is_for_sender &&
        !sender_.has_room(sender_.purpose_of(request.message, request.tls), peer)) {
        outcome = desk_.decline(request);
    }
    exchange.response_size = outcome.size;
    exchange.takes_connection = outcome.is_granted || (outcome.is_for_waiter && is_stream);
    exchange.takes_datagram = outcome.is_for_waiter && !is_stream;
}

size_t ZoneAnswerer::answer_ordinary(const transfer::PlainQuestion& question) {
    answer::Exchange exchange = with_question(*special_, question);
    responder_.respond({&exchange, 1}, now_);
    special_->facts = exchange.facts;
    special_->cookie = exchange.cookie;
    return exchange.response_size;
}

void ZoneAnswerer::take_connection(tls::Stream stream, const serve::PeerAddress& peer,
                                   std::span<const uint8_t> unanswered) noexcept {
    sender_.take(std::move(stream), address_of(peer.generic), unanswered);
}

void ZoneAnswerer::take_datagram(serve::DatagramReply reply,
                                 std::span<const uint8_t> message) noexcept {
    const base::IpAddress peer = address_of(reply.peer().generic).ip;
    late_answers_.take(
        message, peer,
        [reply = std::move(reply)](std::span<const uint8_t> response) { reply.send(response); });
}

transfer::RequestDesk::AskOrdinary make_own_responder(
    zone::ZoneTable& zones, const answer::ResponderOptions& options,
    std::function<void(const answer::Exchange&, bool is_counted)> count) {
    return [&zones, options, count = std::move(count),
            responder = std::shared_ptr<answer::Responder>()](
               const transfer::PlainQuestion& question) mutable {
        if (responder == nullptr) responder = std::make_shared<answer::Responder>(zones, options);
        const base::NativeAddress peer({question.peer, 0});
        answer::Exchange exchange = with_question({}, question);
        exchange.peer = peer.data();
        const auto now = std::chrono::floor<std::chrono::seconds>(base::unix_now());
        responder->respond({&exchange, 1}, now);
        responder->offline();
        count(exchange, question.is_counted);
        return exchange.response_size;
    };
}

}  // namespace nearcast::authority
