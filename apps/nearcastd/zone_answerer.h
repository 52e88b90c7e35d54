// SPDX-License-Identifier: Apache-2.0
//
// The product's answers on one worker's thread: ordinary ones, and those that need a key.
//
// The responder answers the batch; what it marks as special goes to the desk for transfers, and a
// transfer that is granted leaves the worker together with its connection.

#pragma once

#include <chrono>

#include "answer/responder.h"
#include "observe/counters.h"
#include "serve/answerer.h"
#include "transfer/request_desk.h"
#include "transfer/zone_sender.h"
#include "zone/zone_table.h"

namespace nearcast::app {

class ZoneAnswerer final : public serve::Answerer {
 public:
    // All references outlive it.
    ZoneAnswerer(zone::ZoneTable& zones, const answer::ResponderOptions& options,
                 const transfer::TransferConfig& transfers, transfer::ZoneSender& sender,
                 transfer::RequestDesk::Hear hear, observe::Counters& counters);

    void respond(std::span<answer::Exchange> batch) noexcept override;
    void offline() noexcept override { responder_.offline(); }
    void take_connection(base::Fd socket, const serve::PeerAddress& peer,
                         std::span<const uint8_t> unanswered) noexcept override;

 private:
    void answer_special(answer::Exchange& exchange);
    // The ordinary part of the one that is special.
    [[nodiscard]] size_t answer_ordinary(const transfer::PlainQuestion& question);

    answer::Responder responder_;
    observe::Counters& counters_;
    answer::Exchange* special_ = nullptr;  // While the desk is at work.
    std::chrono::seconds now_{};           // Since 1970, of this batch.
    transfer::RequestDesk desk_;
    transfer::ZoneSender& sender_;
};

// For a connection's own thread: a responder that is offline between questions.
[[nodiscard]] transfer::RequestDesk::AskOrdinary make_own_responder(
    zone::ZoneTable& zones, const answer::ResponderOptions& options);

}  // namespace nearcast::app
