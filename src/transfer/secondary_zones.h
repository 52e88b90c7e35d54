// SPDX-License-Identifier: Apache-2.0
//
// The zones that are fetched from primaries: kept fresh, given up when too old.
//
// The zone that is due first is asked for, at its primaries one after the other until one answers:
// many at a time, though of one primary no more than it takes well, and of one owner, where there
// are several, no more than a few (FetchQueue). What came goes into the ledger, whole or not at
// all; what fails leaves the zone as it is. A zone without data, or with data past their EXPIRE,
// answers SERVFAIL, and no other zone does. That it expires is seen to by a thread of its own,
// which asks nobody: so no primary holds that up. Questions about the zones are answered from a
// book, and wait for nothing.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "dns/header.h"
#include "transfer/fetch_queue.h"
#include "transfer/fetch_threads.h"
#include "transfer/primary_client.h"
#include "transfer/refresh_schedule.h"
#include "transfer/request_desk.h"
#include "transfer/secondary_book.h"
#include "transfer/tallies.h"
#include "transfer/transfer_config.h"
#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

// How the zones of one program are looked after.
struct SecondaryHabits {
    bool may_get_more = false;  // Zones are added later, though none is configured.
    std::string retransfer_command = "nearcast node retransfer";  // For those who read the log.
    // Keys that are not in the configuration; may be empty. Called by the threads that fetch.
    std::function<std::shared_ptr<const TsigKey>(const dns::Name&)> find_key = {};
    // How many records a zone may have; empty: as many as ReceiveLimits has. Called by the threads
    // that fetch, before each transfer.
    std::function<base::Result<uint64_t>(const dns::Name&)> room = {};
};

class SecondaryZones {
 public:
    // Serves what the ledger has at once of the zones that are configured, then begins to ask. All
    // references outlive it.
    SecondaryZones(const TransferConfig& config, zone::ZoneTable& table, zone::ZoneLedger& ledger,
                   SecondaryHabits habits = {});
    SecondaryZones(const SecondaryZones&) = delete;
    SecondaryZones& operator=(const SecondaryZones&) = delete;
    ~SecondaryZones() { stop(); }
    // Ends what is under way. Nothing is fetched or given up any more; questions are answered on.
    void stop();

    // One zone more, or another way to one that is there: its data stay. Served at once if the
    // ledger has it. From any thread, like all below.
    void add(const SecondaryConfig& config);
    // Whether it could not be added because a file served it.
    [[nodiscard]] bool is_kept_by_file(const dns::Name& zone);
    // Adds those of them whose files are gone.
    void add_those_left_by_files();
    // Serves the zone no longer and forgets it. What is under way for it comes to nothing.
    void remove(const dns::Name& zone);
    // The zone has this serial at its primary: fetched if that is later than ours; and if it may be
    // one to which the zone went back, its controller is asked.
    void hint(const dns::Name& zone, uint32_t serial, bool may_be_back = false);

    // How a zone is fetched; null when it is none of ours. This, hear() and expires_in() are for
    // threads that must not wait: they wait for nothing that takes its time.
    [[nodiscard]] std::shared_ptr<const SecondaryConfig> config_of(const dns::Name& zone) const {
        return book_.find(zone);
    }
    // Somebody says that the zone has changed (RFC 1996): what to tell him. The rest comes later,
    // on another thread.
    [[nodiscard]] dns::Rcode hear(const Notice& notice) { return book_.hear(notice); }
    // The seconds until the zone is given up if no primary confirms it. Nothing when it is none of
    // ours, or has no data.
    [[nodiscard]] std::optional<uint32_t> expires_in(const dns::Name& zone) const;
    // Fetches the zone anew, as a whole and whatever its serial is: once. False when it is none of
    // ours.
    [[nodiscard]] bool retransfer(const dns::Name& zone);

    // What came of asking for a zone: empty, or why nobody could be asked; and that it is given up.
    // What is served may have changed. Called on the threads that fetch and keep the time, which
    // wait for it. May be set once, before there is anything to fetch that somebody wants to know
    // of.
    void on_outcome(std::function<void(const dns::Name& zone, const std::string& problem)> told);
    // The primary that the zone came from, or will be asked for it first. Nobody for other zones.
    [[nodiscard]] base::SocketAddress source_of(const dns::Name& zone);
    // The connections to primaries, for others who speak to them.
    [[nodiscard]] SharedLinks& links() { return links_; }

    [[nodiscard]] const FetchTallies& tallies() const { return tallies_; }

 private:
    using Config = std::shared_ptr<const SecondaryConfig>;
    using Lock = std::unique_lock<std::mutex>;

    struct Zone : FetchQueue::Entry {
        Zone(Config its_config, base::Instant now)
            : config(std::move(its_config)), schedule(now), source(config->primaries.front()) {}

        Config config;
        RefreshSchedule schedule;
        uint32_t serial = 0;                 // Of the data, when there are any.
        size_t preferred = 0;                // The primary that answered last.
        std::optional<size_t> confirmed_by;  // The primary whose version it is, since the start.
        base::Instant whole_until{};         // It knows no IXFR, or did not before.
        bool is_busy = false;        // On one of the threads: nobody else touches what is above.
        bool is_publishing = false;  // That thread is writing what came: too late to give it up.
        bool is_expiring = false;    // It is being given up: too early to publish.
        bool is_expired = false;     // It was given up while busy; the schedule does not know.
        bool is_hastened = false;    // Heard of a change meanwhile.
        bool is_removed = false;     // The same, of its end.
        Config next_config;          // What came while it was busy, or null.
        bool is_forced = false;      // Somebody wants it whatever its serial is.
        std::optional<uint32_t> announced;        // The serial that a NOTIFY named.
        std::optional<size_t> announcer;          // The primary that sent one.
        std::optional<base::Instant> expires_at;  // Its place in expiring_.
        base::SocketAddress source;               // The primary that answered last.
    };

