// SPDX-License-Identifier: Apache-2.0
//
// How far the zones of a catalog are behind it: up to which of its versions all are served.
//
// A version names the serial that each zone should have; the zones come one by one, some of them
// not at all. Pure: no clock, no socket. Used by one thread at a time.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dns/name.h"
#include "transfer/served_report.h"

namespace nearcast::transfer {

class CatalogProgress {
 public:
    // Of one zone, versions that named a serial that it does not have yet. Of more the last counts
    // as the one before: the zone is then said to be late for longer than it is.
    static constexpr size_t kExpectedMax = 64;
    // Versions that some zone has not come up to. The same holds.
    static constexpr size_t kVersionsMax = 10'000;

    // All that is expected until finish() is of this version, which has a number of its own. True
    // when it is another one and its serial not later: nothing that was served until then counts as
    // one of these any more.
    bool begin(uint32_t serial, uint64_t number);
    // Where it may have gone back to that serial, a later one is no sign of it until a primary
    // confirms that.
    void expect(const dns::Name& zone, uint32_t serial, bool may_be_back = false);
    void finish();

    // The zone is served with this serial, and whether a primary has just said that this is it.
    void attain(const dns::Name& zone, uint32_t serial, bool is_confirmed = false);
    // It could not be fetched. It holds the others up no longer.
    void fail(const dns::Name& zone, std::string reason);
    // It is no member any more.
    void forget(const dns::Name& zone);

    // Every zone of the last version is served, or could not be fetched.
    [[nodiscard]] bool is_settled() const {
        return versions_.contains(version_) && on_their_way_.empty();
    }
    // Into `report`: the version, and the zones that are late for it. What was there stays when
    // there are too many, and until a version was come up to; but after a version that went back
    // nothing stays of before.
    void tell(ServedReport& report);

 private:
    struct Expected {
        uint64_t version = 0;
        uint32_t serial = 0;
        bool may_be_back = false;
    };
    struct Zone {
        dns::Name name;
        // Not empty, in the order of the versions. No deque: one takes half a KiB even of a single
        // item, and a new node expects every zone.
        std::vector<Expected> expected = {};
        std::string problem = {};  // Why it could not be fetched; empty: it is on its way.
    };
    using Zones = std::map<std::string, Zone>;  // By dns::key_of().

    void erase(Zones::iterator zone);
    void forget_versions();

    Zones zones_;                                              // Those that are late alone.
    std::set<std::pair<uint64_t, std::string>> on_their_way_;  // By the version they come up to.
    std::set<std::string> failed_;
    std::map<uint64_t, uint32_t> versions_;  // Finished ones, with their serials.
    uint64_t version_ = 0;
    uint32_t serial_ = 0;
    uint64_t number_ = 0;
    bool went_back_ = false;  // And nothing was told of what came after.
};

}  // namespace nearcast::transfer
