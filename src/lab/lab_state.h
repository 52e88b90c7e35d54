// SPDX-License-Identifier: Apache-2.0
//
// What a lab leaves on disk while it is up, and the lock that keeps two commands apart.
//
//   /run/nearcast/lab/topology.toml   the topology; the plan follows from it
//   /run/nearcast/lab/complete        there once everything was started
//   /run/nearcast/lab/relay.sock      orders to the link relay
//   /run/nearcast/lab/bird/           NAME.conf and NAME.ctl of each router
//   /run/nearcast/lab/pops/NAME/      node.toml of each PoP, its directories, its BIRD's part
//   /run/nearcast/lab/control/        control.toml, the controller's state, its port for the host
//   /run/nearcast/lab/nearcast/contexts.toml   by which `nearcast` finds the controller
//   /run/nearcast/lab/log/            NAME.log of everything
//   /run/nearcast/lab/events          what was done to the lab, a line each
//   /run/nearcast/lab.lock            held by whoever changes the lab

#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "lab/plan.h"

namespace nearcast::lab {

// The one name that is no router's: where the relay lives.
inline constexpr const char* kRelayNamespace = "nclab-relay";

namespace paths {
inline const std::string kRun = "/run/nearcast";
inline const std::string kRoot = kRun + "/lab";
inline const std::string kLock = kRun + "/lab.lock";
inline const std::string kTopology = kRoot + "/topology.toml";
inline const std::string kPlan = kRoot + "/plan.json";
inline const std::string kComplete = kRoot + "/complete";
inline const std::string kRelaySocket = kRoot + "/relay.sock";
inline const std::string kEvents = kRoot + "/events";
inline const std::string kControl = kRoot + "/control";
// Where client::contexts_path() finds it with $XDG_CONFIG_HOME set to kRoot.
inline const std::string kContexts = kRoot + "/nearcast/contexts.toml";
inline const std::string kZones = kRoot + "/zones";
inline std::string log(const std::string& name) { return kRoot + "/log/" + name + ".log"; }
inline std::string bird_config(const std::string& name) {
    return kRoot + "/bird/" + name + ".conf";
}
inline std::string bird_socket(const std::string& name) { return kRoot + "/bird/" + name + ".ctl"; }
inline std::string pop(const std::string& name) { return kRoot + "/pops/" + name; }
// What the product writes; the lab's own file of that BIRD includes it.
inline std::string pop_bird_config(const std::string& name) { return pop(name) + "/bird.conf"; }
inline std::string node_config(const std::string& name) { return pop(name) + "/node.toml"; }
}  // namespace paths

// Held until it is destroyed. Fails at once when another command has it.
[[nodiscard]] base::Result<base::Fd> lock_lab();
// By whoever holds it, last: nothing is left then.
void remove_lock();

// The plan of the lab that is up; an error that says how to bring one up when there is none, or
// how to clean up when it is only half there.
[[nodiscard]] base::Result<Plan> open_lab();

// Whether the lab's links are there: its relay answers. Fails with another way out when whoever
// asks may not speak to it.
[[nodiscard]] base::Result<void> reach_relay(const std::string& socket);

// Something of a lab is there, whole or not.
[[nodiscard]] bool has_remains();

// Adds a line to the events: "17:03:12 kill sin".
void note_event(const std::string& what);

}  // namespace nearcast::lab
