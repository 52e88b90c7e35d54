// SPDX-License-Identifier: Apache-2.0
//
// The one way in which a served zone changes: first to disk, then to readers.
//
// Whoever has a new version of a zone (a file was loaded, a primary sent it, an update came in)
// gives it here. The ledger keeps the history from version to version, so that others can be sent
// the difference alone (IXFR). Any thread; changes of one zone take turns, those of different zones
// do not.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "zone/image.h"
#include "zone/journal.h"
#include "zone/store.h"
#include "zone/zone_table.h"

namespace nearcast::zone {

struct LedgerLimits {
    // Of the history of one zone. A secondary that lags by more changes than this, or would get
    // more bytes, fetches the whole zone, which is then the smaller transfer.
    size_t journal_count_max = 4096;
    uint64_t journal_bytes_max = uint64_t{64} << 20;
    // Of the images of all zones, replaced ones that are still read among them. What does not fit
    // beside them is refused, be it a new zone or a new version of one. Zero: no bound.
    uint64_t memory_max = 0;
    StoreLimits store = {};
};

// What the ledger keeps of a zone, as it is now.
struct StoredZone {
    dns::Name apex;
    bool is_available = false;  // Answered with data.
    uint32_t serial = 0;        // Of what is served, or of what could be restored.
    ZoneOrigin origin;
    std::chrono::seconds confirmed_at{};  // When a primary last confirmed it, since 1970.
    uint64_t image_size = 0;
    size_t journal_count = 0;   // Changes in the history.
    uint32_t journal_from = 0;  // The serial from which it leads on, when there are any.
    uint64_t journal_bytes = 0;
    bool is_unsaved = false;           // The store does not have what is served.
    std::vector<std::string> damages;  // What was lost, and what came of it. Mostly none.
    // Of the last version that was served once and is lost. Others may have it: what is made here
    // next must be later than this, too.
    std::optional<uint32_t> lost_serial;
};

// How a whole new version stands to the one that was served.
enum class SerialStep : uint8_t {
    First,    // Nothing was served.
    Same,     // The very same records: nothing was published.
    Later,    // As it should be: there is a difference to send.
    Reused,   // Other records under the same serial: nobody who has it will ask again.
    Earlier,  // The serial went back: nobody who has the later one will take it.
    Refused,  // By the judge: nothing was published.
    Resumed,  // A start found what was made of it later, and not it itself: that was published.
};

// What a start takes.
enum class Losses : uint8_t {
    Allowed,  // The last good version.
    Refused,  // The last version, or nothing: there is another way that may lead to it.
};

class ZoneLedger {
 public:
    // `table` outlives the ledger. Nothing is served yet: see restore(). What is damaged is logged
    // here.
    [[nodiscard]] static base::Result<std::unique_ptr<ZoneLedger>> open(
        const std::string& directory, ZoneTable& table, LedgerLimits limits = {});
    // The same on any disk.
    [[nodiscard]] static base::Result<std::unique_ptr<ZoneLedger>> open(
        std::unique_ptr<StoreDisk> disk, ZoneTable& table, LedgerLimits limits);
    // Keeps nothing on disk, and history in memory alone. What clients send as updates is refused
    // for this reason, as nobody would have it after a restart.
    [[nodiscard]] static std::unique_ptr<ZoneLedger> open_in_memory(ZoneTable& table,
                                                                    LedgerLimits limits,
                                                                    const base::Error& reason);
    ZoneLedger(const ZoneLedger&) = delete;
    ZoneLedger& operator=(const ZoneLedger&) = delete;
    ~ZoneLedger();

    // All zones that are or were served, and those that are stored.
    [[nodiscard]] std::vector<StoredZone> states() const;
    [[nodiscard]] std::optional<StoredZone> state(const dns::Name& apex) const;

    // Serves what is stored. Fails, with nothing served and everything left as it was, when there
    // is none that is good, when losses are refused and something is lost, or when the memory for
    // zones is full.
    [[nodiscard]] base::Result<void> restore(const dns::Name& apex,
                                             Losses losses = Losses::Allowed);

