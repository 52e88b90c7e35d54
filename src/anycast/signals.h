// SPDX-License-Identifier: Apache-2.0
//
// The signals to the routing daemon: TUN devices that have carrier while this process holds them.
//
// The devices are persistent, carry no traffic and belong to the node's user, so that raising one
// needs no privilege. A signal is dropped by closing its descriptor and in no other way: the kernel
// then takes the carrier itself, for a process that dies as for one that chooses to, within
// milliseconds. (TUNSETCARRIER would queue behind the kernel's pacing of link events: up to 0.7 s.)

#pragma once

#include <string>

#include <sys/types.h>

#include "anycast/guard_logic.h"
#include "base/fd.h"
#include "base/result.h"

namespace nearcast::anycast {

class TunSignal {
 public:
    // `driver` is the path of the TUN driver, "/dev/net/tun".
    TunSignal(std::string driver, std::string device)
        : driver_(std::move(driver)), device_(std::move(device)) {}

    // Attaches to the device, which then has carrier. Fails when it does not exist, belongs to
    // another user, or another process holds it.
    [[nodiscard]] base::Result<void> raise();
    void drop() { fd_.reset(); }

    [[nodiscard]] bool is_up() const { return static_cast<bool>(fd_); }
    [[nodiscard]] const std::string& device() const { return device_; }

 private:
    std::string driver_;
    std::string device_;
    base::Fd fd_;
};

// Both signals, moved in the order that never shows pref without live for longer than the step
// itself takes: up is pref, then live; down is live, then pref.
class SignalPair {
 public:
    SignalPair(TunSignal live, TunSignal pref) : live_(std::move(live)), pref_(std::move(pref)) {}

    // On failure what could be raised is raised, and nothing is up that was not wanted.
    [[nodiscard]] base::Result<void> show(const Signals& wanted);

    [[nodiscard]] Signals shown() const { return {.live = live_.is_up(), .pref = pref_.is_up()}; }

 private:
    TunSignal live_;
    TunSignal pref_;
};

// Creates the device for `owner`, or makes one that is there fit: owner, persistence, link up, no
// IPv6 address of its own. Needs CAP_NET_ADMIN. Refuses a device of that name that is no TUN.
[[nodiscard]] base::Result<void> prepare_device(const std::string& driver,
                                                const std::string& device, uid_t owner);

// Whether this process could raise the signal, told before it is needed.
[[nodiscard]] base::Result<void> check_device(const std::string& driver, const std::string& device);

}  // namespace nearcast::anycast
