// SPDX-License-Identifier: Apache-2.0
//
// Asks one address from many cities at once, and notes which PoP answered each question, and when.
//
// A socket stays in the namespace it was made in, so one thread holds a socket in every city.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

// One question. Cities and PoPs are indices of routers in the plan.
struct Probe {
    size_t city = 0;
    base::Instant sent;
    std::optional<base::Instant> answered;
    std::optional<size_t> pop;  // Who answered, as its NSID says; none for a stranger.
    std::string server;         // The NSID as it came.

    [[nodiscard]] double rtt_ms() const {
        return std::chrono::duration<double, std::milli>(*answered - sent).count();
    }
};

class Prober {
 public:
    // `plan` must outlive it. Asks from all client cities, or from `cities` if any are named.
    [[nodiscard]] static base::Result<Prober> open(const Plan& plan, base::SocketAddress target,
                                                   std::vector<size_t> cities = {});

    [[nodiscard]] const std::vector<size_t>& cities() const { return cities_; }

    void ask_all();
    // Takes in answers until `until`, or until no question is open.
    void listen(base::Instant until, bool stops_when_all_answered);

    // All questions so far, in the order they were sent.
    [[nodiscard]] const std::vector<Probe>& probes() const { return probes_; }
    // Starts anew: later answers to earlier questions are ignored.
    void forget();

 private:
    struct City {
        base::Fd socket;
        uint16_t next_id = 0;
        std::vector<uint32_t> probe_of_id;  // kNone or an index into probes_, by message id.
    };
    static constexpr uint32_t kNone = UINT32_MAX;

    Prober(const Plan& plan, base::SocketAddress target) : plan_(&plan), target_(target) {}

    void ask(size_t slot);
    void take_answers(size_t slot);

    const Plan* plan_;
    base::NativeAddress target_;
    std::vector<size_t> cities_;
    std::vector<City> slots_;  // In the order of cities_.
    std::vector<Probe> probes_;
    size_t open_ = 0;  // Questions without an answer since the last forget().
};

// The PoP that an NSID ("sin1.sin") names; none when it is not one of the plan's.
[[nodiscard]] std::optional<size_t> pop_of_nsid(const Plan& plan, const std::string& nsid);

}  // namespace nearcast::lab
