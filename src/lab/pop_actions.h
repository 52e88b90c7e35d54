// SPDX-License-Identifier: Apache-2.0
//
// What one can do to a PoP of the lab: break it in the ways servers break, and heal it.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

enum class Action : uint8_t {
    Kill,         // SIGKILL to every nearcastd of the PoP at once.
    Freeze,       // SIGSTOP to the server process: it is there, and answers nothing.
    FreezeGuard,  // SIGSTOP to the guard process.
    Cut,          // The PoP's links go silent; no carrier changes.
    Unplug,       // The PoP's links lose their carrier, which its routers see at once.
    Drain,        // Traffic is asked to go elsewhere; the PoP answers on.
    Heal,         // Undoes all of these.
};

// Does it and says what was done: "2 processes were killed". `pop` is an index into the plan.
[[nodiscard]] base::Result<std::string> act(const Plan& plan, size_t pop, Action action);

// How long the effect of an action may take to begin.
[[nodiscard]] std::chrono::milliseconds latest_start(const Plan& plan, Action action);

[[nodiscard]] std::string_view to_text(Action action);

// One PoP as it is now.
struct PopState {
    size_t pop = 0;
    size_t processes = 0;  // Of nearcastd.
    bool is_frozen = false;
    bool is_cut = false;
    bool is_drained = false;
    // Neighbours that have its route for the service prefix, and that prefer it last (RFC 8326).
    size_t neighbors = 0;
    size_t announced_to = 0;
    size_t as_last_resort = 0;

    // "announced", "drained", "withdrawn", …: the one word for it.
    [[nodiscard]] std::string_view word() const;
};

[[nodiscard]] PopState inspect_pop(const Plan& plan, size_t pop);

// What the action is to bring about has come about: after Heal every neighbour has the route and
// likes it as any other; after Drain every neighbour that has it likes it last.
[[nodiscard]] bool is_complete(const PopState& state, Action action);

// How long to wait for that.
[[nodiscard]] std::chrono::milliseconds patience(Action action);

}  // namespace nearcast::lab
