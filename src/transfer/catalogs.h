// SPDX-License-Identifier: Apache-2.0
//
// Keeps catalogs and zones in step (RFC 9432): serves what the catalogs of others list, and lists
// in our own what is served here.
//
// A thread of its own works; others only tell it which zone has changed. Changes that come within
// kCoalesce make one new version of a catalog together.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "transfer/catalog.h"
#include "transfer/catalog_membership.h"
#include "transfer/secondary_zones.h"
#include "transfer/served_reporter.h"
#include "transfer/transfer_config.h"
#include "zone/changeset.h"
#include "zone/ledger.h"
#include "zone/live_names.h"
#include "zone/zone_table.h"

namespace nearcast::transfer {

class Catalogs {
 public:
    // Long enough that a burst of changes is one transfer for each node; doubled, a node would
    // notice.
    static constexpr std::chrono::milliseconds kCoalesce{20};

    // A version of a catalog of ours, and what it bears.
    struct Marked {
        const dns::Name& catalog;
        uint32_t serial = 0;
        uint64_t mark = 0;   // All that was noted before mark() was called with that.
        uint64_t notes = 0;  // As many notes, of all there were.
    };

    // What is told of catalogs.
    struct Hooks {
        // Of those of others that want reports, as they come to be served.
        std::vector<ServedReporter*> reporters = {};
        // Called on the thread for each version, with the last mark; may be empty.
        std::function<void(const Marked&)> marked = {};
        // Where serials are given to mark(), and not counted here: called on the thread when a
        // catalog of ours has changed and waits for a later one. Costs little.
        std::function<void()> ask_serial = {};
    };

    // Nothing is used before start(), and `secondaries` and reporters not after stop(). The others
    // outlive it.
    // No catalog lists one of `private_zones`, where there are some.
    Catalogs(const TransferConfig& config, zone::ZoneTable& table, zone::ZoneLedger& ledger,
             SecondaryZones& secondaries, const zone::LiveNames* private_zones = nullptr);
    Catalogs(const Catalogs&) = delete;
    Catalogs& operator=(const Catalogs&) = delete;
    ~Catalogs() { stop(); }

    // Once every zone that is there from the start is served: the catalogs that we follow become
    // secondary zones, and the thread begins.
    void start(Hooks hooks);
    // Ends the thread. note() may be called on.
    void stop();

    // The zone has changed, or has come or gone. Any thread; costs little.
    void note(const dns::Name& zone);
    // Whether a catalog lists the zone, which is served otherwise. Any thread.
    [[nodiscard]] bool is_kept_otherwise(const dns::Name& zone);
    // Looks again at catalogs with such zones, where one of these is served no longer. Any thread.
    void look_again();
    // What Hooks::marked is told once all that was noted is in our catalogs; and the serial that
    // they have then, where serials are given. Any thread.
    void mark(uint64_t mark, std::optional<uint32_t> serial = {});
    // How often note() was called. Any thread.
    [[nodiscard]] uint64_t notes();

 private:
    // A catalog of ours, with what differs from its served version.
    struct Published {
        const PublishedCatalog& config;
        std::map<std::string, CatalogMember> members;  // By dns::key_of() the zone.
        struct Difference {
            std::optional<CatalogMember> before;
            std::optional<CatalogMember> after;
        };
        std::map<std::string, Difference> differences;
        bool is_numbered = false;  // A version was published since the start.
    };

    void run();
    void take(const dns::Name& zone);
    void tell_mark(uint64_t mark, uint64_t notes);

    void follow(size_t number);
    // What another version means, by what it changes; nothing when only the whole can tell.
    [[nodiscard]] std::optional<CatalogMembership::Change> follow_changes(
        size_t number, const zone::Version& version);
    // The same by all that it lists; nothing when it is broken.
    [[nodiscard]] std::optional<CatalogMembership::Change> follow_whole(
        size_t number, const zone::Version& version);
    void carry_out(const MemberAction& action, ServedReporter* reporter);
    // Null when nobody wants to know of that catalog.
    [[nodiscard]] ServedReporter* reporter_of(const dns::Name& catalog) const;

    void restore(Published& catalog);
    void list(Published& catalog, const dns::Name& zone);
    [[nodiscard]] std::optional<CatalogMember> member_for(const PublishedCatalog& config,
                                                          const dns::Name& zone);
    // Of the next version after one with this serial; nothing when that is to be waited for.
    [[nodiscard]] std::optional<uint32_t> serial_after(const Published& catalog,
                                                       std::optional<uint32_t> served) const;
    // A serial alone is new where members have one, too: who follows reports it.
    [[nodiscard]] bool is_to_be_published(const Published& catalog,
                                          std::optional<uint32_t> served) const;
    void publish(Published& catalog);
    [[nodiscard]] base::Result<void> publish_changes(Published& catalog,
                                                     const zone::Version& served, uint32_t serial);
    [[nodiscard]] base::Result<void> publish_whole(Published& catalog, uint32_t serial);

    const TransferConfig& config_;
    zone::ZoneTable& table_;
    zone::ZoneLedger& ledger_;
    SecondaryZones& secondaries_;
    const zone::LiveNames* const private_zones_;
    Hooks hooks_;                         // Not changed after start().
    const std::vector<dns::Name> names_;  // Of all catalogs.

    // Of the thread alone.
    CatalogMembership membership_;
    // Numbers, by the ledger, of the versions of those of others that were taken, with nothing in
    // them ignored.
    std::vector<std::optional<uint64_t>> followed_;
    std::map<std::string, const SecondaryConfig*> sources_;  // Of members, by their keys.
    std::vector<Published> published_;
    std::optional<uint32_t> serial_;  // The last one given, with all noted before.

    std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    std::map<std::string, dns::Name> noted_;
    // Of each followed catalog, what it did not get, by dns::key_of().
    std::vector<std::map<std::string, dns::Name>> taken_;
    uint64_t mark_ = 0;  // The last one, and its serial.
    std::optional<uint32_t> mark_serial_;
    uint64_t notes_ = 0;
    bool is_marked_ = false;
    bool is_stopping_ = false;
    std::thread thread_;
};

}  // namespace nearcast::transfer
