// SPDX-License-Identifier: Apache-2.0
//
// The zones that are fetched from primaries: kept as they came, in a store of their own, from which
// they are published.
//
// transfer::SecondaryZones fetches them. A thread of its own notes each version that came in the
// change log, as one change: there the publisher finds it. The records are in no table of the
// database, as a primary has them and a lost copy is fetched anew (docs/decisions). A copy bears
// the id of its zone, so that none is taken for that of another zone which had the name before.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "control/change_log.h"
#include "control/model.h"
#include "transfer/secondary_zones.h"
#include "transfer/transfer_config.h"
#include "zone/ledger.h"
#include "zone/zone_table.h"

namespace nearcast::control {

// "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:53"; 53 is the usual port.
[[nodiscard]] base::Result<base::SocketAddress> parse_master(std::string_view text);

class IncomingZones {
 public:
    // What could not be noted, as the database does not answer, is tried again.
    static constexpr std::chrono::seconds kRetryPause{2};
    // Versions of one zone that come faster than this are noted as one, the last: a primary that
    // never rests fills the history by 86,400 rows a day and no more.
    static constexpr std::chrono::seconds kNotePause{1};

    struct Parts {
        ChangeLog& changes;
        const transfer::TransferConfig& transfers;  // For its keys.
        std::string directory;
        zone::LedgerLimits limits = {};
        // A key that is not among those; may be empty.
        std::function<std::shared_ptr<const transfer::TsigKey>(const dns::Name&)> find_key = {};
    };

    // The references outlive it.
    [[nodiscard]] static base::Result<std::unique_ptr<IncomingZones>> open(Parts parts);
    IncomingZones(const IncomingZones&) = delete;
    IncomingZones& operator=(const IncomingZones&) = delete;
    ~IncomingZones() { stop(); }
    // Fetches nothing any more. Questions are answered on.
    void stop();

    // Who is told of what no change says. Set before there are zones.
    struct Listener {
        // The zone is to be published anew: it has expired, or is back; other records came under
        // the same serial. On any thread.
        std::function<void(int64_t zone_id)> renewed = {};
        // Its copy does not lead on from the one before. Told before another one can come.
        std::function<void(int64_t zone_id)> cut = {};
    };
    void listen(Listener listener) { listener_ = std::move(listener); }

    // All below from any thread.

    // Fetched from now on as its settings say; what is kept of it is there at once.
    void put(const Zone& zone);
    void remove(const dns::Name& zone);
    // Of what is kept, all that was not put is nobody's any more.
    void forget_others();
    // A version that may have been noted by another controller: it is fetched here as well.
    void heed(const Change& transfer);
    // Fetches the zone as a whole, whatever its serial is. One that was not put yet is fetched as
    // soon as it is.
    void retrieve(const dns::Name& zone) { (void)secondaries_->retransfer(zone); }

    // What came last; nothing when nothing did, or when it has expired.
    [[nodiscard]] std::optional<zone::PinnedVersion> pin(const dns::Name& zone, int64_t zone_id);
    // As zone::ZoneLedger has it.
    [[nodiscard]] std::optional<std::vector<zone::Changeset>> changes_since(const dns::Name& zone,
                                                                            uint32_t serial) const {
        return ledger_->changes_since(zone, serial);
    }

    struct Status {
        bool has_data = false;
        bool is_expired = false;                         // It had some.
        uint32_t serial = 0;                             // Of what it has.
        std::chrono::seconds checked_at{};               // When a primary last answered; or 0.
        std::optional<uint32_t> expires_in = {};         // Seconds.
        std::optional<base::SocketAddress> source = {};  // The primary that answered last.
        std::string problem = {};  // Why the last try came to nothing; mostly empty.
    };
    // Of one that was not put yet, as if nothing had come.
    [[nodiscard]] Status status(const dns::Name& zone, int64_t zone_id);

    // Whether there is a TSIG key of this name.
    [[nodiscard]] bool knows_key(const std::string& name) const;

    // For who hears of changes, and asks how long a zone has left.
    [[nodiscard]] transfer::SecondaryZones& secondaries() { return *secondaries_; }

 private:
    struct Entry {
        int64_t zone_id = 0;
        dns::Name name = {};
        std::string account = {};
        uint32_t noted_serial = 0;
        bool has_data = false;
        uint32_t copy_serial = 0;  // Of the last that came.
        bool is_renewed = false;   // Since it was noted.
        base::Instant note_at{};   // Not before then.
        std::chrono::seconds checked_at{};
        std::string problem = {};
    };

    explicit IncomingZones(Parts parts) : parts_(std::move(parts)) {}

    void note_change(const dns::Name& zone);
    void note_outcome(const dns::Name& zone, const std::string& problem);
    [[nodiscard]] base::Result<uint64_t> room_for(const dns::Name& zone);
    // What is kept of this zone; nothing when what has its name is another one's.
    [[nodiscard]] std::optional<zone::StoredZone> kept(const dns::Name& zone,
                                                       int64_t zone_id) const;
    void run();
    [[nodiscard]] std::vector<std::string> take_due(base::Instant now, base::Instant& next);
    void note(const std::string& key);
    [[nodiscard]] FetchedVersion describe(const Entry& entry, const zone::Version& version);
    void note_refusal(const std::string& key, const Entry& tried, const ChangeError& error);

    const Parts parts_;
    zone::ZoneTable table_;
    std::unique_ptr<zone::ZoneLedger> ledger_;
    Listener listener_;

    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    std::map<std::string, Entry> entries_;  // By dns::key_of() their names.
    std::set<std::string> to_note_;
    bool is_stopping_ = false;

    std::unique_ptr<transfer::SecondaryZones> secondaries_;  // Its threads use what is above.
    std::thread thread_;
};

}  // namespace nearcast::control
