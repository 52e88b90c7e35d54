// SPDX-License-Identifier: Apache-2.0

#include "side_thread.h"

#include <utility>

#include <sys/eventfd.h>

namespace nearcast::app {

SideThread::SideThread()
    : done_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), thread_([this] { work(); }) {}

SideThread::~SideThread() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

bool SideThread::run(Job job) {
    {
        const std::lock_guard lock(mutex_);
        if (jobs_.size() >= kJobsMax) return false;
        jobs_.push_back(std::move(job));
    }
    wake_.notify_one();
    return true;
}

void SideThread::finish() {
    eventfd_t ignored = 0;
    eventfd_read(done_event_.get(), &ignored);
    std::deque<Ending> endings;
    {
        const std::lock_guard lock(mutex_);
        endings.swap(endings_);
    }
    for (Ending& ending : endings) ending();
}

void SideThread::work() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return is_stopping_ || !jobs_.empty(); });
        if (is_stopping_) return;
        Job job = std::move(jobs_.front());
        jobs_.pop_front();
        lock.unlock();
        Ending ending = job();
        lock.lock();
        endings_.push_back(std::move(ending));
        eventfd_write(done_event_.get(), 1);
    }
}

}  // namespace nearcast::app
