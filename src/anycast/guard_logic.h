// SPDX-License-Identifier: Apache-2.0
//
// Decides what this node signals to the routing daemon, and when its server must die or start.
//
// Hard and soft are kept apart. Hard (the server is gone, or a worker neither moves nor answers)
// lowers both signals and ends in a new server. Soft (everything else) lowers pref alone, and so
// never withdraws. A worker that gets no processor is not hung: a flood does that, everywhere at
// once. What happened is reported as it happens; tick() draws the conclusions.
//
// Pure: no clock, no thread, no I/O. Callers pass the time, which must not go backwards.
//
//             server_ready, every worker answered              hold-up over, no symptom, no drain
//   withdrawn ───────────────────────────────────► last resort ─────────────────────────► preferred
//   (nothing)  ◄─────────────────────────────────── (live)      ◄───────────────────────── (live,
//   pref)
//                   server gone, or a worker hung                  a symptom, a drain

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "anycast/guard_limits.h"
#include "base/clock.h"

namespace nearcast::anycast {

// What the two devices show. Invariant: pref only with live.
struct Signals {
    bool live = false;
    bool pref = false;
    bool operator==(const Signals&) const = default;
};

enum class Transport : uint8_t { Udp, Tcp };

// One way to ask one worker. `address` counts the service addresses.
struct Lane {
    uint32_t worker = 0;
    uint32_t address = 0;
    Transport transport = Transport::Udp;
};

enum class Symptom : uint8_t {
    ProbesLost,    // UDP questions go unanswered while the worker moves.
    TcpFails,      // TCP questions fail.
    WrongAnswers,  // The answers are not those of a healthy zone.
    DiskFull,
    ZoneStale,
    ZoneLoadFailed,
    SignaturesExpiring,  // Of some zone: validators will soon refuse what it says.
    WorkerUnreached,     // Answers come, but one worker was never the one who gave them.
    Count,
};

// What a guard hands to the guard after it.
struct GuardMemory {
    uint32_t failures = 0;      // Hard failures in a row.
    base::Instant failed_at{};  // The last of them.
};

class GuardLogic {
 public:
    enum class Order : uint8_t { None, Start, Kill };

    GuardLogic(const GuardLimits& limits, uint32_t address_count, const GuardMemory& memory);

    // The life of the server. A server that was started is silent until it is ready.
    void server_started(base::Instant now);
    void server_ready(base::Instant now, uint32_t worker_count);
    void server_gone(base::Instant now);
    // The guard before this one died: a hard failure of the node, whose server may live on.
    void guard_replaced(base::Instant now);

    // What the probes and the page show. A pulse is reported at every tick, moved or not.
    void asked(const Lane& lane);
    void answered(const Lane& lane);
    // A question whose worker is not known yet, asked to reach one that was never heard.
    void asked_in_search();
    void lost_in_search();
    void pulse(uint32_t worker, uint64_t value);
    void server_beat(int64_t value);
    // The worker has got no processor since the last tick: that time counts against nobody.
    void starved(uint32_t worker);

    void set_symptom(Symptom symptom, bool is_present);
    void set_drained(bool is_drained) { is_drained_ = is_drained; }
    // The node ends in good order: first pref is lowered, after a quarter of the linger live is.
    void stop(base::Instant now);

    // Draws the conclusions. `lateness` is how much later than planned the guard itself comes; a
    // period with more than a quarter of hang_limit of it does not count against the server.
    void tick(base::Instant now, base::Duration lateness);

    [[nodiscard]] Signals wanted() const { return wanted_; }
    // What to do about the server. Start is given once the delay is over; the caller answers with
    // server_started(), or server_gone() when it could not. After Kill it reports server_gone().
    [[nodiscard]] Order order() const { return order_; }

    [[nodiscard]] const GuardMemory& memory() const { return memory_; }
    [[nodiscard]] bool has_symptom(Symptom symptom) const;
    // When the hold-up after a failure ends; in the past when there is none.
    [[nodiscard]] base::Instant held_until() const { return held_until_; }
    [[nodiscard]] bool is_drained() const { return is_drained_; }
    // The worker whose hang was the last reason for Kill; none when it was another.
    [[nodiscard]] std::optional<uint32_t> hung_worker() const { return hung_worker_; }
    [[nodiscard]] bool was_reached(uint32_t worker) const;
    // Whether it has been silent for half of what makes it hung: time to look whether it starves.
    [[nodiscard]] bool is_suspect(uint32_t worker) const;

 private:
    enum class Server : uint8_t { Gone, Starting, Ready, Condemned };

    struct Tally {
        uint32_t asked = 0;
        uint32_t answered = 0;
        bool is_poor = false;  // In the last whole window, most questions were lost.
    };
    struct Worker {
        bool was_reached = false;  // By a UDP question since the server became ready.
        bool is_waiting = false;   // Asked since its last sign of life.
        bool is_starved = false;   // Since the last tick.
        uint64_t pulse = 0;
        base::Duration silence{};  // Counted time of waiting.
        std::vector<Tally> tallies;
    };

    void fail(base::Instant now);
    void condemn(base::Instant now, std::optional<uint32_t> worker);
    void roll_window(base::Instant now);
    void count_silence(base::Duration period);
    void judge_server(base::Instant now);
    void judge_workers(base::Instant now);
    void judge_signals(base::Instant now);
    [[nodiscard]] base::Duration hold_up() const;
    [[nodiscard]] Tally* tally_of(const Lane& lane);

    GuardLimits limits_;
    uint32_t address_count_;
    GuardMemory memory_;

    Server server_ = Server::Gone;
    base::Instant start_at_{};  // While Gone: when to start.
    uint32_t deaths_ = 0;       // Of servers in a row; bounds how often one is started.
    int64_t beat_ = 0;
    base::Duration beat_silence_{};  // While Starting.

    std::vector<Worker> workers_;            // Empty unless Ready.
    std::optional<base::Instant> whole_at_;  // While Ready: when every worker had answered.
    base::Duration search_time_{};           // Counted time of a search that lost no question.
    bool has_lost_search_ = false;
    std::optional<uint32_t> hung_worker_;

    std::array<bool, static_cast<size_t>(Symptom::Count)> symptoms_{};
    base::Instant window_end_{};
    base::Instant soft_until_{};
    base::Instant held_until_{};
    bool is_hold_up_due_ = false;  // A failure whose hold-up begins when the node is back.
    bool is_drained_ = false;
    std::optional<base::Instant> stop_at_;

    std::optional<base::Instant> last_tick_;
    Signals wanted_;
    Order order_ = Order::None;
};

}  // namespace nearcast::anycast
