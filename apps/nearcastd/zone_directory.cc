// SPDX-License-Identifier: Apache-2.0

#include "zone_directory.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <unordered_set>
#include <utility>

#include "base/clock.h"
#include "dns/serial.h"

namespace nearcast::app {
namespace {

namespace fs = std::filesystem;
using base::Result;

// Files are stamped with a clock that ticks every 4 ms or so. A file written twice within a tick,
// and read in between, looks unchanged: what is so young is read again the next time.
constexpr int64_t kStampDoubtNs = 20'000'000;

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

// A zone that was changed by updates has gone on from its file. Only a file that has gone further
// is newer.
bool has_gone_on(const zone::StoredZone& zone) {
    return zone.is_available && zone.origin.is_updated;
}

}  // namespace

size_t LoadReport::failed() const {
    return static_cast<size_t>(std::ranges::count(changed, false, &ZoneOutcome::is_loaded));
}

ZoneDirectory::ZoneDirectory(std::string path, zone::ZoneTable& zones, zone::ZoneLedger& ledger)
    : path_(std::move(path)), zones_(zones), ledger_(ledger) {}

Result<std::vector<std::string>> ZoneDirectory::list_files(const std::string& directory) {
    std::error_code error;
    std::vector<std::string> files;
    for (fs::directory_iterator item(directory, error), end; !error && item != end;
         item.increment(error)) {
        if (item->path().extension() == ".zone") files.push_back(item->path().string());
    }
    if (error) {
        return base::fail(
            "zone directory " + directory + ": " + error.message(),
            "a directory that this user may read, with a file NAME.zone for each zone");
    }
    if (files.empty()) {
        return base::fail("zone directory " + directory + ": no *.zone files",
                          "name each file after its zone: " + directory + "/example.org.zone");
    }
    std::ranges::sort(files);
    return files;
}

Result<LoadReport> ZoneDirectory::refresh() {
    const base::Instant start = base::now();
    LoadReport report;
    if (!std::exchange(is_restored_, true)) report.restored = restore();
    const Result<std::vector<std::string>> files = list_files(path_);
    if (!files) return std::unexpected(files.error());
    withdraw_missing(*files, report);
    for (const std::string& file : *files) {
        if (is_unchanged(file)) {
            ++report.unchanged;
        } else {
            report.changed.push_back(load(file));
        }
    }
    // What a file gave is safe in the file until here. The ledger itself tells when this fails.
    (void)ledger_.sync();
    report.zones = zones_.size();
    report.behind = static_cast<size_t>(
        std::ranges::count_if(entries_, [](const auto& item) { return item.second.is_behind; }));
    report.duration = std::chrono::duration_cast<std::chrono::milliseconds>(base::now() - start);
    return report;
}

bool ZoneDirectory::is_unchanged(const std::string& file) const {
    const auto known = entries_.find(file);
    if (known == entries_.end() || known->second.stamps.empty()) return false;
    return std::ranges::all_of(known->second.stamps, [](const zone::FileStamp& stamp) {
        return zone::FileStamp::of(stamp.path) == stamp;
    });
}

std::vector<zone::StoredZone> ZoneDirectory::stored_files() const {
    // What list_files() puts before the names.
    std::string folder = (fs::path(path_) / "-").string();
    folder.pop_back();
    std::vector<zone::StoredZone> stored = ledger_.stored();
    std::unordered_set<std::string> seen;
    std::erase_if(stored, [&](const zone::StoredZone& zone) {
        if (zone.origin.kind != zone::ZoneOrigin::Kind::File || zone.origin.files.empty()) {
            return true;
        }
        const std::string& file = zone.origin.files.front().path;
        return !file.starts_with(folder) || file.find('/', folder.size()) != std::string::npos ||
               !seen.insert(file).second;
    });
    return stored;
}

// Also of files that are gone: refresh() withdraws those as it does while the server runs.
size_t ZoneDirectory::restore() {
    size_t count = 0;
    for (const zone::StoredZone& stored : stored_files()) {
        // Where not all is there the file is read, of which the ledger may make it.
        if (!ledger_.restore(stored.apex, zone::Losses::Refused)) continue;
        // Of what is served: where something is lost its file is read, whatever its stamps.
        const auto served = ledger_.state(stored.apex);
        const std::string& file = stored.origin.files.front().path;
        entries_[file] = {.stamps = served->origin.files, .apex = stored.apex};
        served_[dns::key_of(stored.apex)] = file;
        ++count;
    }
    return count;
}

ZoneOutcome ZoneDirectory::load(const std::string& file) {
    const int64_t read_at = file_clock_ns();
    zone::CompiledZone compiled = zone::compile_zone_file(file);
    Entry& entry = entries_[file];
    if (is_doubtful(compiled.files, read_at)) compiled.files.clear();
    entry.stamps = compiled.files;
    ZoneOutcome outcome{.zone = dns::to_text(compiled.apex),
                        .file = file,
                        .serial = {},
                        .findings = std::move(compiled.diagnostics)};
    if (const std::string* other = other_file_of(compiled.apex, file)) {
        outcome.findings.push_back({.file = file,
                                    .message = "zone " + outcome.zone + " is in " + *other + " too",
                                    .hint = "remove one of the two files"});
        entry.stamps.clear();  // The other may go, with no change here.
    } else {
        publish(file, std::move(compiled), outcome);
    }
    entry.is_behind = !outcome.is_loaded;
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
        served_[dns::key_of(apex)] = file;
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

const std::string* ZoneDirectory::other_file_of(const dns::Name& apex,
                                                const std::string& file) const {
    const auto serving = served_.find(dns::key_of(apex));
    return serving == served_.end() || serving->second == file ? nullptr : &serving->second;
}

void ZoneDirectory::withdraw(Entry& entry) {
    (void)ledger_.withdraw(*entry.apex);  // What cannot be stored, the ledger tells.
    served_.erase(dns::key_of(*entry.apex));
    entry.apex.reset();
}

void ZoneDirectory::withdraw_missing(const std::vector<std::string>& files, LoadReport& report) {
    for (auto item = entries_.begin(); item != entries_.end();) {
        if (std::ranges::binary_search(files, item->first)) {
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

}  // namespace nearcast::app
