// SPDX-License-Identifier: Apache-2.0
//
// A worker for each core, that answers what its core receives.
//
// By itself the kernel spreads packets over the sockets of an address by a hash: most are received
// on one core and answered on another, and their memory goes to and fro between the two. Chosen by
// core, a packet and its answer stay where they came in.

#pragma once

#include <span>

#include <pthread.h>

#include "base/result.h"

namespace nearcast::serve {

// From now on the socket number i of this one's address, in the order in which they were bound,
// gets what comes in on cores[i]. What comes in on another core, what this machine asks itself, and
// what a socket that is not there would get, are spread by the hash. The socket shares its port
// (SO_REUSEPORT) and is bound, for TCP it listens.
[[nodiscard]] base::Result<void> choose_by_core(int socket, std::span<const unsigned> cores);

// All is spread by the hash again.
void choose_by_hash(int socket);

// The thread runs on this core alone; false when it may not.
[[nodiscard]] bool stay_on_core(pthread_t thread, unsigned core);

// On all that the process may use, those too that it may use later.
void run_on_any_core(pthread_t thread);

}  // namespace nearcast::serve
