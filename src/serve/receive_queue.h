// SPDX-License-Identifier: Apache-2.0
//
// How much may wait in a UDP socket: much to bridge a pause of its worker, little in a flood.
//
// A queue that never gets empty bridges nothing. All it does is that each answer comes so much
// later, and that what waits has left the caches when its turn comes, which was a tenth of the CPU
// time of a query. So the queue of a worker that is behind for longer than any pause explains is
// shortened, until the worker has caught up; unless the system would not let it become long again.

#pragma once

#include <cstddef>

namespace nearcast::serve {

class ReceiveQueue {
 public:
    // Makes the queue of a UDP socket long. The descriptor stays open as long as this is used.
    explicit ReceiveQueue(int socket);

    // After each turn of the worker at this socket: how many datagrams it took, and whether it left
    // none behind.
    void note_turn(size_t taken, bool is_emptied) noexcept;

    [[nodiscard]] bool is_short() const { return is_short_; }

 private:
    void shorten() noexcept;

    int socket_;
    size_t behind_ = 0;  // Datagrams taken since the queue was empty or it was tried to shorten it.
    size_t calm_ = 0;    // Turns in a row that left it empty.
    bool is_short_ = false;
};

}  // namespace nearcast::serve
