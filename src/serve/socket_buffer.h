// SPDX-License-Identifier: Apache-2.0
//
// How many bytes may wait in a socket.

#pragma once

#include <sys/socket.h>

namespace nearcast::serve {

// Root may pass the system's limit for buffers by `forced_option`; everyone else gets what the
// limit allows by `option`. The kernel counts twice what is asked for, so half of `size` is asked.
inline void set_buffer(int socket, int forced_option, int option, int size) {
    const int asked = size / 2;
    if (setsockopt(socket, SOL_SOCKET, forced_option, &asked, sizeof asked) == 0) return;
    setsockopt(socket, SOL_SOCKET, option, &asked, sizeof asked);
}

}  // namespace nearcast::serve
