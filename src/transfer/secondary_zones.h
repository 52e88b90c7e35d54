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
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/header.h"
#include "transfer/primary_client.h"
#include "transfer/refresh_schedule.h"
#include "transfer/request_desk.h"
#include "transfer/transfer_config.h"
#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

class SecondaryZones {
 public:
    // Serves what the ledger has at once, then begins to ask. All references outlive it.
    SecondaryZones(const TransferConfig& config, zone::ZoneTable& table, zone::ZoneLedger& ledger);
    SecondaryZones(const SecondaryZones&) = delete;
    SecondaryZones& operator=(const SecondaryZones&) = delete;
    // Ends what is under way.
    ~SecondaryZones();

    // Somebody says that the zone has changed (RFC 1996): what to tell him. From any thread.
    [[nodiscard]] dns::Rcode hear(const Notice& notice);

    // Fetches the zone anew, as a whole and whatever its serial is: once. False when it is none of
    // ours. From any thread.
    [[nodiscard]] bool retransfer(const dns::Name& zone);

    // The seconds until the zone is given up if no primary confirms it. Nothing when it is none of
    // ours, or has no data. From any thread.
    [[nodiscard]] std::optional<uint32_t> expires_in(const dns::Name& zone);

 private:
    struct Zone {
        explicit Zone(const SecondaryConfig& its_config, base::Instant now)
            : config(its_config), schedule(now) {}

        const SecondaryConfig& config;
        RefreshSchedule schedule;
        uint32_t serial = 0;       // Of the data, when there are any.
        size_t preferred = 0;      // The primary that answered last.
        bool is_busy = false;      // On one of the threads: nobody else touches what is above.
        bool is_hastened = false;  // Heard of a change meanwhile.
        bool is_forced = false;    // Somebody wants it whatever its serial is.
        std::optional<uint32_t> announced;  // The serial that a NOTIFY named.
        std::optional<size_t> announcer;    // The primary that sent one.
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

    void load(Zone& zone);
    void run();
    [[nodiscard]] Zone* find(const dns::Name& name);
    [[nodiscard]] Zone* next_due(base::Instant now);
    [[nodiscard]] base::Instant next_wake(base::Instant now);
    void hasten(Zone& zone);
    void expire_old(base::Instant now);
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
    [[nodiscard]] double chance();

    const TransferConfig& config_;
    zone::ZoneTable& table_;
    zone::ZoneLedger& ledger_;

    std::atomic<bool> is_stopping_ = false;
    std::mutex mutex_;  // Guards what follows, but for what a busy zone's thread has.
    std::condition_variable wake_;
    std::vector<std::unique_ptr<Zone>> zones_;
    std::minstd_rand random_;
    std::vector<std::thread> threads_;
};

}  // namespace nearcast::transfer
