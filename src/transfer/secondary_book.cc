// SPDX-License-Identifier: Apache-2.0

#include "transfer/secondary_book.h"

#include <algorithm>
#include <utility>

namespace nearcast::transfer {

void SecondaryBook::put(std::shared_ptr<const SecondaryConfig> config) {
    const std::string key = dns::key_of(config->zone);
    const std::lock_guard lock(mutex_);
    zones_[key].config.swap(config);  // The old one is freed by the caller, after the lock.
}

void SecondaryBook::remove(const dns::Name& zone) {
    const std::string key = dns::key_of(zone);
    const std::lock_guard lock(mutex_);
    zones_.erase(key);
    heard_.erase(key);
}

void SecondaryBook::set_expiry(const dns::Name& zone, std::optional<base::Instant> expires_at) {
    const std::string key = dns::key_of(zone);
    const std::lock_guard lock(mutex_);
    const auto found = zones_.find(key);
    if (found != zones_.end()) found->second.expires_at = expires_at;
}

std::shared_ptr<const SecondaryConfig> SecondaryBook::find(const dns::Name& zone) const {
    const std::string key = dns::key_of(zone);
    const std::lock_guard lock(mutex_);
    const auto found = zones_.find(key);
    return found == zones_.end() ? nullptr : found->second.config;
}

std::optional<base::Instant> SecondaryBook::expires_at(const dns::Name& zone) const {
    const std::string key = dns::key_of(zone);
    const std::lock_guard lock(mutex_);
    const auto found = zones_.find(key);
    return found == zones_.end() ? std::nullopt : found->second.expires_at;
}

dns::Rcode SecondaryBook::hear(const Notice& notice) {
    const auto config = find(notice.zone);
    if (config == nullptr) return dns::Rcode::NotAuth;
    const auto& primaries = config->primaries;
    const auto sender = std::ranges::find(primaries, notice.peer, &base::SocketAddress::ip);
    const bool has_key = notice.key != nullptr && config->key && notice.key->name == *config->key;
    if (sender == primaries.end() && !has_key) return dns::Rcode::Refused;
    HeardChange change{.zone = notice.zone, .serial = notice.serial, .primary = {}};
    if (sender != primaries.end()) change.primary = *sender;
    std::string key = dns::key_of(notice.zone);
    {
        const std::lock_guard lock(mutex_);
        if (heard_.size() >= kHeardMax && !heard_.contains(key)) return dns::Rcode::ServFail;
        heard_.insert_or_assign(std::move(key), std::move(change));
    }
    woken_.notify_one();
    return dns::Rcode::NoError;
}

std::vector<HeardChange> SecondaryBook::take_heard(base::Instant until) {
    std::unique_lock lock(mutex_);
    const auto is_over = [this] { return is_woken_ || !heard_.empty(); };
    if (until == base::Instant::max()) {
        woken_.wait(lock, is_over);
    } else {
        woken_.wait_until(lock, until, is_over);
    }
    is_woken_ = false;
    const auto heard = std::exchange(heard_, {});
    lock.unlock();
    std::vector<HeardChange> changes;
    for (const auto& [key, change] : heard) changes.push_back(change);
    return changes;
}

void SecondaryBook::wake() {
    {
        const std::lock_guard lock(mutex_);
        is_woken_ = true;
    }
    woken_.notify_one();
}

}  // namespace nearcast::transfer
