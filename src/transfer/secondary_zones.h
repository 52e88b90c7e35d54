// SPDX-License-Identifier: Apache-2.0
//
// The zones that are fetched from primaries: kept fresh, kept on disk, given up when too old.
//
// A few threads take turns: the zone that is due first is asked for, at its primaries one after the
// other until one answers. What fails leaves the zone as it is. A zone without data, or with data
// past their EXPIRE, answers SERVFAIL, and no other zone does.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "dns/header.h"
#include "transfer/refresh_schedule.h"
#include "transfer/transfer_config.h"
#include "transfer/zone_copy.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

class SecondaryZones {
 public:
    // Called on one of the threads when a zone has new data.
    using OnChange = std::function<void(const dns::Name& zone)>;

    // Serves what is on disk at once, then begins to ask. All references outlive it.
    SecondaryZones(const TransferConfig& config, zone::ZoneTable& zones, OnChange on_change);
    SecondaryZones(const SecondaryZones&) = delete;
    SecondaryZones& operator=(const SecondaryZones&) = delete;
    // Ends what is under way.
    ~SecondaryZones();

    // Somebody says that the zone has changed (RFC 1996): what to tell him. From any thread.
    [[nodiscard]] dns::Rcode hear(const dns::Name& zone, const base::IpAddress& peer,
                                  const TsigKey* key);

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
    };

    // What came of asking one primary.
    enum class Outcome : uint8_t { Current, Changed, Failed };

    void load(Zone& zone);
    void run();
    [[nodiscard]] Zone* next_due(base::Instant now);
    [[nodiscard]] base::Instant next_wake(base::Instant now);
    void expire_old(base::Instant now);
    void refresh(Zone& zone);
    [[nodiscard]] Outcome ask(Zone& zone, const base::SocketAddress& primary);
    [[nodiscard]] base::Result<Outcome> ask_one(Zone& zone, const base::SocketAddress& primary);
    [[nodiscard]] base::Result<void> take(Zone& zone, zone::ImageBlock image);
    [[nodiscard]] double chance();

    const TransferConfig& config_;
    zone::ZoneTable& table_;
    OnChange on_change_;
    ZoneCopies copies_;

    std::atomic<bool> is_stopping_ = false;
    std::mutex mutex_;  // Guards what follows, but for what a busy zone's thread has.
    std::condition_variable wake_;
    std::vector<std::unique_ptr<Zone>> zones_;
    std::minstd_rand random_;
    std::vector<std::thread> threads_;
};

}  // namespace nearcast::transfer
