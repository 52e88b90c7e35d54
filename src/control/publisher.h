// SPDX-License-Identifier: Apache-2.0
//
// Turns committed changes into the versions of zones that are served and transferred.
//
// What is served is derived: it follows from the database, and is made anew when it is lost. A
// thread takes changes in the order of their sequence, many at once; those of different zones are
// published side by side, so that they share the ledger's waits for the disk. What is served has a
// serial of its own, that never goes back.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "control/change_log.h"
#include "control/database.h"
#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::control {

class Publisher {
 public:
    // Of changes that are taken at once; doubled, a burst is served later and in fewer pieces.
    static constexpr size_t kBatchMax = 1000;
    // How often to look for what other controllers have written to the same database.
    static constexpr std::chrono::milliseconds kLookPause{250};
    // How long what was published may go unremembered: as much is made anew after a crash. It costs
    // a transaction.
    static constexpr std::chrono::seconds kRememberPause{1};
    // Zones that are published side by side. They wait for the disk together.
    static constexpr size_t kThreads = 8;
    // A zone that could not be published, for want of disk, is tried again.
    static constexpr std::chrono::seconds kRetryPause{5};

    struct Served {
        Database& database;
        ChangeLog& changes;
        zone::ZoneTable& table;
        zone::ZoneLedger& ledger;
    };

    // `controller` is the name under which this machine remembers what it has published. `others`
    // are zones that somebody else publishes in the same ledger: catalogs. All references outlive
    // it.
    Publisher(Served served, std::string controller, std::vector<dns::Name> others);
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;
    // Ends when the batch under way is done.
    ~Publisher() { stop(); }

    // Serves every zone of the database as it is now: what the ledger has kept if that is current,
    // or made anew. Then begins to follow.
    [[nodiscard]] base::Result<void> start();
    void stop();

    // There are changes up to this sequence. Any thread; costs little.
    void wake(uint64_t sequence);

    // The serial that is served of the zone; nothing when it is not served. Any thread.
    [[nodiscard]] std::optional<uint32_t> published_serial(int64_t zone_id) const;

 private:
    // What is served of one zone.
    struct State {
        int64_t zone_id = 0;
        dns::Name name = {};
        uint64_t sequence = 0;  // All changes up to it are in what is served, or in what should be.
        uint32_t serial = 0;
        bool is_served = false;
        bool is_behind = false;    // What is served is older: make it anew with the next change,
        bool needs_retry = false;  // or soon, as it may go well then.
    };
    // The changes of one zone, in order.
    struct Work {
        int64_t zone_id = 0;
        dns::Name name = {};
        std::vector<const Change*> changes = {};
    };

    void run();
    [[nodiscard]] bool wait();
    [[nodiscard]] base::Instant next_look() const;
    [[nodiscard]] base::Result<void> follow();
    void publish_all(const std::vector<Change>& changes);
    [[nodiscard]] base::Result<void> catch_up_at_start();
    [[nodiscard]] base::Result<void> read_publications();
    [[nodiscard]] base::Result<void> remember();
    void withdraw_unknown(const std::set<std::string>& known);

    void side_by_side(size_t count, const std::function<void(size_t)>& publish_one);
    void publish(const Work& work);
    void publish_one(State& state, const Change& change);
    // Publishes the zone as it is in the database now.
    void publish_whole(State& state);
    void end(State& state);
    void take_over(const Zone& zone);
    enum class Next : uint8_t { WaitForChange, Retry };
    void fail(State& state, const base::Error& error, Next next);
    [[nodiscard]] bool is_others(const dns::Name& name) const;
    [[nodiscard]] State& state_of(int64_t zone_id, const dns::Name& name);
    void retry();

    const Served served_;
    const std::string controller_;
    const std::vector<dns::Name> others_;
    // Of the thread alone.
    uint64_t position_ = 0;           // All changes up to it were taken.
    std::set<int64_t> unremembered_;  // Zones that were published since remember().
    base::Instant remember_at_ = base::Instant::max();

    mutable std::mutex mutex_;  // Guards what follows; a State is written by one thread at a time.
    std::condition_variable wake_;
    uint64_t wanted_ = 0;
    bool is_stopping_ = false;
    std::unordered_map<int64_t, State> states_;
    bool needs_retry_ = false;
    std::thread thread_;
};

}  // namespace nearcast::control
