// SPDX-License-Identifier: Apache-2.0

#include "base/log.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <functional>
#include <map>
#include <mutex>

#include <poll.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace nearcast::base::log {
namespace {

constexpr std::string_view kWayOut = "try";  // The fact that says what to do.
constexpr const char* kTimedPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
constexpr const char* kJournalPattern = "%v";

bool journal_format = false;  // Set once at start, before there are threads.

spdlog::logger& logger() {
    static const std::shared_ptr<spdlog::logger> instance = [] {
        auto made = spdlog::stderr_logger_mt("nearcast");
        made->set_formatter(std::make_unique<spdlog::pattern_formatter>(
            kTimedPattern, spdlog::pattern_time_type::utc));
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *instance;
}

bool is_plain(unsigned char byte) { return std::isgraph(byte) != 0 && byte != '"' && byte != '='; }

void append_value(std::string& line, std::string_view value) {
    if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain)) {
        line += value;
        return;
    }
    line += '"';
    for (const char byte : value) {
        if (byte == '"' || byte == '\\') line += '\\';
        line += static_cast<unsigned char>(byte) < 0x20 ? ' ' : byte;
    }
    line += '"';
}

class EventCounts {
 public:
    void count(std::string_view event) {
        const std::lock_guard lock(mutex_);
        const auto known = counts_.find(event);
        if (known != counts_.end()) {
            ++known->second;
        } else {
            ++counts_[counts_.size() < kEventsMax ? std::string(event) : "other"];
        }
    }
    [[nodiscard]] std::vector<std::pair<std::string, uint64_t>> all() {
        const std::lock_guard lock(mutex_);
        return {counts_.begin(), counts_.end()};
    }

 private:
    static constexpr size_t kEventsMax = 256;

    std::mutex mutex_;
    std::map<std::string, uint64_t, std::less<>> counts_;
};

EventCounts& counts_of_events() {
    static EventCounts counts;
    return counts;
}

std::atomic<uint64_t> lost_lines = 0;
std::atomic<bool> has_reader = true;

// A reader of stderr that has stopped reading must not stop us: a guard that waits for a log would
// be taken for dead. One that reads is waited for, once: many zones have many warnings, and what
// comes behind them counts. A pipe or socket that polls writable has room for any line of ours.
bool would_block() {
    constexpr int kPatienceMs = 50;
    pollfd out{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
    const bool is_writable = poll(&out, 1, has_reader ? kPatienceMs : 0) != 0;
    has_reader = is_writable;
    return !is_writable;
}

void write(spdlog::level::level_enum level, std::string_view event, Facts facts) {
    counts_of_events().count(event);
    if (would_block()) {
        ++lost_lines;
        return;
    }
    std::string line;
    if (journal_format) {
        line = level == spdlog::level::err ? "<3>" : level == spdlog::level::warn ? "<4>" : "<6>";
    }
    line += event;
    for (const auto& [name, value] : facts) {
        if (value.empty() && name == kWayOut) continue;  // There is none.
        line += ' ';
        line += name;
        line += '=';
        append_value(line, value);
    }
    if (const uint64_t lost = lost_lines.exchange(0); lost > 0) {
        line += " lines_lost_before=" + std::to_string(lost);
    }
    logger().log(level, line);
}

}  // namespace

void info(std::string_view event, Facts facts) { write(spdlog::level::info, event, facts); }
void warning(std::string_view event, Facts facts) { write(spdlog::level::warn, event, facts); }
void error(std::string_view event, Facts facts) { write(spdlog::level::err, event, facts); }

std::vector<std::pair<std::string, uint64_t>> event_counts() { return counts_of_events().all(); }

void use_journal_format() {
    journal_format = true;
    logger().set_pattern(kJournalPattern);
}

}  // namespace nearcast::base::log
