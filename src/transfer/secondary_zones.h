// SPDX-License-Identifier: Apache-2.0
//
// The zones that are fetched from primaries: kept fresh, given up when too old.
//
// A few threads take turns: the zone that is due first is asked for, at its primaries one after the
// other until one answers. What came goes into the ledger, whole or not at all; what fails leaves
// the zone as it is. A zone without data, or with data past their EXPIRE, answers SERVFAIL, and no
// other zone does.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/header.h"
#include "transfer/primary_client.h"
#include "transfer/refresh_schedule.h"
#include "transfer/request_desk.h"
#include "transfer/tallies.h"
#include "transfer/transfer_config.h"
#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

class SecondaryZones {
 public:
    // Serves what the ledger has at once of the zones that are configured, then begins to ask. All
    // references outlive it.
    SecondaryZones(const TransferConfig& config, zone::ZoneTable& table, zone::ZoneLedger& ledger);
    SecondaryZones(const SecondaryZones&) = delete;
    SecondaryZones& operator=(const SecondaryZones&) = delete;
    // Ends what is under way.
    ~SecondaryZones();

    // One zone more, or another way to one that is there: its data stay. Served at once if the
    // ledger has it. From any thread, like all below.
    void add(const SecondaryConfig& config);
    // Serves the zone no longer and forgets it. What is under way for it comes to nothing.
    void remove(const dns::Name& zone);
    // The zone has this serial at its primary: fetched if that is later than ours.
    void hint(const dns::Name& zone, uint32_t serial);
    // How a zone is fetched; nothing when it is none of ours.
    [[nodiscard]] std::optional<SecondaryConfig> config_of(const dns::Name& zone);

    // Somebody says that the zone has changed (RFC 1996): what to tell him.
    [[nodiscard]] dns::Rcode hear(const Notice& notice);

    // Fetches the zone anew, as a whole and whatever its serial is: once. False when it is none of
    // ours.
    [[nodiscard]] bool retransfer(const dns::Name& zone);

    [[nodiscard]] const FetchTallies& tallies() const { return tallies_; }
    // The seconds until the zone is given up if no primary confirms it. Nothing when it is none of
    // ours, or has no data.
    [[nodiscard]] std::optional<uint32_t> expires_in(const dns::Name& zone);

 private:
    struct Zone {
        Zone(SecondaryConfig its_config, base::Instant now)
            : config(std::move(its_config)), schedule(now) {}

        SecondaryConfig config;
        RefreshSchedule schedule;
        uint32_t serial = 0;       // Of the data, when there are any.
        size_t preferred = 0;      // The primary that answered last.
        bool is_busy = false;      // On one of the threads: nobody else touches what is above.
        bool is_hastened = false;  // Heard of a change meanwhile.
        bool is_removed = false;   // The same, of its end.
        std::optional<SecondaryConfig> next_config;   // What came while it was busy.
        base::Instant due_at = base::Instant::max();  // Its place in due_; max: it has none.
        bool is_forced = false;                       // Somebody wants it whatever its serial is.
        std::optional<uint32_t> announced;            // The serial that a NOTIFY named.
        std::optional<size_t> announcer;              // The primary that sent one.
        std::optional<base::Instant> expires_at;
    };

    // How one refresh goes about.
    struct Errand {
        double luck = 0;
        bool is_forced = false;
        std::optional<uint32_t> announced;
        size_t first = 0;  // The primary that is asked first.
    };

    // What came of asking one primary.
    enum class Outcome : uint8_t { Current, Changes, Whole, Failed };

    void load(Zone& zone, double luck);
    void run();
    // With the mutex, up to errand_for().
    [[nodiscard]] Zone* find(const dns::Name& name);
    [[nodiscard]] Zone* next_due(base::Instant now);
    void wait(std::unique_lock<std::mutex>& lock);
    void hasten(Zone& zone);
    [[nodiscard]] bool is_known(const Zone& zone, uint32_t serial) const;
    void expire(Zone& zone);
    // Puts the zone where its time is among those that are due.
    void queue(Zone& zone);
    void unqueue(Zone& zone);
    void finish(Zone& zone);
    [[nodiscard]] Errand errand_for(Zone& zone);
    void refresh(Zone& zone, const Errand& errand);
    [[nodiscard]] Outcome ask(Zone& zone, const base::SocketAddress& primary, const Errand& errand);
    [[nodiscard]] base::Result<Outcome> ask_as_told(Zone& zone, PrimaryClient& client,
                                                    const Errand& errand);
    [[nodiscard]] base::Result<Outcome> ask_one(Zone& zone, PrimaryClient& client,
                                                const Errand& errand);
    [[nodiscard]] base::Result<Outcome> take(Zone& zone, PrimaryClient& client, Fetched fetched,
                                             const Errand& errand);
    [[nodiscard]] base::Result<void> confirm(Zone& zone, std::optional<uint32_t> expire,
                                             bool is_new, double luck);
    void count(const PrimaryClient& client, const base::Result<Outcome>& outcome);
    [[nodiscard]] double chance();

    const TransferConfig& config_;
    zone::ZoneTable& table_;
    zone::ZoneLedger& ledger_;

    FetchTallies tallies_;
    std::atomic<bool> is_stopping_ = false;
    std::mutex mutex_;  // Guards what follows, but for what a busy zone's thread has.
    std::condition_variable wake_;
    std::map<std::string, std::unique_ptr<Zone>> zones_;  // By dns::key_of() their names.
    std::set<std::pair<base::Instant, Zone*>> due_;       // Those that are not busy.
    std::minstd_rand random_;
    std::vector<std::thread> threads_;
};

}  // namespace nearcast::transfer
