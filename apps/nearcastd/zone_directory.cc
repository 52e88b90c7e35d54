// SPDX-License-Identifier: Apache-2.0

#include "zone_directory.h"

#include <algorithm>
#include <atomic>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/side_by_side.h"
#include "dns/serial.h"

namespace nearcast::app {
namespace {

using base::Result;

// Files are stamped with a clock that ticks every 4 ms or so. A file written twice within a tick,
// and read in between, looks unchanged: what is so young is read again the next time.
constexpr int64_t kStampDoubtNs = 20'000'000;

// Looking at a file takes a microsecond or two, starting a thread some ten.
constexpr size_t kThreadShare = 256;

int64_t file_clock_ns() {
    timespec time{};
    clock_gettime(CLOCK_REALTIME, &time);
    return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

bool is_doubtful(const std::vector<zone::FileStamp>& stamps, int64_t read_at) {
    return std::ranges::any_of(stamps, [read_at](const zone::FileStamp& stamp) {
        return stamp.modified_ns > read_at - kStampDoubtNs;
    });
}

bool is_there(const std::string& file) {
    std::error_code ignored;
    return std::filesystem::exists(file, ignored);
}

// A zone that was changed by updates has gone on from its file. Only a file that has gone further
// is newer.
bool has_gone_on(const zone::StoredZone& zone) {
    return zone.is_available && zone.origin.is_updated;
}

}  // namespace

Files need_of_files(const transfer::TransferConfig& transfers) {
    const bool is_secondary =
        !transfers.secondaries.empty() || !transfers.followed_catalogs.empty();
    return is_secondary ? Files::Optional : Files::Needed;
}

size_t LoadReport::failed() const {
    return static_cast<size_t>(std::ranges::count(changed, false, &ZoneOutcome::is_loaded));
}

ZoneDirectory::ZoneDirectory(ZoneFiles& files, zone::ZoneTable& zones, zone::ZoneLedger& ledger,
                             Files need)
    : files_(files), zones_(zones), ledger_(ledger), need_(need) {}

// Fails when there are none and there must be some.
Result<ZoneFiles::Paths> ZoneDirectory::list() {
    auto files = files_.list();
    const bool may_be_empty = need_ == Files::Optional && entries_.empty();
    if (!files || !files->empty() || may_be_empty) return files;
    return base::fail("zone directory " + files_.directory() + ": no *.zone files",
                      "name each file after its zone: " + files_.folder() + "example.org.zone");
}

Result<LoadReport> ZoneDirectory::refresh() {
    const base::Instant start = base::now();
    LoadReport report;
    if (!std::exchange(is_restored_, true)) report.restored = restore();
    const Result<ZoneFiles::Paths> files = list();
    if (!files) {
        give_way();
        return std::unexpected(files.error());
    }
    withdraw_missing(*files, report);
    const auto unchanged = find_unchanged(*files);
    for (size_t i = 0; i < files->size(); ++i) {
        if (unchanged[i] != 0) {
            ++report.unchanged;
        } else {
            report.changed.push_back(load((*files)[i]));
        }
    }
    // What a file gave is safe in the file until here. The ledger itself tells when this fails.
    (void)ledger_.sync();
    report.zones = zones_.size();
    report.without_data = zones_.unavailable_count();
    report.behind = static_cast<size_t>(
        std::ranges::count_if(entries_, [](const auto& item) { return item.second.is_behind; }));
    report.duration = std::chrono::duration_cast<std::chrono::milliseconds>(base::now() - start);
    return report;
}

bool ZoneDirectory::Entry::is_current() const {
    return !stamps.empty() && std::ranges::all_of(stamps, &zone::FileStamp::is_current);
}

std::vector<uint8_t> ZoneDirectory::find_unchanged(const ZoneFiles::Paths& files) const {
    std::vector<const Entry*> known(files.size());
    auto entry = entries_.begin();
    for (size_t i = 0; i < files.size() && entry != entries_.end(); ++i) {
        while (entry != entries_.end() && entry->first < files[i]) ++entry;
        if (entry != entries_.end() && entry->first == files[i]) known[i] = &entry->second;
    }
    std::vector<uint8_t> unchanged(files.size());
    base::side_by_side(files.size(), kThreadShare, [&](size_t i) {
        unchanged[i] = known[i] != nullptr && known[i]->is_current() ? 1 : 0;
    });
    return unchanged;
}

// Also of files that are gone: refresh() withdraws those as it does while the server runs. Where
// not all is there the file is read, of which the ledger may make it.
size_t ZoneDirectory::restore() {
    std::atomic<size_t> count = 0;
    const std::string& folder = files_.folder();
    const auto claim = [&](const dns::Name& zone, const zone::ZoneOrigin& origin) {
        zone::ZoneLedger::Restored restored;
        if (origin.kind != zone::ZoneOrigin::Kind::File || origin.files.empty()) return restored;
        const std::string& file = origin.files.front().path;
        if (!file.starts_with(folder) || file.find('/', folder.size()) != std::string::npos) {
            return restored;
        }
        if (is_left(zone, file)) return restored;
        const size_t known = entries_.size();
        const auto entry = entries_.try_emplace(entries_.end(), file);  // Mostly stored by name.
        if (entries_.size() == known) return restored;  // Another zone came from this file, too.
        restored = [&, entry](const dns::Name& apex, const zone::ZoneOrigin& served) {
            // Where something is lost its file is read, whatever its stamps.
            entry->second = {.stamps = served.files, .apex = apex};
            count.fetch_add(1, std::memory_order_relaxed);
        };
        return restored;
    };
    ledger_.restore_all(claim, zone::Losses::Refused);
    return count;
}

ZoneOutcome ZoneDirectory::load(const std::string& file) {
    const int64_t read_at = file_clock_ns();
    zone::CompiledZone compiled = zone::compile_zone_file(file);
    Entry& entry = entries_[file];
    if (is_doubtful(compiled.files, read_at)) compiled.files.clear();
    entry.stamps = compiled.files;
    ZoneOutcome outcome{.zone = compiled.is_named ? dns::to_text(compiled.apex) : std::string(),
                        .file = file,
                        .serial = {},
                        .findings = std::move(compiled.diagnostics)};
    const std::string* const other =
        compiled.is_named ? other_file_of(compiled.apex, file) : nullptr;
    if (other != nullptr) {
        outcome.findings.push_back({.file = file,
                                    .message = "zone " + outcome.zone + " is in " + *other + " too",
                                    .hint = "remove one of the two files"});
    } else if (compiled.is_named && sources_.has && sources_.has(compiled.apex)) {
        outcome.serial = served_serial(compiled.apex);
        outcome.findings.push_back(
            {.file = file,
             .message = "zone " + outcome.zone + " does not come from files: that goes on",
             .hint = "remove the file, or the section or catalog that lists the zone, and start "
                     "the server again"});
    } else if (compiled.is_named) {
        publish(file, std::move(compiled), outcome);
    }
    entry.is_behind = !outcome.is_loaded;
    if (entry.is_behind) entry.stamps.clear();  // What is wrong with it is told each time.
    return outcome;
}

void ZoneDirectory::publish(const std::string& file, zone::CompiledZone compiled,
                            ZoneOutcome& outcome) {
    Entry& entry = entries_[file];
    const dns::Name apex = compiled.apex;
    std::optional<uint32_t> serial;
    if (compiled.image) serial = replace(file, std::move(compiled), outcome);
    outcome.is_loaded = serial.has_value();
    if (serial) {
        const bool is_other_zone = entry.apex && !(*entry.apex == apex);
        if (is_other_zone) withdraw(entry);
    } else if (!entry.apex) {
        serve_stored(apex);
    }
    if (!entry.apex) {
        entry.apex = apex;
        if (is_indexed_) served_[dns::key_of(apex)] = &entries_.find(file)->first;
    }
    // Updates may have led on from what the file gave.
    outcome.serial = serial ? serial : served_serial(*entry.apex);
}

std::optional<uint32_t> ZoneDirectory::served_serial(const dns::Name& apex) const {
    const auto pinned = zones_.pin(apex);
    if (!pinned || pinned->version().is_unavailable()) return std::nullopt;
    return pinned->version().serial();
}

// Rather an old version than none.
void ZoneDirectory::serve_stored(const dns::Name& apex) {
    using Kind = zone::ZoneOrigin::Kind;
    const auto stored = ledger_.state(apex);
    if (stored && stored->is_available) return;
    const bool is_of_file =
        stored && (stored->origin.kind == Kind::File || stored->origin.kind == Kind::Unknown);
    if (is_of_file && ledger_.restore(apex)) return;
    ledger_.make_unavailable(apex);
}

std::optional<uint32_t> ZoneDirectory::replace(const std::string& file, zone::CompiledZone compiled,
                                               ZoneOutcome& outcome) {
    const uint32_t serial = compiled.image.image().header().serial;
    zone::ZoneOrigin origin{.kind = zone::ZoneOrigin::Kind::File, .files = compiled.files};
    // Without stamps it is read again at the next start; whose file it was is known all the same.
    if (origin.files.empty()) origin.files.push_back({.path = file});
    uint32_t served = 0;
    const auto step = ledger_.replace(
        compiled.apex, std::move(compiled.image), origin, [&](const zone::StoredZone& now) {
            served = now.serial;
            return !has_gone_on(now) || dns::is_later_serial(serial, now.serial);
        });
    const auto warn = [&](std::string message, std::string hint) {
        const auto severity = step ? zone::Severity::Warning : zone::Severity::Error;
        outcome.findings.push_back({.severity = severity,
                                    .file = file,
                                    .message = std::move(message),
                                    .hint = std::move(hint)});
    };
    if (!step) {
        warn(step.error().message, step.error().hint);
        return std::nullopt;
    }
    if (*step == zone::SerialStep::Resumed) return ledger_.state(compiled.apex)->serial;
    if (*step == zone::SerialStep::Refused) {
        outcome.findings.push_back(
            {.file = file,
             .message = "zone " + outcome.zone + " was changed by updates up to serial " +
                        std::to_string(served) + ", and the file has serial " +
                        std::to_string(serial),
             .hint = "nearcast node export " + outcome.zone + ", edit that, and raise its serial"});
        return std::nullopt;
    }
    if (*step == zone::SerialStep::Reused) {
        warn("its records have changed under the same serial " + std::to_string(serial) +
                 ": secondaries keep the old ones",
             "raise the serial with each change");
    } else if (*step == zone::SerialStep::Earlier) {
        warn("its serial has gone back to " + std::to_string(serial) +
                 ": secondaries keep what they have",
             "a serial after " + std::to_string(served));
    }
    return serial;
}

// A start from the store has no use for it, and very many zones to enter.
void ZoneDirectory::index() {
    if (std::exchange(is_indexed_, true)) return;
    for (const auto& [file, entry] : entries_) {
        if (entry.apex) served_[dns::key_of(*entry.apex)] = &file;
    }
}

const std::string* ZoneDirectory::other_file_of(const dns::Name& apex, const std::string& file) {
    index();
    const auto serving = served_.find(dns::key_of(apex));
    return serving == served_.end() || *serving->second == file ? nullptr : serving->second;
}

void ZoneDirectory::withdraw(Entry& entry) {
    (void)ledger_.withdraw(*entry.apex);  // What cannot be stored, the ledger tells.
    served_.erase(dns::key_of(*entry.apex));
    entry.apex.reset();
}

void ZoneDirectory::withdraw_missing(const ZoneFiles::Paths& files, LoadReport& report) {
    auto file = files.begin();
    for (auto item = entries_.begin(); item != entries_.end();) {
        while (file != files.end() && *file < item->first) ++file;
        if (file != files.end() && *file == item->first) {
            ++item;
            continue;
        }
        if (item->second.apex) {
            report.withdrawn.push_back(dns::to_text(*item->second.apex));
            withdraw(item->second);
        }
        item = entries_.erase(item);
    }
}

bool ZoneDirectory::is_left(const dns::Name& apex, const std::string& file) const {
    return sources_.wants && sources_.wants(apex) && !is_there(file);
}

void ZoneDirectory::give_way() {
    for (auto item = entries_.begin(); item != entries_.end();) {
        auto& [file, entry] = *item;
        if (!entry.apex || !is_left(*entry.apex, file)) {
            ++item;
            continue;
        }
        withdraw(entry);
        item = entries_.erase(item);
    }
}

}  // namespace nearcast::app
