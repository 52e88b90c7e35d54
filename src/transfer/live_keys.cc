// SPDX-License-Identifier: Apache-2.0

#include "transfer/live_keys.h"

#include <utility>

namespace nearcast::transfer {

void LiveKeyring::replace(TsigKeyring keys) {
    auto next = std::make_shared<const TsigKeyring>(std::move(keys));
    const std::lock_guard lock(mutex_);
    keys_.swap(next);
    generation_.fetch_add(1);
}

void LiveKeyring::refresh(Seen& seen) const {
    if (seen.generation == generation_.load()) return;
    const std::lock_guard lock(mutex_);
    seen = {keys_, generation_.load()};
}

}  // namespace nearcast::transfer
