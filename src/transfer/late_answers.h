// SPDX-License-Identifier: Apache-2.0
//
// Answers datagrams that a worker must not wait for: updates, and changes asked for over UDP.
//
// A few threads take them from a bounded queue. What comes when it is full is dropped, as if the
// network had lost it: who asks over UDP asks again.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/address.h"
#include "transfer/request_desk.h"

namespace nearcast::transfer {

struct LateLimits {
    // A dead primary holds a thread for some seconds while an update is forwarded to it.
    size_t threads = 4;
    // Of 2 KiB each at most. A client gives up after some ten seconds: more would wait in vain.
    size_t waiting_max = 256;
};

class LateAnswers {
 public:
    // Sends the response; called at most once.
    using Reply = std::move_only_function<void(std::span<const uint8_t> response)>;

    // `make_desk` is called on each thread: one that may wait.
    explicit LateAnswers(std::function<std::unique_ptr<RequestDesk>()> make_desk,
                         LateLimits limits = {});
    LateAnswers(const LateAnswers&) = delete;
    LateAnswers& operator=(const LateAnswers&) = delete;
    // Waits for what is under way; what still waits gets no answer.
    ~LateAnswers();

    // From any thread. Copies the message.
    void take(std::span<const uint8_t> message, const base::IpAddress& peer, Reply reply);

 private:
    struct Waiting {
        std::vector<uint8_t> message;
        base::IpAddress peer;
        Reply reply;
    };

    void run();

    std::function<std::unique_ptr<RequestDesk>()> make_desk_;
    LateLimits limits_;
    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    std::deque<Waiting> waiting_;
    bool is_stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace nearcast::transfer
