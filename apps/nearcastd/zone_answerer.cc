// SPDX-License-Identifier: Apache-2.0

#include "zone_answerer.h"

#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

#include "base/address.h"

namespace nearcast::app {
namespace {

size_t ask(answer::Responder& responder, const transfer::PlainQuestion& question) {
    answer::Exchange exchange;
    exchange.query = question.message;
    exchange.room = question.room;
    exchange.transport = question.is_stream ? answer::Transport::Tcp : answer::Transport::Udp;
    exchange.reserved = question.reserved;
    responder.respond({&exchange, 1});
    return exchange.response_size;
}

base::SocketAddress address_of(const sockaddr& peer) {
    sockaddr_storage native{};
    const size_t size = peer.sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    std::memcpy(&native, &peer, size);
    return base::from_native(native);
}

}  // namespace

ZoneAnswerer::ZoneAnswerer(zone::ZoneTable& zones, const answer::ResponderOptions& options,
                           const transfer::TransferConfig& transfers, transfer::ZoneSender& sender,
                           transfer::RequestDesk::Hear hear)
    : responder_(zones, options),
      desk_(
          transfers, zones,
          [this](const transfer::PlainQuestion& question) { return ask(responder_, question); },
          std::move(hear)),
      sender_(sender) {}

void ZoneAnswerer::respond(std::span<answer::Exchange> batch) noexcept {
    responder_.respond(batch);
    for (answer::Exchange& exchange : batch) {
        if (exchange.is_special && exchange.peer != nullptr) answer_special(exchange);
    }
}

void ZoneAnswerer::answer_special(answer::Exchange& exchange) {
    const auto outcome = desk_.answer({.message = exchange.query,
                                       .room = exchange.room,
                                       .peer = address_of(*exchange.peer).ip,
                                       .is_stream = exchange.transport == answer::Transport::Tcp,
                                       .now = static_cast<uint64_t>(::time(nullptr))});
    exchange.response_size = outcome.size;
    exchange.takes_connection = outcome.is_granted;
}

void ZoneAnswerer::take_connection(base::Fd socket, const serve::PeerAddress& peer,
                                   std::span<const uint8_t> unanswered) noexcept {
    sender_.take(std::move(socket), address_of(peer.generic), unanswered);
}

transfer::RequestDesk::AskOrdinary make_own_responder(zone::ZoneTable& zones,
                                                      const answer::ResponderOptions& options) {
    return [responder = std::make_shared<answer::Responder>(zones, options)](
               const transfer::PlainQuestion& question) {
        const size_t size = ask(*responder, question);
        responder->offline();
        return size;
    };
}

}  // namespace nearcast::app
