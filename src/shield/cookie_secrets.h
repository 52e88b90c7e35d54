// SPDX-License-Identifier: Apache-2.0
//
// The secrets that cookies are made with, shared by all workers and replaced while they work.
//
// The first makes cookies; all are accepted. Servers behind one address have the same, and a new
// one is rolled in three steps (RFC 9018 §5): added at the end everywhere, moved to the front
// everywhere, and an hour later the old one taken away. No client ever meets a server that does not
// know its cookie.

#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "shield/cookie.h"

namespace nearcast::shield {

// A roll needs two, and one left over from a roll that was broken off is a third. Each costs a hash
// for every cookie that is wrong, so a flood of these gets that much dearer for us.
constexpr size_t kCookieSecretsMax = 4;

// A copy that one worker keeps.
struct CookieSecretSet {
    std::array<CookieSecret, kCookieSecretsMax> secrets{};
    size_t count = 0;

    auto operator<=>(const CookieSecretSet&) const = default;
};

class CookieSecrets {
 public:
    // Replaces all. One thread at a time, any thread.
    void publish(const CookieSecretSet& set);

    // Number of publications so far, times two; odd while one is under way.
    [[nodiscard]] uint64_t version() const { return version_.load(std::memory_order_acquire); }

    // Copies what is published into `set` unless that is being replaced just now; returns the
    // version it then is of. Never waits. Any thread.
    [[nodiscard]] uint64_t read(CookieSecretSet& set, uint64_t version_of_set) const noexcept;

 private:
    static constexpr size_t kWordsEach = sizeof(CookieSecret) / sizeof(uint64_t);

    std::atomic<uint64_t> version_ = 0;
    std::array<std::atomic<uint64_t>, kCookieSecretsMax * kWordsEach> words_{};
    std::atomic<size_t> count_ = 0;
};

// Secrets as files and settings have them: 32 hex digits each.
[[nodiscard]] base::Result<CookieSecret> parse_cookie_secret(std::string_view text);

// One that nobody can guess.
[[nodiscard]] base::Result<CookieSecret> draw_cookie_secret();

}  // namespace nearcast::shield
