// SPDX-License-Identifier: Apache-2.0
//
// What one worker does with the cookies of its clients: judges those that come, gives new ones, and
// decides when nothing but a good one will do.
//
// Used by its worker alone; publishing other secrets meanwhile is fine.

#pragma once

#include <cstdint>
#include <span>

#include "shield/cookie_secrets.h"

namespace nearcast::shield {

// When a question over UDP whose cookie is not good gets no answer but BADCOOKIE with a good one.
enum class CookieDemand : uint8_t { Never, UnderAttack, Always };

enum class CookieState : uint8_t {
    None,        // The question has no COOKIE option.
    Malformed,   // Of a size that there is not: FORMERR.
    ClientOnly,  // It has no server cookie yet.
    Bad,         // A server cookie that is not ours, not this client's, or out of date.
    Good,        // The client has the address it asks from.
};
constexpr size_t kCookieStateCount = 5;

struct CookiePolicy {
    CookieDemand demand = CookieDemand::Never;
    // Questions a second, on one worker, that come over UDP without a good cookie: more is an
    // attack. A worker that is only busy answers several times as many, so at half its strength it
    // begins to spend what is left on clients that are who they say.
    uint32_t attack_rate = 50'000;
};

class CookieJar {
 public:
    // How long an attack is taken to last once the rate has been exceeded, in seconds. Shorter, and
    // a flood with pauses meets an open door each time.
    static constexpr uint32_t kAttackHold = 30;

    // `secrets` outlives the jar, and has been published to before.
    CookieJar(const CookieSecrets& secrets, const CookiePolicy& policy);

    // Takes in other secrets. Once a batch.
    void refresh() noexcept { version_ = secrets_.read(set_, version_); }

    // Judges the data of a COOKIE option from a client at `address` (4 or 16 bytes). Unless it is
    // malformed, `reply` is what the response bears.
    [[nodiscard]] CookieState take(std::span<const uint8_t> option,
                                   std::span<const uint8_t> address, uint32_t now,
                                   Cookie& reply) const noexcept;

    // Whether such a question over UDP is answered with BADCOOKIE. Counts it. Never for one without
    // an option: its client could do nothing about it (RFC 7873 §5.2.1).
    [[nodiscard]] bool demands_better(CookieState state, uint32_t now) noexcept;

 private:
    [[nodiscard]] bool is_under_attack(CookieState state, uint32_t now) noexcept;

    const CookieSecrets& secrets_;
    const CookiePolicy policy_;
    uint64_t version_ = 0;
    CookieSecretSet set_;
    uint32_t second_ = 0;       // The one being counted.
    uint32_t count_ = 0;        // Questions in it without a good cookie.
    uint32_t attack_left_ = 0;  // Seconds until the attack counts as over.
};

}  // namespace nearcast::shield
