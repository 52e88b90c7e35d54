// SPDX-License-Identifier: Apache-2.0
//
// Passes updates that a secondary gets on to the primary, and its answer back (RFC 2136 §6).
//
// The message goes as it came, byte for byte, on a connection of its own: so its id can stay, and
// with it the requestor's signature, which is between it and the primary. Blocking.

#pragma once

#include <atomic>
#include <chrono>
#include <span>
#include <vector>

#include "base/result.h"
#include "transfer/transfer_config.h"

namespace nearcast::transfer {

struct ForwardLimits {
    std::chrono::milliseconds connect{3'000};
    // The primary syncs to its disk before it answers.
    std::chrono::milliseconds answer{5'000};
};

// The answer of the first primary that gives one. A primary that took the update and was not heard
// may have carried it out: then the next is not asked, since that could do it twice.
[[nodiscard]] base::Result<std::vector<uint8_t>> forward_update(
    std::span<const uint8_t> message, const SecondaryConfig& secondary,
    const std::atomic<bool>& is_stopping, const ForwardLimits& limits = {});

}  // namespace nearcast::transfer
