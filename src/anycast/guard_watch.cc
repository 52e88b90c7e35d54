// SPDX-License-Identifier: Apache-2.0

#include "anycast/guard_watch.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "base/log.h"

namespace nearcast::anycast {
namespace {

using base::Duration;
using base::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Between two looks at the guard. Adds to the silence limit in the worst case, and costs 50
// wake-ups a second.
constexpr milliseconds kRound{20};

// How long a new guard may take from exec to its first beat, on a machine under full load.
constexpr seconds kGuardStartLimit{5};

// Between two starts of guards that die at once: bounds the work, never gives up.
constexpr milliseconds kStartDelayMin{10};
constexpr seconds kStartDelayMax{5};

}  // namespace

void SilenceMeter::restart(int64_t value, Duration limit) {
    value_ = value;
    current_limit_ = limit;
    silence_ = {};
}

void SilenceMeter::observe(int64_t value, Duration period, Duration lateness) {
    if (value != value_) return restart(value, limit_);
    if (lateness <= limit_ / 4) silence_ += period;
}

GuardWatch::GuardWatch(HeartbeatPage& page, Inheritance inheritance, Duration silence_limit)
    : page_(page), inheritance_(std::move(inheritance)), meter_(silence_limit) {
    page_.server_pid = getpid();
    page_.server_beat = to_count(base::now());
    take_hold();
    thread_ = std::thread([this] { run(); });
}

GuardWatch::~GuardWatch() {
    is_ending_ = true;
    thread_.join();
}

void GuardWatch::run() {
    Instant last = base::now();
    for (Instant due = last; !is_ending_;) {
        due += kRound;
        const auto left = std::max<Duration>(due - base::now(), Duration{});
        pollfd waiting{.fd = guard_.fd(), .events = POLLIN, .revents = 0};
        poll(&waiting, 1, static_cast<int>(std::chrono::ceil<milliseconds>(left).count()));
        const Instant now = base::now();
        page_.server_beat = to_count(now);
        if (guard_ && guard_.has_ended()) replace(now);
        if (!guard_ && now >= start_at_) replace(now);
        observe(now - last, now - due);
        last = now;
        due = std::max(due, now);
    }
}

void GuardWatch::take_hold() {
    const pid_t pid = page_.guard_pid;
    if (auto found = Process::open(pid)) guard_ = std::move(*found);
    meter_.restart(page_.guard_beat, kGuardStartLimit);
}

void GuardWatch::observe(Duration period, Duration lateness) {
    if (!guard_) return;
    // A flood may leave the guard no processor for a while: killed for that, it would take the
    // announcement with it.
    const bool is_starved =
        meter_.is_half_over() && starvation_.is_starved(guard_.pid(), guard_.pid());
    meter_.observe(page_.guard_beat, is_starved ? Duration{} : period,
                   std::max(lateness, Duration{}));
    if (!meter_.is_over()) return;
    guard_.send(SIGKILL);
    base::log::error("guard_silent", {{"pid", std::to_string(guard_.pid())}});
    meter_.restart(page_.guard_beat, kGuardStartLimit);
}

void GuardWatch::replace(Instant now) {
    if (guard_) {
        const bool was_young = page_.guard_pid != guard_.pid();  // It never came to its loop.
        start_delay_ = was_young ? std::min<Duration>(start_delay_ * 2, kStartDelayMax)
                                 : Duration(kStartDelayMin);
        start_at_ = was_young ? now + start_delay_ : now;
        (void)guard_.reap();
        guard_ = Process();
    }
    if (page_.is_stopping != 0 || now < start_at_) return;
    auto started = start_process(Role::Guard, inheritance_);
    if (!started) {
        base::log::error("guard_not_started", {{"reason", started.error().message}});
        start_at_ = now + kStartDelayMax;
        return;
    }
    guard_ = std::move(*started);
    meter_.restart(page_.guard_beat, kGuardStartLimit);
    base::log::warning("guard_replaced", {{"pid", std::to_string(guard_.pid())}});
}

}  // namespace nearcast::anycast
