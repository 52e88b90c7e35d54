// SPDX-License-Identifier: Apache-2.0
//
// The *.zone files of a directory: which changed, which are bad, and what is served meanwhile.
//
// A file that cannot be loaded changes nothing: the last good version of its zone goes on, or, if
// there never was one, the zone answers SERVFAIL. Each zone stands for itself. A start takes what
// the ledger has stored of files that are still the same, and reads the others. Used by one thread
// at a time.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "authority/certificate.h"
#include "base/result.h"
#include "dns/name.h"
#include "transfer/transfer_config.h"
#include "zone/compile.h"
#include "zone/ledger.h"
#include "zone/zone_table.h"
#include "zone_files.h"

namespace nearcast::app {

// What became of one file.
struct ZoneOutcome {
    std::string zone;
    std::string file;
    bool is_loaded = false;
    std::optional<uint32_t> serial;  // Served now. None: the zone answers SERVFAIL, or another
                                     // file serves it.
    std::vector<zone::Diagnostic> findings;
};

// What a reload was to take in and did not.
struct KeptSetting {
    base::Error error;
    std::string next;  // What goes on instead.
};

struct LoadReport {
    std::vector<ZoneOutcome> changed;    // Files that were read, in the order of their names.
    std::vector<std::string> withdrawn;  // Zones whose files are gone.
    size_t unchanged = 0;
    size_t restored = 0;      // Of these: taken from the store.
    size_t zones = 0;         // Served now.
    size_t without_data = 0;  // Of these: SERVFAIL is all that is answered.
    size_t behind = 0;  // Files that are not served as they lie on disk, changed now or earlier.
    std::chrono::milliseconds duration{0};
    std::optional<authority::CertificateTrouble> certificate;  // Of TLS, when it was read as well.
    std::vector<KeptSetting> kept;                             // Of what was read beside zones.

    [[nodiscard]] size_t failed() const;
};

// Whether there must be files: zones may come from other servers alone.
enum class Files : uint8_t { Needed, Optional };
[[nodiscard]] Files need_of_files(const transfer::TransferConfig& transfers);

// Zones that have another source than files, as those see it who have them from there.
struct OtherSources {
    // It comes from there: no file takes its place.
    std::function<bool(const dns::Name&)> has;
    // It would come from there if no file served it.
    std::function<bool(const dns::Name&)> wants;
};

class ZoneDirectory {
 public:
    // The references outlive it.
    ZoneDirectory(ZoneFiles& files, zone::ZoneTable& zones, zone::ZoneLedger& ledger,
                  Files need = Files::Needed);

    // From now on no file takes the place of a zone that they have, and a zone that they want is
    // theirs once its file is gone: what is stored of that file is not taken over either.
    void share_with(OtherSources sources) { sources_ = std::move(sources); }

    // Loads what changed since the last call and publishes it zone by zone; the first call also
    // takes over what is stored. Fails, with everything left as it is, when the directory cannot be
    // read or has no *.zone file: where files are optional, when it had some before.
    [[nodiscard]] base::Result<LoadReport> refresh();

 private:
    // One file, and the zone that is served from it.
    struct Entry {
        std::vector<zone::FileStamp> stamps;  // Empty: read it the next time in any case.
        std::optional<dns::Name> apex;        // None: nothing is served from it.
        bool is_behind = false;               // What lies on disk could not be loaded.

        [[nodiscard]] bool is_current() const;
    };

    [[nodiscard]] base::Result<ZoneFiles::Paths> list();
    size_t restore();
    // Which of these files, sorted by name, are as they were when they were read.
    [[nodiscard]] std::vector<uint8_t> find_unchanged(const ZoneFiles::Paths& files) const;
    ZoneOutcome load(const std::string& file);
    // Returns the serial that is served by it; nothing when it may not be.
    std::optional<uint32_t> replace(const std::string& file, zone::CompiledZone compiled,
                                    ZoneOutcome& outcome);
    // What the store has, where the file cannot be loaded; else SERVFAIL.
    void serve_stored(const dns::Name& apex);
    void publish(const std::string& file, zone::CompiledZone compiled, ZoneOutcome& outcome);
    // The file that serves this zone, if it is another than `file`.
    [[nodiscard]] const std::string* other_file_of(const dns::Name& apex, const std::string& file);
    void index();
    [[nodiscard]] std::optional<uint32_t> served_serial(const dns::Name& apex) const;
    void withdraw(Entry& entry);
    void withdraw_missing(const ZoneFiles::Paths& files, LoadReport& report);
    // Whether others want it and its file is gone.
    [[nodiscard]] bool is_left(const dns::Name& apex, const std::string& file) const;
    // Where no file can be found: that all went away at once is mostly not what was meant, but for
    // zones that come from elsewhere.
    void give_way();

    ZoneFiles& files_;
    zone::ZoneTable& zones_;
    zone::ZoneLedger& ledger_;
    const Files need_;
    OtherSources sources_;  // May be empty.
    bool is_restored_ = false;
    std::map<std::string, Entry> entries_;  // By path.
    bool is_indexed_ = false;
    // Once it is: paths, keys of the one above, by apex in lower case.
    std::unordered_map<std::string, const std::string*> served_;
};

}  // namespace nearcast::app
