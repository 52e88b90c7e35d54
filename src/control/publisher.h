// SPDX-License-Identifier: Apache-2.0
//
// Turns committed changes into the versions of zones that are served and transferred.
//
// What is served is derived: it follows from the database, and is made anew when it is lost. A
// thread takes changes in the order of their sequence, many at once; those of different zones are
// published side by side, so that they share the ledger's waits for the disk. What is served has a
// serial of its own, that never goes back.
//
// Zones that are fetched from primaries are published from their copies: as they are, with the
// serial they have there, or signed here.
//
// Zones with DNSSEC are published signed. A change of records is signed where it is published;
// whatever takes longer (a zone signed for the first time, keys that change, signatures that are
// renewed) is done by a second thread, so that no other zone waits for it.

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
#include <span>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "control/bootstrap_signals.h"
#include "control/catalog_serial.h"
#include "control/change_log.h"
#include "control/database.h"
#include "control/database_keys.h"
#include "control/incoming_zones.h"
#include "control/parent_looks.h"
#include "control/zone_signing.h"
#include "zone/ledger.h"
#include "zone/live_names.h"
#include "zone/zone_table.h"

namespace nearcast::control {

class Publisher {
 public:
    // Of changes that are taken at once; doubled, a burst is served later and in fewer pieces.
    static constexpr size_t kBatchMax = 1000;
    // How often to look for what other controllers have written to the same database.
    static constexpr std::chrono::milliseconds kLookPause{250};
    // How long what was published may go unremembered: as much is made anew after a crash. It costs
    // a transaction.
    static constexpr std::chrono::seconds kRememberPause{1};
    // Zones that are published side by side. They wait for the disk together.
    static constexpr size_t kThreads = 8;
    // A zone that could not be published, for want of disk, is tried again.
    static constexpr std::chrono::seconds kRetryPause{5};

    struct Served {
        Database& database;
        ChangeLog& changes;
        zone::ZoneTable& table;
        zone::ZoneLedger& ledger;
        IncomingZones* incoming = nullptr;  // Null: no zone is fetched.
        // Gets the names of catalogs; may be null.
        zone::LiveNames* catalogs = nullptr;
    };

    struct Signing {
        DatabaseKeys& keys;
        ZoneSigning::Parts zones;
        ParentWatch* parent = nullptr;  // None: nobody looks at parents.
        // Between looks at a parent that is to change; at others it is looked kSeldom times less.
        std::chrono::seconds parent_pause{3600};
    };
    static constexpr int kSeldom = 24;
    // Zones that are tended at once. What they need of processors, their signing takes anyway.
    static constexpr size_t kTendedMax = 64;

    // Until a zone has what others signal below its names: so that those that come together, as at
    // a start, are one version.
    static constexpr std::chrono::seconds kSignalPause{2};

    // Between looks at the machine's clock, and by how much it is set, not drifting.
    static constexpr std::chrono::seconds kClockPause{60};
    static constexpr std::chrono::seconds kClockStep{60};

    // `controller` is the name under which this machine remembers what it has published. `others`
    // are zones that somebody else publishes in the same ledger: catalogs. Without `signing` no
    // zone is signed. All references outlive it.
    Publisher(Served served, std::string controller, std::vector<dns::Name> others,
              std::optional<Signing> signing = {});
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;
    // Ends when the batch under way is done.
    ~Publisher() { stop(); }

    // Serves every zone of the database as it is now: what the ledger has kept if that is current,
    // or made anew. Then begins to follow.
    [[nodiscard]] base::Result<void> start();
    void stop();

    struct Followed {
        const std::vector<Change>& changes;
        uint64_t position = 0;
        // Of catalogs that bear all of it, where several controllers may make them.
        std::optional<uint32_t> catalog_serial = {};
    };
    // Called on the thread when these changes are published, and all up to `position` with them; at
    // start without any. Set before start().
    void on_follow(std::function<void(const Followed&)> told) { told_ = std::move(told); }
    // Has on_follow() told of a later catalog_serial soon, though there may be no change. Any
    // thread; costs little.
    void ask_catalog_serial();

