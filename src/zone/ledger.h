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
#include "zone/file_stamp.h"
#include "zone/image.h"
#include "zone/zone_table.h"

namespace nearcast::zone {

class Changeset;

// Where a zone comes from.
struct ZoneOrigin {
    enum class Kind : uint8_t {
        Unknown = 0,  // What was stored about it is lost.
        File = 1,
        Primary = 2,
    };

    Kind kind = Kind::Unknown;
    std::vector<FileStamp> files = {};  // Kind::File: all that were read, the zone's own first.
    bool is_updated = false;            // Kind::File: changes have been applied to it since.
};

struct LedgerLimits {
    // Of the history of one zone. A secondary that lags by more changes than this, or would get
    // more bytes, fetches the whole zone, which is then the smaller transfer.
    size_t journal_count_max = 4096;
    size_t journal_bytes_max = size_t{64} << 20;
};

// A zone that was found in the store at start.
struct StoredZone {
    dns::Name apex;
    uint32_t serial = 0;  // Of the last good version.
    ZoneOrigin origin;
    std::chrono::seconds confirmed_at{};  // When a primary last confirmed it, since 1970.
    std::vector<std::string> damages;     // What is lost, and what happens now. Mostly none.
};

class ZoneLedger {
 public:
    // `directory` empty: nothing is kept on disk, and history in memory alone. `table` outlives the
    // ledger. Nothing is served yet: see restore().
    [[nodiscard]] static base::Result<std::unique_ptr<ZoneLedger>> open(
        const std::string& directory, ZoneTable& table, LedgerLimits limits = {});
    ZoneLedger(const ZoneLedger&) = delete;
    ZoneLedger& operator=(const ZoneLedger&) = delete;
    ~ZoneLedger();

    // What was found at start. Does not change afterwards.
    [[nodiscard]] std::vector<StoredZone> stored() const;
    // Serves the last good version that was found at start. Fails when there is none.
    [[nodiscard]] base::Result<void> restore(const dns::Name& apex);

    // A whole new version, from a file or a primary. Where its serial is later than that of the
    // version served, the difference of the two goes into the history; otherwise that is cut.
    [[nodiscard]] base::Result<void> replace(const dns::Name& apex, ImageBlock image,
                                             const ZoneOrigin& origin);
    // The next version, from the one whose serial is changes.from_serial(). Fails, with everything
    // left as it was, when that is not the served one, when the changes do not fit it, or when they
    // cannot be stored.
    [[nodiscard]] base::Result<void> apply(const dns::Name& apex, const Changeset& changes);
    // A primary has confirmed the zone at this time since 1970.
    [[nodiscard]] base::Result<void> confirm(const dns::Name& apex, std::chrono::seconds unix_time);
    // Served no longer, and forgotten.
    [[nodiscard]] base::Result<void> withdraw(const dns::Name& apex);
    // SERVFAIL from now on: expired, or never loaded. What is stored stays.
    void make_unavailable(const dns::Name& apex);

    // The history from that serial to the one served, oldest first; empty when the two are the
    // same, nothing when it does not reach back so far.
    [[nodiscard]] std::optional<std::vector<Changeset>> changes_since(const dns::Name& apex,
                                                                      uint32_t serial) const;

    // Called after each published change, on the thread that made it. Set before there are others.
    void on_change(std::function<void(const dns::Name&)> told);

 private:
    class Book;

    explicit ZoneLedger(std::unique_ptr<Book> book);

    std::unique_ptr<Book> book_;
};

}  // namespace nearcast::zone
