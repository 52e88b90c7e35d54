// SPDX-License-Identifier: Apache-2.0
//
// Zones of kind Consumer: catalogs of others (RFC 9432), whose members are zones here.
//
// The catalog itself is fetched like any zone of kind Slave. Each version of it makes what it lists
// zones of kind Slave with the same primaries, and ends those that it made and lists no more; both
// are changes of the actor "catalog". What has a name that it lists and is not its own stays as it
// is. The controller that leads does it, on a thread of its own.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "control/change_log.h"
#include "control/database.h"
#include "control/incoming_zones.h"
#include "transfer/catalog.h"
#include "zone/live_names.h"

namespace nearcast::control {

// What is to be done for one zone.
struct MemberStep {
    enum class Kind : uint8_t {
        Make,    // There is none of its name, as far as is known.
        Adjust,  // Its primaries, account or groups are otherwise than the catalog has them.
        Remake,  // Its label has changed: its data are somebody else's, perhaps (§5.4).
        End,     // It is listed no more.
    };

    Kind kind = Kind::Make;
    dns::Name zone = {};
    ZoneSettings settings = {};  // That it is to have; not of End.

    bool operator==(const MemberStep&) const = default;
};

// What makes `ours`, the zones that have this catalog, those that it lists. Pure.
[[nodiscard]] std::vector<MemberStep> plan_members(
    const Zone& consumer, const std::vector<transfer::CatalogMember>& listed,
    const std::vector<Zone>& ours);

class ConsumerZones {
 public:
    // What failed for want of a database, or as an account has changed too much, is tried again.
    static constexpr std::chrono::seconds kRetryPause{5};

    // All of it outlives it.
    struct Parts {
        ChangeLog& changes;
        Database& database;
        IncomingZones& incoming;
        const zone::LiveNames& catalogs;  // Those that are Consumers, among others.
        std::function<bool()> leads = {};
        // Whether the name is one that no zone can have.
        std::function<bool(const dns::Name&)> is_others = {};
    };

    // Begins to follow.
    explicit ConsumerZones(Parts parts);
    ConsumerZones(const ConsumerZones&) = delete;
    ConsumerZones& operator=(const ConsumerZones&) = delete;
    ~ConsumerZones() { stop(); }
    void stop();

    // These changes are published. Any thread; costs little.
    void note(const std::vector<Change>& changes);
    // Another one has led so far. Any thread.
    void take_lead();

 private:
    void run();
    // False when something is to be tried again.
    [[nodiscard]] bool follow(const dns::Name& catalog);
    [[nodiscard]] bool carry_out(const Zone& consumer, const MemberStep& step);

    const Parts parts_;
    std::map<std::string, uint64_t> followed_;  // By name, the last change. Of the thread alone.

    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    bool is_wanted_ = true;
    bool is_new_lead_ = false;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace nearcast::control
