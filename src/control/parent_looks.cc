// SPDX-License-Identifier: Apache-2.0

#include "control/parent_looks.h"

namespace nearcast::control {

ParentLooks::ParentLooks(ParentWatch& watch, Told told) : watch_(watch), told_(std::move(told)) {
    for (size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { run(); });
}

ParentLooks::~ParentLooks() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

void ParentLooks::ask(int64_t zone_id, const dns::Name& zone, base::Instant at) {
    {
        const std::lock_guard lock(mutex_);
        const auto [place, is_new] = ahead_.emplace(zone_id, Ahead{zone, at});
        if (!is_new && place->second.at <= at) return;
        order_.erase({place->second.at, zone_id});
        place->second.at = at;
        order_.emplace(at, zone_id);
    }
    wake_.notify_one();
}

void ParentLooks::forget(int64_t zone_id) {
    const std::lock_guard lock(mutex_);
    const auto place = ahead_.find(zone_id);
    if (place == ahead_.end()) return;
    order_.erase({place->second.at, zone_id});
    ahead_.erase(place);
}

void ParentLooks::run() {
    std::unique_lock lock(mutex_);
    while (!is_stopping_) {
        if (order_.empty()) {
            wake_.wait(lock);
            continue;
        }
        const auto [at, zone_id] = *order_.begin();
        if (at > base::now()) {
            wake_.wait_until(lock, at);
            continue;
        }
        const dns::Name zone = ahead_.at(zone_id).zone;
        order_.erase(order_.begin());
        ahead_.erase(zone_id);
        lock.unlock();
        told_(zone_id, watch_.look(zone));
        lock.lock();
    }
}

}  // namespace nearcast::control
