// SPDX-License-Identifier: Apache-2.0
//
// The product's answers on one worker's thread: ordinary ones, and those that need a key.
//
// The responder answers the batch; what it marks as special goes to the desk for transfers and
// updates. What would hold the worker up leaves it: a transfer or an update together with its
// connection, and a datagram that takes long to answer.

#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "answer/responder.h"
#include "observe/counters.h"
#include "observe/tap.h"
#include "serve/answerer.h"
#include "transfer/late_answers.h"
#include "transfer/request_desk.h"
#include "transfer/zone_sender.h"
#include "zone/zone_table.h"

namespace nearcast::authority {

// What a worker's answerer has to do with transfers; all of it outlives the answerer.
struct TransferHands {
    const transfer::TransferConfig& config;
    zone::ZoneTable& zones;
    transfer::RequestDesk::Partners partners;  // But for `ask`, which is the answerer's own.
    transfer::ZoneSender& sender;
    transfer::LateAnswers& late_answers;
};

// Who looks on.
struct Witnesses {
    observe::Counters& counters;  // Outlives the answerer.
    std::optional<observe::Tap::Note> note;
};

class ZoneAnswerer final : public serve::Answerer {
 public:
    ZoneAnswerer(const answer::ResponderOptions& options, const TransferHands& hands,
                 const Witnesses& witnesses);

    void respond(std::span<answer::Exchange> batch) noexcept override;
    void offline() noexcept override { responder_.offline(); }
    void take_connection(tls::Stream stream, const serve::PeerAddress& peer,
                         std::span<const uint8_t> unanswered) noexcept override;
    void take_datagram(serve::DatagramReply reply,
                       std::span<const uint8_t> message) noexcept override;

 private:
    void answer_special(answer::Exchange& exchange);
    void note(std::span<const answer::Exchange> batch, std::chrono::nanoseconds query_time);
    // The ordinary part of the one that is special.
    [[nodiscard]] size_t answer_ordinary(const transfer::PlainQuestion& question);

    answer::Responder responder_;
    observe::Counters& counters_;
    std::optional<observe::Tap::Note> note_;
    answer::Exchange* special_ = nullptr;  // While the desk is at work.
    std::chrono::seconds now_{};           // Since 1970, of this batch.
    transfer::RequestDesk desk_;
    transfer::ZoneSender& sender_;
    transfer::LateAnswers& late_answers_;
};

// For a thread of its own: a responder that is offline between questions, and made at the first.
// `count` is told of each exchange that has its response.
[[nodiscard]] transfer::RequestDesk::AskOrdinary make_own_responder(
    zone::ZoneTable& zones, const answer::ResponderOptions& options,
    std::function<void(const answer::Exchange&, bool is_counted)> count);

}  // namespace nearcast::authority