    // Called with what is served now, of each zone once.
    using Restored = std::function<void(const dns::Name& apex, const ZoneOrigin& origin)>;
    // Whether a zone is to be restored, by what is known of it before it is read: then what to call
    // once it is served.
    using Claim = std::function<Restored(const dns::Name& apex, const ZoneOrigin& origin)>;
    // restore() of many, on several threads. The claim is asked on this one, for each zone that is
    // stored and that nobody has restored, replaced or withdrawn yet, in the order in which they
    // lie in the store. What it gave is called on any, for several zones at once. Neither may ask
    // the ledger for anything.
    void restore_all(const Claim& claim, Losses losses);

    // Whether a new version may take the place of this one.
    using Judge = std::function<bool(const StoredZone& now)>;
    // A whole new version, from a file or a primary. Where its serial is later than that of the
    // version served, the difference of the two goes into the history; otherwise that is cut. A
    // version from a file is on the disk only after sync(): until then the file is. The judge, if
    // there is one, is asked when no other change can come in between; it must ask the ledger for
    // nothing. Of a zone that is stored and was not restored yet, a file is taken for what it was
    // when it was stored, if it is the same: changes that lead on from it are applied. Fails, with
    // everything left as it was, when the memory for zones is full.
    [[nodiscard]] base::Result<SerialStep> replace(const dns::Name& apex, ImageBlock image,
                                                   const ZoneOrigin& origin,
                                                   const Judge& judge = {});
    // The next version, from the one whose serial is changes.from_serial(). Fails, with everything
    // left as it was, when that is not the served one, when the changes do not fit it, when the
    // memory for zones is full, or when they cannot be stored. (Those of a primary are then served
    // all the same: it still has them.)
    [[nodiscard]] base::Result<void> apply(const dns::Name& apex, const Changeset& changes);
    // A primary has confirmed the zone at this time since 1970. Not synced: when that is lost, the
    // zone is older than it need be after a restart.
    [[nodiscard]] base::Result<void> confirm(const dns::Name& apex, std::chrono::seconds unix_time);
    // Served no longer, and forgotten: on disk too, as soon as the disk takes that.
    [[nodiscard]] base::Result<void> withdraw(const dns::Name& apex);
    // SERVFAIL from now on: expired, or never loaded. What is stored stays.
    void make_unavailable(const dns::Name& apex);

    // Everything that was given so far is on the disk, but for what is_unsaved tells.
    [[nodiscard]] base::Result<void> sync();
    // Places in the store that are damaged, where nobody can say which zone was there.
    [[nodiscard]] std::vector<std::string> damages() const;
    // What the store takes on the disk, garbage included.
    [[nodiscard]] uint64_t store_bytes() const;
    // Why nothing can be stored at the moment; empty when it can.
    [[nodiscard]] std::string trouble() const;

    // Called when that begins and when it ends, on the thread that meets it. Set before there are
    // others.
    void on_trouble(ZoneStore::Told told);

    // The history from that serial to the one served, oldest first; empty when the two are the
    // same, nothing when it does not reach back so far, or when there was another version with that
    // serial, perhaps, since the zone went back from a later one.
    [[nodiscard]] std::optional<std::vector<Changeset>> changes_since(const dns::Name& apex,
                                                                      uint32_t serial) const;

    // A version that is served, and the number that it alone has: a serial may be used again.
    struct Numbered {
        PinnedVersion pinned;
        uint64_t number;
    };
    // Waits for the end of a change of the zone. Nothing when that has no data.
    [[nodiscard]] std::optional<Numbered> pin(const dns::Name& apex) const;
    // changes_since() the version with that number, and no other.
    [[nodiscard]] std::optional<std::vector<Changeset>> changes_after(const dns::Name& apex,
                                                                      uint64_t number) const;

    // Called after each published change, and when a zone was withdrawn, on the thread that did it.
    // Set before there are others.
    void on_change(std::function<void(const dns::Name&)> told);

 private:
    class Book;

    explicit ZoneLedger(std::unique_ptr<Book> book);

    std::unique_ptr<Book> book_;
};

// Tells the log of it: for on_trouble().
void log_store_trouble(const std::optional<base::Error>& trouble);

}  // namespace nearcast::zone