    // Of changes to a zone that are committed and not published.
    struct Delay {
        dns::Name zone;
        uint64_t after = 0;  // What is served has all changes up to it.
        uint64_t until = 0;  // The last of those that wait; when it is over, of those that did.
        std::string reason = {};
        bool is_over = false;
    };
    // Called for each zone before on_follow() is told of such changes, and when they are published.
    // On any thread, with a lock held: it must not call back. Set before start().
    void on_delay(std::function<void(const Delay&)> told) { told_of_delay_ = std::move(told); }

    // Who knows which servers have which versions: then keys move on as soon as all have them.
    struct Servers {
        // How many versions the ledger was given, of all zones.
        std::function<uint64_t()> versions;
        // How many of them all servers have, but for zones that one of them lacks. Nothing when
        // that is not known.
        std::function<std::optional<uint64_t>()> everywhere;
        // Whether one lacks this zone, or may have it and tells nothing.
        std::function<bool(const dns::Name& zone)> is_doubtful;
    };
    // Set before start().
    void ask_servers(Servers servers) { servers_ = std::move(servers); }
    // Some servers may have more than they had. Any thread.
    void look_at_servers();

    // There are changes up to this sequence. Any thread; costs little.
    void wake(uint64_t sequence);

    // The serial that is served of the zone; nothing when it is not served. Any thread.
    [[nodiscard]] std::optional<uint32_t> published_serial(int64_t zone_id) const;

    // The same with the last change that it has.
    struct ServedZone {
        uint32_t serial = 0;
        uint64_t sequence = 0;
    };
    [[nodiscard]] std::optional<ServedZone> served_zone(int64_t zone_id) const;

    // Why what is served of the zone is not what was committed; empty when it is, or will be soon.
    // Any thread.
    [[nodiscard]] std::string trouble(int64_t zone_id) const;
    // Whether the zone cannot be served with this change, and waits for the next. Any thread.
    [[nodiscard]] bool is_stuck(int64_t zone_id, uint64_t sequence) const;

    // What was fetched of the zone is to be published anew, though no change says so. Any thread.
    void renew(int64_t zone_id);
    // The copy of the zone does not lead on from the one before it, so that what is served is not
    // changed by what came since, but made anew. Any thread.
    void note_cut(int64_t zone_id);

    // Whether somebody else publishes what has this name, so that no zone can. Any thread.
    [[nodiscard]] bool is_others(const dns::Name& name) const;

    // --- Signing: publisher_signing.cc. Any thread ---

    // How the zone is signed; nothing when it is not, and not on its way to or from it.
    [[nodiscard]] std::optional<SigningStatus> signing_status(int64_t zone_id) const;
    // Why no keys can be made for a zone with these settings; nothing when they can, as far as is
    // known now.
    [[nodiscard]] std::optional<base::Error> key_refusal(const ZoneSettings& settings) const;
    // Waits until what was committed up to this sequence is published. False when that takes longer
    // than the limit.
    [[nodiscard]] bool wait_for(int64_t zone_id, uint64_t sequence,
                                std::chrono::milliseconds limit);
    // Has another key take the place of those of this role, and waits until it is made. False when
    // the zone is not signed, or when it takes longer than the limit: it goes on then.
    [[nodiscard]] bool replace_key(int64_t zone_id, signing::KeyRole role,
                                   std::chrono::milliseconds limit);
    // The same as wait_for(), of what changes how the zone is signed: its next step is taken here,
    // whichever controller leads.
    [[nodiscard]] bool wait_for_step(int64_t zone_id, uint64_t sequence,
                                     std::chrono::milliseconds limit);
    // Has the zone looked at soon, and its parent.
    void tend_soon(int64_t zone_id);
    // It is this controller now that moves keys on.
    void take_lead();

 private:
    static constexpr zone::ZoneOrigin::Kind kOrigin = zone::ZoneOrigin::Kind::Derived;

