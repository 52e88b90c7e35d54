// SPDX-License-Identifier: Apache-2.0

#include "reloader.h"

#include <new>
#include <utility>

#include <sys/eventfd.h>

namespace nearcast::app {
namespace {

// A zone too large for this machine must not end the server: what is served goes on.
base::Result<LoadReport> refresh(ZoneDirectory& directory) {
    try {
        return directory.refresh();
    } catch (const std::bad_alloc&) {
        return base::fail("out of memory while zones were loaded", "a machine with more memory");
    }
}

}  // namespace

Reloader::Reloader(ZoneDirectory& directory)
    : directory_(directory),
      finished_event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {}

Reloader::~Reloader() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

uint64_t Reloader::request() {
    const std::lock_guard lock(mutex_);
    requested_ = started_ + 1;
    wake_.notify_one();
    return requested_;
}

std::optional<Reloader::Finished> Reloader::take() {
    const std::lock_guard lock(mutex_);
    eventfd_t ignored = 0;
    eventfd_read(finished_event_.get(), &ignored);
    return std::exchange(finished_, std::nullopt);
}

void Reloader::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return is_stopping_ || requested_ > started_; });
        if (is_stopping_) return;
        const uint64_t run = ++started_;
        lock.unlock();
        Finished finished{run, refresh(directory_)};
        lock.lock();
        finished_ = std::move(finished);
        eventfd_write(finished_event_.get(), 1);
    }
}

}  // namespace nearcast::app
