// SPDX-License-Identifier: Apache-2.0

#include "zone_upload.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include <unistd.h>

#include "base/clock.h"
#include "console/json_text.h"
#include "console/progress_line.h"
#include "console/set_changes.h"
#include "terminal.h"

namespace nearcast {
namespace {

using base::Result;
using nlohmann::json;

// The controller groups what comes together into one write to the disk: with 32 a zone costs it a
// quarter less than with 8, and twice as many save as little again. Each holds one of its threads.
constexpr size_t kConnectionsMax = 32;
constexpr int kConflict = 409;
// A terminal shows no more than that anyway.
constexpr std::chrono::milliseconds kShowEvery{100};

// How far it is, on standard error. Used by all threads that upload.
class ProgressBar {
 public:
    explicit ProgressBar(size_t total)
        : terminal_(terminal_of(STDERR_FILENO)), start_(base::now()) {
        progress_.total = total;
    }
    void count(bool has_failed) {
        const std::lock_guard lock(mutex_);
        ++progress_.done;
        if (has_failed) ++progress_.failed;
        const auto now = base::now();
        if (progress_.done < progress_.total && now - shown_ < kShowEvery) return;
        shown_ = now;
        show();
    }
    void finish() {
        if (terminal_.is_one) std::fputs("\r\x1b[K", stderr);
    }

 private:
    void show() {
        if (!terminal_.is_one) return;
        progress_.taken = std::chrono::duration_cast<std::chrono::milliseconds>(shown_ - start_);
        // A line that fills the last column would make some terminals begin another.
        const size_t width = terminal_.width > 1 ? terminal_.width - 1 : 79;
        std::fprintf(stderr, "\r%s\x1b[K",
                     console::progress_line(progress_, "zone", width).c_str());
    }

    const Terminal terminal_;
    std::mutex mutex_;  // Guards what follows.
    console::Progress progress_;
    base::Instant start_;
    base::Instant shown_{};
};

// Which file each zone was taken from. Used by all threads that upload.
class SourceOfZone {
 public:
    // The file that had the zone before this one, or nothing.
    [[nodiscard]] std::string take(const dns::Name& zone, const std::string& file) {
        const std::lock_guard lock(mutex_);
        const auto [place, is_new] = files_.emplace(dns::to_text(zone), file);
        return is_new ? std::string() : place->second;
    }

 private:
    std::mutex mutex_;
    std::map<std::string, std::string> files_;
};

Result<Uploaded> create_or_change(Controller& controller, const LoadedZone& zone,
                                  const std::string& comment) {
    const std::string name = dns::to_text(zone.name);
    Uploaded done{.source = {}, .zone = name, .outcome = "created", .sequence = {}, .error = {}};
    json body{{"name", name}, {"kind", "Native"}, {"comment", comment}, {"rrsets", json::array()}};
    for (const console::RecordSet& set : zone.sets) body["rrsets"].push_back(to_json(set));
    const auto made = controller.exchange(
        {.method = "POST", .path = kZonesPath + "?rrsets=false", .body = std::move(body)});
    if (!made) return std::unexpected(made.error());
    if (made->status != kConflict) {
        if (made->status >= 400) return std::unexpected(client::error_of(*made));
        done.sequence = made->header("x-nearcast-change");
        return done;
    }
    const auto kept = controller.zone(zone.name);
    if (!kept) return std::unexpected(kept.error());
    const auto changes = console::changes_between(kept->sets, zone.sets);
    done.outcome = changes.empty() ? "unchanged" : "changed";
    if (changes.empty()) return done;
    const auto changed =
        controller.ask({.method = "PATCH",
                        .path = zone_path(zone.name),
                        .body = {{"rrsets", console::to_patch(changes)}, {"comment", comment}},
                        .headers = {{"If-Match", kept->etag}}});
    if (!changed) return std::unexpected(changed.error());
    done.sequence = changed->header("x-nearcast-change");
    return done;
}

Uploaded failed(const std::string& source, const std::string& zone, const base::Error& error) {
    return {source, zone, "failed", {}, base::to_text(error)};
}

Uploaded failed_twice(const std::string& zone, const std::string& other) {
    return failed({}, zone,
                  {zone + " was taken from " + other + " already",
                   "one file for each zone; which of the two came first is chance"});
}

}  // namespace

Uploaded upload(Controller& controller, const LoadedZone& zone, const std::string& comment) {
    const auto done = create_or_change(controller, zone, comment);
    return done ? *done : failed({}, dns::to_text(zone.name), done.error());
}

std::vector<Uploaded> upload_files(const std::vector<std::string>& files,
                                   const zone::CompileOptions& compile,
                                   const ControllerOptions& options) {
    std::vector<Uploaded> uploaded(files.size());
    std::atomic<size_t> next{0};
    ProgressBar bar(files.size());
    SourceOfZone sources;
    const auto work = [&] {
        auto controller = Controller::connect(options.context);
        for (size_t i = next++; i < files.size(); i = next++) {
            const auto loaded = load_zone_file(files[i], compile);
            if (!controller) {
                uploaded[i] = failed({}, {}, controller.error());
            } else if (!loaded) {
                uploaded[i] = failed({}, {}, loaded.error());
            } else if (const auto other = sources.take(loaded->name, files[i]); !other.empty()) {
                uploaded[i] = failed_twice(dns::to_text(loaded->name), other);
            } else {
                uploaded[i] = upload(*controller, *loaded, options.comment);
            }
            uploaded[i].source = files[i];
            if (loaded) uploaded[i].findings = loaded->findings;
            bar.count(uploaded[i].outcome == "failed");
        }
    };
    {
        std::vector<std::jthread> threads;
        for (size_t i = 0; i < std::min(files.size(), kConnectionsMax); ++i) {
            threads.emplace_back(work);
        }
    }
    bar.finish();
    return uploaded;
}

}  // namespace nearcast