    // How one refresh goes about.
    struct Errand {
        double luck = 0;
        bool is_forced = false;
        std::optional<uint32_t> announced;
        size_t first = 0;  // The primary that is asked first.
    };

    // What came of asking one primary.
    enum class Outcome : uint8_t { Current, Changes, Whole };

    struct Asked {
        base::Result<Outcome> outcome;
        FetchQueue::Verdict verdict;
    };

    // What came of asking them all.
    struct Refreshed {
        std::string problem;  // Why no primary could be asked; empty when one could.
        FetchQueue::Verdict verdict = FetchQueue::Verdict::Unclear;  // Of the first.
    };

    // What the threads do: fetch, and keep the time. False when nothing is due.
    [[nodiscard]] bool fetch_next(Lock& lock);
    void keep_time();
    void take_in(const HeardChange& change);
    void expire_due(base::Instant now);
    void forget(const dns::Name& zone);
    void load(Zone& zone, double luck);
    // How a serial that was told stands to ours.
    enum class Told : uint8_t { News, Same, Earlier };
    [[nodiscard]] Told look_at(const SecondaryConfig& config, uint32_t serial) const;
    // For the log; "nothing" when it has no data.
    [[nodiscard]] std::string served_serial(const dns::Name& zone) const;
    // With the mutex, up to errand_for(); those that take the lock let go of it meanwhile.
    [[nodiscard]] Zone* find(const dns::Name& name);
    void hasten(Zone& zone);
    void expire(Lock& lock, Zone& zone);
    void set_expiry(Zone& zone, std::optional<base::Instant> expires_at);
    // Puts the zone where its time is among those that wait for it.
    void queue(Zone& zone);
    [[nodiscard]] static bool has_what_was_announced(const Zone& zone);
    // Whether a serial before ours is one that the zone's controller went back to, and no other one
    // of several that is merely behind it.
    [[nodiscard]] static bool goes_back(const Zone& zone, const HeardChange& change);
    // The end of what a thread did with the zone. It may be gone afterwards.
    void finish(Lock& lock, Zone& zone);
    // False when the zone is gone.
    [[nodiscard]] bool settle(Lock& lock, Zone& zone);
    // Whether what it has is of another zone than the one that it is to become.
    [[nodiscard]] static bool is_of_another(const Zone& zone) {
        return zone.next_config && zone.next_config->zone_id != zone.config->zone_id;
    }
    [[nodiscard]] Errand errand_for(Zone& zone);
    // While one lives the zone does not expire; it may have before, which its schedule knows then.
    class Publishing;
    [[nodiscard]] Refreshed refresh(Zone& zone, const Errand& errand);
    [[nodiscard]] Asked ask(Zone& zone, const base::SocketAddress& primary, const Errand& errand);
    [[nodiscard]] Asked ask_with_key(Zone& zone, const base::SocketAddress& primary,
                                     const Errand& errand);
    [[nodiscard]] base::Result<Outcome> ask_one(Zone& zone, PrimaryClient& client,
                                                const Errand& errand);
    // The primary has a serial that may be any.
    [[nodiscard]] base::Result<Outcome> follow(Zone& zone, PrimaryClient& client,
                                               const ToldSerial& told, const Errand& errand);
    // The same of the primary that is asked.
    [[nodiscard]] static bool may_go_back(const Zone& zone);
    [[nodiscard]] std::unexpected<base::Error> is_older(const Zone& zone, uint32_t theirs) const;
    // All of it, or what changed since the version that is there.
    [[nodiscard]] base::Result<Fetched> fetch_from(PrimaryClient& client, const Zone& zone,
                                                   bool wants_changes);
    [[nodiscard]] base::Result<Outcome> take(Zone& zone, PrimaryClient& client,
                                             base::Result<Fetched> fetched, const Errand& errand);
    [[nodiscard]] base::Result<void> check_size(const Zone& zone, const zone::Changeset& changes,
                                                const ReceiveLimits& limits);
    [[nodiscard]] base::Result<Outcome> replace(Zone& zone, Fetched fetched, const Errand& errand);
    [[nodiscard]] base::Result<void> confirm(Zone& zone, std::optional<uint32_t> expire,
                                             bool is_new, double luck);
    static void tell_of_step_back(const Zone& zone, uint32_t theirs);
    void count(const PrimaryClient& client, const base::Result<Outcome>& outcome);
    [[nodiscard]] double chance();

    const TransferConfig& config_;
    zone::ZoneTable& table_;
    zone::ZoneLedger& ledger_;
    const SecondaryHabits habits_;

    FetchTallies tallies_;
    SecondaryBook book_;
    ReceiveBudget budget_{ReceiveBudget::half_of_memory()};

    std::atomic<bool> is_stopping_ = false;
    SharedLinks links_{is_stopping_};
    std::mutex mutex_;  // Guards what follows, but for what a busy zone's thread has.
    std::condition_variable settled_;                     // A zone is no longer expiring.
    std::map<std::string, std::unique_ptr<Zone>> zones_;  // By dns::key_of() their names.
    std::map<std::string, Config> served_by_files_;       // By the same; none of zones_.
    FetchQueue queue_;                                    // Those that are not busy wait in it.
    std::set<std::pair<base::Instant, Zone*>> expiring_;  // Those that have data.
    std::minstd_rand random_;
    std::function<void(const dns::Name&, const std::string&)> told_;
    FetchThreads fetchers_{mutex_,
                           {.do_next = [this](Lock& lock) { return fetch_next(lock); },
                            .next_at = [this] { return queue_.next_at(); }}};
    std::thread time_keeper_;
};

}  // namespace nearcast::transfer
