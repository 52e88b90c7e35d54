// SPDX-License-Identifier: Apache-2.0

#include "authority/zone_service.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace nearcast::authority {

ZoneService::ZoneService(const transfer::TransferConfig& transfers, zone::ZoneTable& table,
                         zone::ZoneLedger& ledger, answer::ResponderOptions responder,
                         observe::Counters& late_counters, NetworkHands network)
    : transfers_(transfers),
      network_(std::move(network)),
      responder_(std::move(responder)),
      table_(table),
      notifier_(transfers),
      ledger_(listen_to(ledger)),
      catalogs_(transfers, table, ledger, secondaries_, network_.private_zones),
      secondaries_(transfers, table, ledger),
      updates_(transfers, table, ledger),
      late_counters_(late_counters),
      sender_([this] { return make_desk(); }, tallies_.transfers, {}, network_.members),
      late_answers_([this] { return make_desk(); }) {
    for (const base::Error& doubt : transfers.doubts) {
        base::log::warning("setting_doubtful", {{"reason", doubt.message}, {"try", doubt.hint}});
    }
}

void ZoneService::stop() {
    catalogs_.stop();
    for (const auto& reporter : reporters_) reporter->stop();
    ends_waits_.store(true);
}

std::optional<transfer::ServedReport> ZoneService::wait_until_served(base::Instant deadline) {
    if (reporters_.empty()) return std::nullopt;
    return reporters_.front()->wait_until_served(deadline);
}

void ZoneService::start_catalogs(Reports reports) {
    transfer::Catalogs::Hooks hooks{
        .reporters = {}, .marked = network_.marked, .ask_serial = network_.ask_catalog_serial};
    for (const transfer::FollowedCatalog& each : transfers_.followed_catalogs) {
        if (!each.wants_reports) continue;
        reporters_.push_back(std::make_unique<transfer::ServedReporter>(each, transfers_.keys,
                                                                        table_, secondaries_));
        if (reports == Reports::Told) reporters_.back()->start();
        hooks.reporters.push_back(reporters_.back().get());
    }
    if (!reporters_.empty()) {
        secondaries_.on_outcome([this](const dns::Name& zone, const std::string& problem) {
            for (const auto& reporter : reporters_) reporter->note(zone, problem);
        });
    }
    catalogs_.start(std::move(hooks));
}

bool ZoneService::is_published_catalog(const dns::Name& zone) const {
    const auto& published = transfers_.published_catalogs;
    return std::ranges::find(published, zone, &transfer::PublishedCatalog::zone) != published.end();
}

bool ZoneService::is_from_elsewhere(const dns::Name& zone) const {
    return secondaries_.config_of(zone) != nullptr || is_published_catalog(zone);
}

void ZoneService::notify_members(const dns::Name& zone) {
    if (network_.members == nullptr || !is_published_catalog(zone)) return;
    notifier_.notify(zone, network_.members->targets(),
                     network_.notify_key ? transfers_.keys.find(*network_.notify_key) : nullptr);
}

void ZoneService::notify_of_all() {
    if (!transfers_.notifies()) return;
    for (const zone::StoredZone& zone : ledger_.states()) {
        if (zone.is_available) notifier_.notify(zone.apex);
    }
}

// Before there is a thread that changes a zone.
zone::ZoneLedger& ZoneService::listen_to(zone::ZoneLedger& ledger) {
    ledger.on_change([this](const dns::Name& zone) {
        if (table_.pin(zone)) notifier_.notify(zone);
        notify_members(zone);
        catalogs_.note(zone);
    });
    return ledger;
}

transfer::SecondaryZones& ZoneService::fetcher_of(const dns::Name& zone) {
    const bool is_incoming =
        network_.incoming != nullptr && network_.incoming->config_of(zone) != nullptr;
    return is_incoming ? *network_.incoming : secondaries_;
}

transfer::RequestDesk::Partners ZoneService::partners(MayWait may_wait) {
    return {
        .zones = table_,
        .ledger = ledger_,
        .updates = network_.updates != nullptr ? *network_.updates : updates_,
        .ask = {},
        .hear =
            [this](const transfer::Notice& notice) { return fetcher_of(notice.zone).hear(notice); },
        .expires_in = [this](const dns::Name& zone) { return fetcher_of(zone).expires_in(zone); },
        .secondary_of = [this](const dns::Name& zone) { return secondaries_.config_of(zone); },
        .tallies = &tallies_,
        .members = network_.members,
        .keys = network_.keys,
        .grants = network_.grants,
        .private_zones = network_.private_zones,
        .waiting = may_wait == MayWait::Yes ? std::optional<transfer::RequestDesk::Waiting>(
                                                  {.zones = table_, .is_stopping = ends_waits_})
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