    // How what is served of a zone that is fetched came of its copy.
    enum class Made : uint8_t { Unknown, Copied, Signed };

    // What is served of one zone.
    struct State {
        int64_t zone_id = 0;
        dns::Name name = {};
        uint64_t sequence = 0;  // All changes up to it are in what is served.
        uint64_t tried = 0;     // With those up to it the zone cannot be published: see `trouble`.
        uint64_t delayed = 0;  // The last one that on_delay() was told of, and not that it is over.
        std::string trouble = {};  // Why it is behind.
        uint32_t serial = 0;
        bool is_served = false;
        bool is_behind = false;    // What is served is older: make it anew with the next change,
        bool needs_retry = false;  // or soon, as it may go well then.
        bool is_busy = false;      // A thread has it.
        bool is_fetched = false;   // From primaries.
        Made made = Made::Unknown;
        bool is_cut = false;  // Since then: see note_cut().
        std::shared_ptr<ZoneSigning> signing = {};
        bool needs_whole = false;                     // For the thread that signs: to be made anew.
        base::Instant due_at = base::Instant::max();  // When that thread takes it up.
        // Of the keys that it has: all servers are to have what was published then.
        std::optional<signing::UnixTime> awaited = {};
        uint64_t awaited_versions = 0;
    };
    // The changes of one zone, in order.
    struct Work {
        int64_t zone_id = 0;
        dns::Name name = {};
        std::vector<const Change*> changes = {};
    };

    // The greatest serial that was remembered of a name.
    struct Floor {
        uint32_t serial = 0;
        uint64_t sequence = 0;  // The change that it was served with.
    };

    void run();
    [[nodiscard]] bool wait();
    [[nodiscard]] base::Instant next_look() const;
    [[nodiscard]] base::Result<void> follow();
    void publish_all(const std::vector<Change>& changes);
    [[nodiscard]] base::Result<void> catch_up_at_start();
    [[nodiscard]] base::Result<void> read_publications();
    [[nodiscard]] base::Result<void> remember();
    void withdraw_unknown(const std::set<std::string>& known);

    void side_by_side(size_t count, const std::function<void(size_t)>& publish_one);
    void publish(const Work& work);
    void note_kind(const dns::Name& zone, const ZoneSettings& settings);
    void publish_one(State& state, const Change& change);
    // Publishes the zone as it is in the database now.
    void publish_whole(State& state);
    void end(State& state);
    void take_over(const Zone& zone);
    enum class Next : uint8_t { WaitForChange, Retry };
    void fail(State& state, const base::Error& error, Next next);
    void take_up(State& state, uint64_t sequence, uint32_t serial);
    void tell_delay(State& state, uint64_t sequence);
    void tell_delays(const std::vector<Change>& changes);
    void tell_end_of_delay(State& state);
    [[nodiscard]] State& state_of(int64_t zone_id, const dns::Name& name);
    void retry();
    // Later than all that was ever served under the zone's name; `edited` if that is so. With the
    // changes up to `sequence`.
    [[nodiscard]] uint32_t serial_for(const State& state, uint32_t edited, uint64_t sequence) const;
    // With the mutex. At once where others have to know of a serial that no change has.
    void remember_soon();
    [[nodiscard]] base::Result<void> remember(Session& session, std::span<const State> states);
    // False when its name has had a later serial.
    [[nodiscard]] bool raise_floor(const State& state);

    // publisher_catalogs.cc
    [[nodiscard]] base::Result<std::optional<CatalogTurn>> next_turn();
    [[nodiscard]] std::optional<uint32_t> serial_at_position(
        const std::optional<CatalogTurn>& turn) const;
    void tell(const std::vector<Change>& changes, std::optional<uint32_t> serial);

