// SPDX-License-Identifier: Apache-2.0

#include "transfer/late_answers.h"

#include <ctime>
#include <utility>

namespace nearcast::transfer {
namespace {

// What a datagram may carry without being cut in two on the way.
constexpr size_t kResponseSizeMax = 1232;

}  // namespace

LateAnswers::LateAnswers(std::function<std::unique_ptr<RequestDesk>()> make_desk, LateLimits limits)
    : make_desk_(std::move(make_desk)), limits_(limits) {
    for (size_t i = 0; i < limits_.threads; ++i) threads_.emplace_back([this] { run(); });
}

LateAnswers::~LateAnswers() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void LateAnswers::take(std::span<const uint8_t> message, const base::IpAddress& peer, Reply reply) {
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() >= limits_.waiting_max) return;
        waiting_.push_back({{message.begin(), message.end()}, peer, std::move(reply)});
    }
    wake_.notify_one();
}

void LateAnswers::run() {
    const std::unique_ptr<RequestDesk> desk = make_desk_();
    std::vector<uint8_t> room(kResponseSizeMax);
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return is_stopping_ || !waiting_.empty(); });
        if (is_stopping_) return;
        Waiting next = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        const auto outcome = desk->answer({.message = next.message,
                                           .room = room,
                                           .peer = next.peer,
                                           .now = static_cast<uint64_t>(::time(nullptr)),
                                           .is_counted = true});
        if (outcome.size > 0) next.reply(std::span(room).first(outcome.size));
        lock.lock();
    }
}

}  // namespace nearcast::transfer
