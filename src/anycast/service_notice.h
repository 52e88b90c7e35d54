// SPDX-License-Identifier: Apache-2.0
//
// Tells the service manager how the node fares (the protocol of sd_notify(3)), without ever
// waiting.
//
// Written here because libsystemd's own function waits when the manager does not read, and the
// caller is the guard's loop. Does nothing where NOTIFY_SOCKET is not set.

#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"

namespace nearcast::anycast {

class ServiceNotice {
 public:
    // Reads NOTIFY_SOCKET and WATCHDOG_USEC from the environment.
    ServiceNotice();

    // Assignments, one a line: "READY=1\nMAINPID=17".
    void tell(std::string_view assignments) const;

    // Call in every round: feeds the watchdog three times in each of its periods.
    void keep_alive(base::Instant now);

 private:
    base::Fd socket_;
    std::string path_;
    base::Duration interval_{};  // Zero: no watchdog.
    base::Instant next_{};
};

}  // namespace nearcast::anycast
