// SPDX-License-Identifier: Apache-2.0

#include "zone/live_names.h"

#include <algorithm>

namespace nearcast::zone {

void LiveNames::add(const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(*names_, name) != names_->end()) return;
    auto next = std::make_shared<List>(*names_);
    next->push_back(name);
    names_ = std::move(next);
    generation_.fetch_add(1);
}

void LiveNames::remove(const dns::Name& name) {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(*names_, name) == names_->end()) return;
    auto next = std::make_shared<List>(*names_);
    std::erase(*next, name);
    names_ = std::move(next);
    generation_.fetch_add(1);
}

bool LiveNames::refresh(Seen& seen) const {
    if (seen.generation == generation_.load()) return false;
    const std::lock_guard lock(mutex_);
    seen = {names_, generation_.load()};
    return true;
}

bool LiveNames::has(const dns::Name& name) const {
    const std::lock_guard lock(mutex_);
    return std::ranges::find(*names_, name) != names_->end();
}

}  // namespace nearcast::zone
