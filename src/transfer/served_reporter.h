// SPDX-License-Identifier: Apache-2.0
//
// Tells the primary of a catalog what we serve of it, as soon as that changes and now and then.
//
// Told is what is so: a version counts as served when every zone in it is, and zones that cannot be
// fetched are named. A thread of its own sends, over the connection on which zones come.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "transfer/catalog_progress.h"
#include "transfer/secondary_zones.h"
#include "transfer/served_report.h"
#include "transfer/transfer_config.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

class ServedReporter {
 public:
    // Without news: so the primary knows that we are there.
    static constexpr std::chrono::seconds kBeat{30};
    // Between two reports, so that a burst of zones is one. Doubled, a receipt is later by as much.
    static constexpr std::chrono::milliseconds kPause{2};
    // After one that did not arrive.
    static constexpr std::chrono::seconds kRetryPause{1};

    // `config` is that of a catalog which wants reports. All of them outlive it.
    ServedReporter(const FollowedCatalog& config, const TsigKeyring& keys, zone::ZoneTable& table,
                   SecondaryZones& secondaries);
    ServedReporter(const ServedReporter&) = delete;
    ServedReporter& operator=(const ServedReporter&) = delete;
    ~ServedReporter() { stop(); }
    // Begins to tell.
    void start();
    // Nothing is told any more, and `secondaries` not used; note() may be called on.
    void stop();

    [[nodiscard]] const dns::Name& catalog() const { return config_.catalog.zone; }

    // What the catalog says, in one version: by one thread.
    void begin(uint32_t serial, uint64_t number);
    void expect(const dns::Name& zone, uint32_t serial, bool may_be_back);
    void forget(const dns::Name& zone);
    void finish();

    // What is so once every zone of a version was fetched, or tried; nothing when that takes
    // longer. Without a serial there are too many that could not be fetched.
    [[nodiscard]] std::optional<ServedReport> wait_until_served(base::Instant deadline);

    // What came of fetching a zone. Any thread; costs little.
    void note(const dns::Name& zone, const std::string& problem);

 private:
    void run();
    void look_at(const dns::Name& zone, const std::string& problem, bool is_confirmed);
    // What is so now, once there is a reason to tell it. Nothing when it is time to end.
    [[nodiscard]] std::optional<ServedReport> wait_for_news();
    [[nodiscard]] base::Result<void> tell(const ServedReport& report);
    [[nodiscard]] std::optional<uint32_t> served_serial(const dns::Name& zone) const;

    const FollowedCatalog& config_;
    const TsigKeyring& keys_;
    zone::ZoneTable& table_;
    SecondaryZones& secondaries_;
    std::atomic<bool> is_stopping_ = false;

    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    CatalogProgress progress_;
    bool has_news_ = false;
    bool is_told_void_ = false;  // The catalog went back: what was told is not what it meant.
    // Of the thread alone.
    ServedReport report_;
    std::optional<ServedReport> told_;
    base::Instant next_at_ = base::Instant::max();  // Without news.
    std::thread thread_;                            // Last: it uses all the others.
};

}  // namespace nearcast::transfer
