// SPDX-License-Identifier: Apache-2.0
//
// The limits by which a node judges itself. Each default argues for itself; [guard] changes them.

#pragma once

#include <chrono>
#include <cstdint>

namespace nearcast::anycast {

struct GuardLimits {
    using Time = std::chrono::milliseconds;

    // Between two questions to each worker, transport and address. Bounds what a hang costs on top
    // of `hang_limit`; halved, the probes of a 64-core node would be 10,000 packets a second.
    Time probe_interval{50};

    // A worker whose pulse stands still while its questions stay unanswered for so long is hung.
    // It is the larger part of a failover. A scheduler or a page fault of a healthy, busy machine
    // holds a thread for tens of milliseconds, so at 100 ms a healthy node would flap; doubled,
    // users lose twice as much.
    Time hang_limit{400};

    // A guard that shows no life for so long is killed by the server, so that the kernel drops its
    // signals. Shorter than hang_limit: the guard does little, and beats with every round.
    Time guard_silence_limit{300};

    // How long a soft symptom (lost probes of a worker that moves, TCP that fails) must last before
    // traffic is asked to leave. One lost packet is no symptom; a minute of them is an outage.
    Time soft_limit{2'000};

    // How long every soft symptom must be gone before traffic is asked back. Shorter, an overload
    // at the edge of capacity swings between two places with the period of BGP itself.
    Time soft_recovery{10'000};

    // After a hard failure the node is announced as a last resort for so long, doubled with each
    // further failure up to the maximum. Peers that damp flapping routes forget in 10 to 20
    // minutes, so a longer maximum gains nothing.
    Time hold_up{10'000};
    Time hold_up_max{600'000};

    // A healthy time after which a failure counts as the first again. More than hold_up_max, or the
    // longest hold-up could never be reached.
    Time hold_up_reset{1'200'000};

    // Before the server is started again after it died, doubled with each death in a row up to the
    // maximum. It bounds the work of a crash loop; it is never given up, because the cause (a bad
    // zone, memory) may go away by itself.
    Time restart_delay{20};
    Time restart_delay_max{5'000};

    // A server that says it is ready but has a worker that neither answers nor moves for so long is
    // killed. It is not announced meanwhile, so the limit bounds repair, not an outage.
    Time start_limit{5'000};

    // After the withdrawal of an orderly stop the server answers on for so long: most of the
    // internet follows a withdrawal within 10 s, and packets under way are still answered.
    Time linger{10'000};

    // How long a drain watches for the traffic to leave before it reports that some stayed.
    Time drain_limit{120'000};

    // Less free space in the state directory is a soft symptom: a node that cannot write its zones
    // down comes back stale.
    uint64_t disk_free_min_mib = 64;
};

}  // namespace nearcast::anycast
