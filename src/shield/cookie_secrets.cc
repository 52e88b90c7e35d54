// SPDX-License-Identifier: Apache-2.0

#include "shield/cookie_secrets.h"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "dns/encoding.h"

namespace nearcast::shield {

// A reader that sees any word of the new set also sees that the version is odd, or later: each
// store releases what stands before it, each load acquires.
void CookieSecrets::publish(const CookieSecretSet& set) {
    assert(set.count <= kCookieSecretsMax);
    const uint64_t version = version_.load(std::memory_order_relaxed);
    assert(version % 2 == 0);
    version_.store(version + 1, std::memory_order_relaxed);
    for (size_t i = 0; i < words_.size(); ++i) {
        uint64_t word = 0;
        std::memcpy(&word, &set.secrets[i / kWordsEach][i % kWordsEach * sizeof word], sizeof word);
        words_[i].store(word, std::memory_order_release);
    }
    count_.store(set.count, std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
}

uint64_t CookieSecrets::read(CookieSecretSet& set, uint64_t version_of_set) const noexcept {
    const uint64_t before = version();
    if (before == version_of_set || before % 2 != 0) return version_of_set;
    CookieSecretSet copy;
    for (size_t i = 0; i < words_.size(); ++i) {
        const uint64_t word = words_[i].load(std::memory_order_acquire);
        std::memcpy(&copy.secrets[i / kWordsEach][i % kWordsEach * sizeof word], &word,
                    sizeof word);
    }
    copy.count = count_.load(std::memory_order_acquire);
    if (version_.load(std::memory_order_relaxed) != before) return version_of_set;
    set = copy;
    return before;
}

base::Result<CookieSecret> parse_cookie_secret(std::string_view text) {
    std::vector<uint8_t> bytes;
    dns::HexDecoder decoder;
    CookieSecret secret;
    if (decoder.feed(text, bytes) && decoder.finish() && bytes.size() == secret.size()) {
        std::ranges::copy(bytes, secret.begin());
        return secret;
    }
    return base::fail("a cookie secret is not 32 hex digits", "openssl rand -hex 16");
}

base::Result<CookieSecret> draw_cookie_secret() {
    CookieSecret secret;
    if (::getentropy(secret.data(), secret.size()) == 0) return secret;
    return base::fail_errno("draw a cookie secret", errno);
}

}  // namespace nearcast::shield
