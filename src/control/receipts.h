// SPDX-License-Identifier: Apache-2.0
//
// Which change each node served, and when: from what nodes tell of the catalog that they serve.
//
// The controller knows up to which change each version of its catalog reaches, so one step of a
// node is one row, however many changes it covers. A zone that a node cannot fetch is a gap in what
// it serves. Times are those of the controller, when it heard. Any thread; what nodes tell is taken
// without a wait, and written by a thread of its own.

#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "control/change_error.h"
#include "control/database.h"
#include "control/model.h"
#include "control/network.h"
#include "transfer/served_report.h"

namespace nearcast::control {

class Receipts {
 public:
    // Versions of the catalog: a node that is further behind is credited with nothing before it
    // has come up to one of these. Some minutes of changes without a pause.
    static constexpr size_t kVersionsMax = 10'000;
    // Changes whose delay is measured; one that is older when a node serves it is not.
    static constexpr size_t kCommitsMax = 50'000;
    // Of each node, at hand without the database.
    static constexpr size_t kStepsMax = 1'000;
    // Delays that p50 and p99 are of.
    static constexpr size_t kDelaysMax = 10'000;
    // Of requests that wait; each holds a thread of the API, which has twice as many.
    static constexpr size_t kWaitersMax = 64;
    // How long what was heard may be unwritten; as much is unknown after a crash.
    static constexpr std::chrono::milliseconds kWritePause{500};
    // Steps and gaps that wait for the database; beyond it they are not kept.
    static constexpr size_t kUnwrittenMax = 100'000;
    static constexpr std::chrono::seconds kRetryPause{5};
    static constexpr std::chrono::days kKept{30};
    // Nodes tell something every 30 s.
    static constexpr std::chrono::seconds kSilentAfter{90};

    // `now` tells the time of day. The others outlive it.
    Receipts(Database& database, Network& network, std::function<Timestamp()> now);
    Receipts(const Receipts&) = delete;
    Receipts& operator=(const Receipts&) = delete;
    // Writes what is unwritten.
    ~Receipts();

    // These changes were published.
    void note_changes(std::span<const Change> changes);
    // Called on a thread of its own when nodes have told something. Set before they do.
    void on_news(std::function<void()> told) { on_news_ = std::move(told); }
    // This version of the catalog bears all changes up to that one, and so many versions of zones.
    void note_version(uint32_t serial, uint64_t sequence, uint64_t notes);
    // Changes of the zone behind `after` are committed and not published, for this reason.
    void hold(const dns::Name& zone, uint64_t after, const std::string& reason);
    // Those up to `until` are published now, with the last of so many versions of zones.
    void release(const dns::Name& zone, uint64_t until, uint64_t notes);
    // What a node serves.
    void hear(const Node& node, const transfer::ServedReport& report);

    struct State {
        Timestamp heard_at{};
        std::optional<uint32_t> serial = {};  // Of the catalog.
        uint64_t sequence = 0;  // Everything up to it is served, but for zones_behind.
        Timestamp served_at{};  // Since when.
        // The age of the oldest change that is not served; zero when all are.
        Timestamp lag{};
        std::vector<transfer::ServedReport::Late> zones_behind = {};

        [[nodiscard]] bool is_silent(Timestamp now) const { return now - heard_at > kSilentAfter; }
    };
    // Nothing of a node that nobody has heard of here.
    [[nodiscard]] std::optional<State> state(int64_t node_id) const;

    struct Served {
        std::optional<Timestamp> at = {};  // None: not yet, or before anybody kept a record.
        std::string reason = {};           // Why not, if the node has told.
    };
    // When the node first served that change of that zone.
    [[nodiscard]] Outcome<Served> served(int64_t node_id, uint64_t sequence, const dns::Name& zone);

    // So many versions of zones every node serves, but for zones that it is late with. Nothing
    // where there is no node, or one that never told us anything.
    [[nodiscard]] std::optional<uint64_t> notes_everywhere() const;
    // Whether some node has told that it is late with that zone.
    [[nodiscard]] bool is_late(const dns::Name& zone) const;

