// SPDX-License-Identifier: Apache-2.0

#include "authority/zone_service.h"

#include <utility>

#include "base/log.h"

namespace nearcast::authority {

ZoneService::ZoneService(const transfer::TransferConfig& transfers, zone::ZoneTable& table,
                         zone::ZoneLedger& ledger, answer::ResponderOptions responder,
                         observe::Counters& late_counters)
    : transfers_(transfers),
      responder_(std::move(responder)),
      table_(table),
      notifier_(transfers),
      ledger_(listen_to(ledger)),
      catalogs_(transfers, table, ledger, secondaries_),
      secondaries_(transfers, table, ledger),
      updates_(transfers, table, ledger),
      late_counters_(late_counters),
      sender_([this] { return make_desk(); }, tallies_.transfers),
      late_answers_([this] { return make_desk(); }) {
    for (const base::Error& doubt : transfers.doubts) {
        base::log::warning("setting_doubtful", {{"reason", doubt.message}, {"try", doubt.hint}});
    }
}

void ZoneService::stop() {
    catalogs_.stop();
    ends_waits_.store(true);
}

// Before there is a thread that changes a zone.
zone::ZoneLedger& ZoneService::listen_to(zone::ZoneLedger& ledger) {
    ledger.on_change([this](const dns::Name& zone) {
        if (table_.pin(zone)) notifier_.notify(zone);
        catalogs_.note(zone);
    });
    return ledger;
}

transfer::RequestDesk::Partners ZoneService::partners(MayWait may_wait) {
    return {.zones = table_,
            .ledger = ledger_,
            .ask = {},
            .hear = [this](const transfer::Notice& notice) { return secondaries_.hear(notice); },
            .expires_in = [this](const dns::Name& zone) { return secondaries_.expires_in(zone); },
            .secondary_of = [this](const dns::Name& zone) { return secondaries_.config_of(zone); },
            .tallies = &tallies_,
            .waiting = may_wait == MayWait::Yes
                           ? std::optional<transfer::RequestDesk::Waiting>(
                                 {.zones = table_, .updates = updates_, .is_stopping = ends_waits_})
                           : std::nullopt};
}

std::unique_ptr<transfer::RequestDesk> ZoneService::make_desk() {
    transfer::RequestDesk::Partners waiting = partners(MayWait::Yes);
    waiting.ask = make_own_responder(table_, responder_,
                                     [this](const answer::Exchange& exchange, bool is_counted) {
                                         const std::lock_guard lock(late_counters_mutex_);
                                         if (is_counted) {
                                             late_counters_.count_late(exchange);
                                         } else {
                                             late_counters_.count(exchange);
                                         }
                                     });
    return std::make_unique<transfer::RequestDesk>(transfers_, std::move(waiting));
}

std::unique_ptr<serve::Answerer> ZoneService::make_answerer(const answer::ResponderOptions& options,
                                                            const Witnesses& witnesses) {
    const TransferHands hands{.config = transfers_,
                              .zones = table_,
                              .partners = partners(MayWait::No),
                              .sender = sender_,
                              .late_answers = late_answers_};
    return std::make_unique<ZoneAnswerer>(options, hands, witnesses);
}

}  // namespace nearcast::authority
