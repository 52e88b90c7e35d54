// SPDX-License-Identifier: Apache-2.0
//
// Everything between served zones and other servers: transfers both ways, NOTIFY, updates, and
// catalogs; and the answerers of workers that hand such requests over.
//
// It listens to the ledger: each change is told to secondaries and noted in our catalogs. One of
// these for each program. Workers must have ended before it does.

#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "answer/responder.h"
#include "authority/zone_answerer.h"
#include "observe/counters.h"
#include "serve/answerer.h"
#include "transfer/catalogs.h"
#include "transfer/late_answers.h"
#include "transfer/live_keys.h"
#include "transfer/members.h"
#include "transfer/notifier.h"
#include "transfer/request_desk.h"
#include "transfer/secondary_zones.h"
#include "transfer/served_reporter.h"
#include "transfer/tallies.h"
#include "transfer/transfer_config.h"
#include "transfer/zone_sender.h"
#include "transfer/zone_updates.h"
#include "zone/ledger.h"
#include "zone/live_names.h"
#include "zone/zone_table.h"

namespace nearcast::authority {

// What a controller has to do with it, and no other program.
struct NetworkHands {
    transfer::Members* members = nullptr;      // The nodes; null: there are none.
    std::optional<dns::Name> notify_key = {};  // What they are told of catalogs with.
    // Who takes updates; null: the rules of the configuration decide.
    transfer::UpdateTaker* updates = nullptr;
    // Keys that are not in the configuration, beside those that are; both may be null.
    const transfer::LiveKeyring* keys = nullptr;
    transfer::Grants* grants = nullptr;
    // Zones that are fetched into a store of their own, from which they are published. May be null;
    // outlives the service.
    transfer::SecondaryZones* incoming = nullptr;
    // Catalogs that come and go, which are nobody's business but of those who may have them; may be
    // null. Outlives the service.
    const zone::LiveNames* private_zones = nullptr;
    // As transfer::Catalogs::Hooks has it.
    std::function<void(const transfer::Catalogs::Marked&)> marked = {};
    std::function<void()> ask_catalog_serial = {};
};

class ZoneService {
 public:
    // `responder` and `late_counters` are for what is asked where no worker answers, on threads
    // that may wait. The references and the network's hands outlive it.
    ZoneService(const transfer::TransferConfig& transfers, zone::ZoneTable& table,
                zone::ZoneLedger& ledger, answer::ResponderOptions responder,
                observe::Counters& late_counters, NetworkHands network = {});
    ZoneService(const ZoneService&) = delete;
    ZoneService& operator=(const ZoneService&) = delete;
    ~ZoneService() { stop(); }

    // Once every zone that is there from the start is served.
    // Whether primaries that want it are told what we serve.
    enum class Reports : uint8_t { Told, Kept };
    void start_catalogs(Reports reports = Reports::Told);
    // What is served of the first catalog that wants reports, once each of its zones is or cannot
    // be; nothing when that takes longer, or there is no such catalog.
    [[nodiscard]] std::optional<transfer::ServedReport> wait_until_served(base::Instant deadline);
    // What NetworkHands::marked is told once our catalogs bear every change that was published.
    void mark_catalogs(uint64_t mark, std::optional<uint32_t> serial = {}) {
        catalogs_.mark(mark, serial);
    }
    // Of all versions that the ledger was given so far, which NetworkHands::marked counts.
    [[nodiscard]] uint64_t catalog_notes() { return catalogs_.notes(); }
    // Nobody waits for others from now on. Workers may still be running.
    void stop();

    // For one worker, and for no longer than this.
    [[nodiscard]] std::unique_ptr<serve::Answerer> make_answerer(
        const answer::ResponderOptions& options, const Witnesses& witnesses);

    // Tells the secondaries that the zone has changed. Any thread.
    void notify(const dns::Name& zone) { notifier_.notify(zone); }
    // The same of all zones, at a start: it may be that the last change was told to nobody.
    void notify_of_all();
    // Fetches a secondary zone anew. False when it is none. Any thread.
    [[nodiscard]] bool retransfer(const dns::Name& zone) { return secondaries_.retransfer(zone); }

    // Whether the zone comes from a primary, or is a catalog of ours: no file may take its place.
    // Any thread.
    [[nodiscard]] bool is_from_elsewhere(const dns::Name& zone) const;
    // Whether it would come from a primary if no file served it. Any thread.
    [[nodiscard]] bool is_kept_by_file(const dns::Name& zone) {
        return secondaries_.is_kept_by_file(zone) || catalogs_.is_kept_otherwise(zone);
    }
    // After files were taken in: zones that are to come from primaries may have lost theirs.
    void note_files() {
        secondaries_.add_those_left_by_files();
        catalogs_.look_again();
    }

    // What it has done so far. Any thread.
    [[nodiscard]] const transfer::DeskTallies& desk_tallies() const { return tallies_; }
    [[nodiscard]] const transfer::FetchTallies& fetch_tallies() const {
        return secondaries_.tallies();
    }
    [[nodiscard]] const transfer::NoticeTallies& notice_tallies() const {
        return notifier_.tallies();
    }

 private:
    enum class MayWait : uint8_t { No, Yes };

    [[nodiscard]] zone::ZoneLedger& listen_to(zone::ZoneLedger& ledger);
    [[nodiscard]] bool is_published_catalog(const dns::Name& zone) const;
    // Of a new version of a catalog of ours.
    void notify_members(const dns::Name& zone);
    // Who fetches the zone, if anybody does.
    [[nodiscard]] transfer::SecondaryZones& fetcher_of(const dns::Name& zone);
    // What a desk needs but for who answers ordinary questions.
    [[nodiscard]] transfer::RequestDesk::Partners partners(MayWait may_wait);
    // For a thread of its own, which may wait.
    [[nodiscard]] std::unique_ptr<transfer::RequestDesk> make_desk();

    const transfer::TransferConfig& transfers_;
    const NetworkHands network_;
    const answer::ResponderOptions responder_;
    zone::ZoneTable& table_;
    transfer::Notifier notifier_;
    zone::ZoneLedger& ledger_;
    std::vector<std::unique_ptr<transfer::ServedReporter>> reporters_;  // Told to by what fetches.
    transfer::Catalogs catalogs_;  // Told of changes by all below, and stopped before them.
    transfer::SecondaryZones secondaries_;
    transfer::ZoneUpdates updates_;
    std::atomic<bool> ends_waits_ = false;
    transfer::DeskTallies tallies_;
    std::mutex late_counters_mutex_;  // Guards those of the threads that may wait.
    observe::Counters& late_counters_;
    transfer::ZoneSender sender_;  // These two have such threads, which use what is above.
    transfer::LateAnswers late_answers_;
};

}  // namespace nearcast::authority
