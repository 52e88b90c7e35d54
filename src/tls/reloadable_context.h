// SPDX-License-Identifier: Apache-2.0
//
// The server's TLS context, which can be made anew from its files while it is in use.
//
// What cannot be used changes nothing, nor does a certificate whose time is over or has not begun,
// while the present one is good: it goes on. Connections keep the one they began with.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "base/result.h"
#include "tls/tls_context.h"

namespace nearcast::tls {

class ReloadableContext {
 public:
    explicit ReloadableContext(ServerSettings settings) : settings_(std::move(settings)) {}

    // Reads the files, and has new sessions use them from now on if that succeeds. Returns whether
    // anything in them has changed since the last success. `now` is the time since 1970. One thread
    // at a time.
    [[nodiscard]] base::Result<bool> refresh(std::chrono::seconds now);

    // Null before the first success. From any thread; the lock is held for a few instructions, and
    // taken once a connection, not once a query.
    [[nodiscard]] std::shared_ptr<const TlsContext> current() const;

    [[nodiscard]] const ServerSettings& settings() const { return settings_; }

 private:
    const ServerSettings settings_;
    std::array<uint8_t, 32> digest_{};  // Of the files: no second copy of a key is kept.
    mutable std::mutex mutex_;          // Guards what follows.
    std::shared_ptr<const TlsContext> current_;
};

}  // namespace nearcast::tls
