// SPDX-License-Identifier: Apache-2.0
//
// What is known of the zones that are fetched, for threads that must not wait, and what those
// threads heard of them.
//
// The lock is held for a look-up and no longer: never while a disk, a primary or a zone's size
// takes its time. What was heard waits in a bounded queue for the one who may take that time.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "dns/header.h"
#include "transfer/request_desk.h"
#include "transfer/transfer_config.h"

namespace nearcast::transfer {

// A NOTIFY that somebody sent who may.
struct HeardChange {
    dns::Name zone;
    std::optional<uint32_t> serial;  // The one that it named.
    // The one that sent it, if it was one then: the zone may have others by the time this is read.
    std::optional<base::SocketAddress> primary;
    bool may_be_back = true;  // The serial may be one to which the zone went back.
};

class SecondaryBook {
 public:
    // Of so many zones at a time somebody may say that they changed: 300 bytes each. Of one zone
    // the last word counts, so this bounds zones and not messages. Beyond it the primary is told
    // SERVFAIL, and tells again.
    static constexpr size_t kHeardMax = 100'000;

    // The zone is fetched like this from now on.
    void put(std::shared_ptr<const SecondaryConfig> config);
    void remove(const dns::Name& zone);
    // When it is given up; nothing when it has no data.
    void set_expiry(const dns::Name& zone, std::optional<base::Instant> expires_at);

    // Null when it is none of ours.
    [[nodiscard]] std::shared_ptr<const SecondaryConfig> find(const dns::Name& zone) const;
    [[nodiscard]] std::optional<base::Instant> expires_at(const dns::Name& zone) const;

    // Checks who says so, keeps it for take_heard(), and says what to tell him.
    [[nodiscard]] dns::Rcode hear(const Notice& notice);

    // Waits until something was heard, somebody calls wake(), or it is `until`; returns what was
    // heard since. For one thread.
    [[nodiscard]] std::vector<HeardChange> take_heard(base::Instant until);
    void wake();

 private:
    struct Entry {
        std::shared_ptr<const SecondaryConfig> config;
        std::optional<base::Instant> expires_at;
    };

    mutable std::mutex mutex_;  // Guards what follows.
    std::condition_variable woken_;
    std::map<std::string, Entry> zones_;        // By dns::key_of() their names.
    std::map<std::string, HeardChange> heard_;  // The same.
    bool is_woken_ = false;
};

}  // namespace nearcast::transfer