    // Returns when `is_done` says so, which is asked whenever a node has told something or
    // changes were published, or at the deadline, or once waits have ended. Unavailable when too
    // many wait already.
    [[nodiscard]] Outcome<bool> wait(base::Instant deadline,
                                     const std::function<Outcome<bool>()>& is_done);

    // The program stops: nobody waits any more.
    void end_waits();

    // Seconds from the commit of a change until a node served it.
    struct Delays {
        static constexpr std::array<double, 13> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25,
                                                        0.5,   1,    2.5,   5,    10,  60};
        std::array<uint64_t, kBounds.size() + 1> counts{};  // The last: beyond all bounds.
        double sum = 0;
        double p50 = 0;  // Of the last kDelaysMax.
        double p99 = 0;
    };
    [[nodiscard]] Delays delays() const;

 private:
    struct Version {
        uint32_t serial = 0;
        uint64_t sequence = 0;
        uint64_t notes = 0;
    };
    struct Commit {
        uint64_t sequence = 0;
        Timestamp at{};
        std::string zone;  // dns::key_of()
    };
    struct Step {
        uint64_t sequence = 0;
        Timestamp at{};
    };
    struct Late {
        dns::Name zone;
        std::string reason;
        uint64_t after = 0;  // Changes up to this one are served.
    };
    struct Gap {
        int64_t node_id = 0;
        std::string zone;  // row_name()
        uint64_t after = 0;
        uint64_t until = 0;
        Timestamp ended_at{};  // 0: it goes on.
    };
    struct Heard {
        State state;
        std::deque<Step> steps;
        std::map<std::string, Late> late;  // By dns::key_of().
        std::deque<Gap> ended;             // Since the first of the steps.
    };
    // A zone whose changes no node can serve, or not all nodes do since they were published.
    struct Held {
        dns::Name zone;
        std::string reason = {};
        uint64_t after = 0;
        uint64_t until = 0;
        std::optional<uint64_t> notes = {};  // None: not published.
        std::set<int64_t> nodes = {};        // That serve them.
    };
    struct Row {
        int64_t node_id = 0;
        Step step;
    };
    // With the mutex, all of these.
    [[nodiscard]] const Version* version_of(uint32_t serial) const;
    void put(const Gap& gap);
    void credit(int64_t node_id, Heard& heard, Timestamp now);
    void credit_held(int64_t node_id, Heard& heard, Timestamp now);
    [[nodiscard]] const Held* held(int64_t node_id, uint64_t sequence,
                                   const std::string& key) const;
    void measure(const Heard& heard, uint64_t up_to, Timestamp now);
    void take_late(int64_t node_id, Heard& heard, const transfer::ServedReport& report);
    void end_late(int64_t node_id, Heard& heard, const transfer::ServedReport& report,
                  Timestamp now);
    [[nodiscard]] Timestamp lag_of(const Heard& heard) const;

    [[nodiscard]] Outcome<std::optional<Timestamp>> look_up(int64_t node_id, uint64_t sequence);
    [[nodiscard]] Outcome<std::optional<Timestamp>> end_of_gap(int64_t node_id, uint64_t sequence,
                                                               const dns::Name& zone);

    void run();
    [[nodiscard]] bool write_all();
    [[nodiscard]] base::Result<void> write_rows();

    Database& database_;
    Network& network_;
    const std::function<Timestamp()> now_;
    std::function<void()> on_news_;

    mutable std::mutex mutex_;  // Guards what follows.
    std::condition_variable told_;
    std::condition_variable wake_;
    std::deque<Version> versions_;
    std::deque<Commit> commits_;
    std::map<int64_t, Heard> heard_;
    std::map<std::string, Held> held_;  // By dns::key_of().
    std::vector<Row> rows_;             // Unwritten, like the gaps.
    std::vector<Gap> gaps_;
    std::deque<double> last_delays_;
    Delays delays_;
    size_t waiters_ = 0;
    bool are_waits_over_ = false;
    bool has_news_ = false;  // Since on_news_ was called.
    bool is_stopping_ = false;
    Timestamp pruned_at_{};  // Of the thread alone.
    std::thread thread_;     // Last: it uses all the others.
};

}  // namespace nearcast::control
