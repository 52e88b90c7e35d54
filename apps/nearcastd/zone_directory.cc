// SPDX-License-Identifier: Apache-2.0

#include "zone_directory.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <utility>

#include "base/clock.h"
#include "zone/image_builder.h"

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

std::string key_of(const dns::Name& apex) {
    const dns::Name lowered = apex.lowered();
    return {lowered.wire().begin(), lowered.wire().end()};
}

}  // namespace

size_t LoadReport::failed() const {
    return static_cast<size_t>(std::ranges::count(changed, false, &ZoneOutcome::is_loaded));
}

ZoneDirectory::ZoneDirectory(std::string path, zone::ZoneTable& zones)
    : path_(std::move(path)), zones_(zones) {}

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
    const Result<std::vector<std::string>> files = list_files(path_);
    if (!files) return std::unexpected(files.error());
    LoadReport report;
    withdraw_missing(*files, report);
    for (const std::string& file : *files) {
        if (is_unchanged(file)) {
            ++report.unchanged;
        } else {
            report.changed.push_back(load(file));
        }
    }
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

ZoneOutcome ZoneDirectory::load(const std::string& file) {
    const int64_t read_at = file_clock_ns();
    zone::CompiledZone compiled = zone::compile_zone_file(file);
    Entry& entry = entries_[file];
    entry.stamps = is_doubtful(compiled.files, read_at) ? std::vector<zone::FileStamp>{}
                                                        : std::move(compiled.files);
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
    outcome.is_loaded = static_cast<bool>(compiled.image);
    const bool is_other_zone = entry.apex && !(*entry.apex == compiled.apex);
    if (is_other_zone && outcome.is_loaded) withdraw(entry);
    if (outcome.is_loaded) {
        entry.serial = compiled.image.image().header().serial;
        zones_.publish(std::move(compiled.image));
    } else if (!entry.apex) {
        zones_.publish(zone::build_unavailable_image(compiled.apex));
    }
    if (!entry.apex) {
        entry.apex = compiled.apex;
        served_[key_of(compiled.apex)] = file;
    }
    outcome.serial = entry.serial;
}

const std::string* ZoneDirectory::other_file_of(const dns::Name& apex,
                                                const std::string& file) const {
    const auto serving = served_.find(key_of(apex));
    return serving == served_.end() || serving->second == file ? nullptr : &serving->second;
}

void ZoneDirectory::withdraw(Entry& entry) {
    (void)zones_.withdraw(*entry.apex);
    served_.erase(key_of(*entry.apex));
    entry.apex.reset();
    entry.serial.reset();
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