    // publisher_fetched.cc
    void fetch_as_told(State& state, const Zone& zone);
    void heed_primaries(State& state, const Change& change);
    [[nodiscard]] bool is_copy_of(const State& state, const Zone& zone);
    void follow_copy(State& state, const Change& change);
    void publish_copy(State& state);
    [[nodiscard]] base::Result<void> pass_on(State& state, const zone::Version& copy);
    [[nodiscard]] bool pass_on_changes(State& state, const zone::Version& copy);
    [[nodiscard]] base::Result<void> sign_copy(State& state, const Zone& zone,
                                               const zone::Version& copy);

    // publisher_signing.cc
    void start_signing();
    [[nodiscard]] bool leads() const { return !signing_->zones.leads || signing_->zones.leads(); }
    void begin_signing(State& state, const ZoneSettings& settings);
    void resume_signing(State& state, const ZoneSettings& settings);
    [[nodiscard]] base::Result<void> learn_who_is_signed();
    [[nodiscard]] base::Result<void> follow_signing();
    [[nodiscard]] bool claim(State& state, bool must_wait);
    void release(State& state);
    void set_due(State& state, base::Instant at);
    void look_at_clock(base::Instant now);
    void publish_signed(State& state, const Change& change);
    [[nodiscard]] bool apply_signed(State& state, const Change& change);
    [[nodiscard]] base::Result<void> sign_and_replace(State& state,
                                                      const ChangeLog::Contents& contents,
                                                      zone::ImageBlock image, uint32_t serial);
    void run_signing();
    [[nodiscard]] std::vector<State*> take_due();
    void tend(State& state);
    [[nodiscard]] bool tend_served(State& state);
    void settle(State& state);
    void await_servers(State& state);
    void take_answers(int64_t zone_id, const std::optional<ParentAnswers>& answers);

    // publisher_signals.cc
    void note_signal(const State& state);
    void put_signal(const dns::Name& zone, const BootstrapSignal& signal);
    void add_signals(ChangeLog::Contents& contents);
    [[nodiscard]] bool touches_signals(const Change& change) const;

    const Served served_;
    const std::string controller_;
    const std::vector<dns::Name> others_;
    const std::optional<Signing> signing_;
    Servers servers_;                                  // Not changed after start(), like the next.
    std::function<void(const Followed&)> told_;        // Not changed after start().
    std::function<void(const Delay&)> told_of_delay_;  // The same.
    // Of the thread alone.
    uint64_t position_ = 0;                   // All changes up to it were taken.
    std::optional<uint32_t> catalog_serial_;  // The last that was told of.
    int64_t signing_step_ = 0;                // The same of what controllers have saved of keys.
    std::set<std::string> was_signed_;        // By row_name(): zones that the store of keys knows.
    BootstrapSignals signals_;                // Has a lock of its own.

    mutable std::mutex mutex_;  // Guards what follows; a State is written by one thread at a time.
    std::condition_variable wake_;
    std::set<int64_t> unremembered_;  // Zones that were published since remember().
    base::Instant remember_at_ = base::Instant::max();
    mutable bool is_ahead_ = false;  // A serial was given since that is later than the change's.
    uint64_t wanted_ = 0;
    bool is_stopping_ = false;
    std::unordered_map<int64_t, State> states_;      // A State stays where it is.
    std::unordered_map<std::string, Floor> floors_;  // By row_name(); also of zones that are gone.
    bool needs_retry_ = false;
    bool needs_turn_ = false;    // Catalogs have changed without a change of ours.
    bool has_renewals_ = false;  // Among those: they need not wait.
    std::set<std::pair<base::Instant, int64_t>> due_;  // Of the states that have a due_at.
    std::map<std::string, int64_t> signed_ids_;        // By row_name().
    std::set<std::pair<uint64_t, int64_t>> awaiting_;  // By awaited_versions.
    std::optional<std::chrono::seconds> clock_lead_;   // Of the wall's clock over base::now().
    std::condition_variable due_wake_;
    std::condition_variable settled_;  // A state is busy no more.

    std::thread thread_;
    std::thread signing_thread_;
    std::unique_ptr<ParentLooks> looks_;
};

}  // namespace nearcast::control
