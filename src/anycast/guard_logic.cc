// SPDX-License-Identifier: Apache-2.0

#include "anycast/guard_logic.h"

#include <algorithm>
#include <cassert>

namespace nearcast::anycast {
namespace {

using base::Duration;
using base::Instant;

// `first` doubled `times` times, never beyond `highest`.
Duration doubled(Duration first, uint32_t times, Duration highest) {
    Duration value = first;
    for (uint32_t i = 0; i < times && value < highest; ++i) value *= 2;
    return std::min(value, highest);
}

}  // namespace

GuardLogic::GuardLogic(const GuardLimits& limits, uint32_t address_count, const GuardMemory& memory)
    : limits_(limits), address_count_(address_count), memory_(memory) {
    assert(address_count > 0);
}

void GuardLogic::server_started(Instant now) {
    assert(server_ == Server::Gone);
    server_ = Server::Starting;
    order_ = Order::None;
    beat_ = 0;
    beat_silence_ = {};
    judge_signals(now);
}

void GuardLogic::server_ready(Instant now, uint32_t worker_count) {
    assert(worker_count > 0);
    if (server_ != Server::Starting) return;
    server_ = Server::Ready;
    workers_.assign(worker_count, Worker{});
    for (Worker& worker : workers_) worker.tallies.resize(size_t{address_count_} * 2);
    whole_at_.reset();
    search_time_ = {};
    has_lost_search_ = false;
    window_end_ = now + limits_.soft_limit;
}

void GuardLogic::server_gone(Instant now) {
    if (server_ == Server::Gone && order_ != Order::Start) return;
    if (server_ == Server::Ready && !stop_at_) fail(now);
    server_ = Server::Gone;
    order_ = Order::None;
    workers_.clear();
    whole_at_.reset();
    start_at_ = now + doubled(limits_.restart_delay, deaths_, limits_.restart_delay_max);
    ++deaths_;
    judge_signals(now);
}

void GuardLogic::guard_replaced(Instant now) { fail(now); }

void GuardLogic::asked(const Lane& lane) {
    Tally* tally = tally_of(lane);
    if (tally == nullptr) return;
    ++tally->asked;
    if (lane.transport == Transport::Udp) workers_[lane.worker].is_waiting = true;
}

void GuardLogic::answered(const Lane& lane) {
    Tally* tally = tally_of(lane);
    if (tally == nullptr) return;
    ++tally->answered;
    Worker& worker = workers_[lane.worker];
    worker.is_waiting = false;
    worker.silence = {};
    if (lane.transport == Transport::Udp) worker.was_reached = true;
}

void GuardLogic::asked_in_search() {
    for (Worker& worker : workers_) {
        if (!worker.was_reached) worker.is_waiting = true;
    }
}

void GuardLogic::lost_in_search() {
    search_time_ = {};
    has_lost_search_ = true;
}

void GuardLogic::pulse(uint32_t worker, uint64_t value) {
    if (worker >= workers_.size() || workers_[worker].pulse == value) return;
    workers_[worker].pulse = value;
    workers_[worker].is_waiting = false;
    workers_[worker].silence = {};
}

void GuardLogic::server_beat(int64_t value) {
    if (value == beat_) return;
    beat_ = value;
    beat_silence_ = {};
}

void GuardLogic::starved(uint32_t worker) {
    if (worker < workers_.size()) workers_[worker].is_starved = true;
}

void GuardLogic::set_symptom(Symptom symptom, bool is_present) {
    symptoms_[static_cast<size_t>(symptom)] = is_present;
}

bool GuardLogic::has_symptom(Symptom symptom) const {
    return symptoms_[static_cast<size_t>(symptom)];
}

void GuardLogic::stop(Instant now) {
    if (!stop_at_) stop_at_ = now;
    judge_signals(now);
}

bool GuardLogic::was_reached(uint32_t worker) const {
    return worker < workers_.size() && workers_[worker].was_reached;
}

bool GuardLogic::is_suspect(uint32_t worker) const {
    return worker < workers_.size() && workers_[worker].silence >= limits_.hang_limit / 2;
}

void GuardLogic::tick(Instant now, Duration lateness) {
    Duration period = last_tick_ ? now - *last_tick_ : Duration{};
    last_tick_ = now;
    if (lateness > limits_.hang_limit / 4) period = {};
    count_silence(period);
    roll_window(now);
    judge_server(now);
    judge_signals(now);
    assert(wanted_.live || !wanted_.pref);
}

void GuardLogic::count_silence(Duration period) {
    beat_silence_ += period;
    for (Worker& worker : workers_) {
        if (worker.is_waiting && !worker.is_starved) worker.silence += period;
        worker.is_starved = false;
    }
    if (!whole_at_) search_time_ += period;
}

void GuardLogic::roll_window(Instant now) {
    if (workers_.empty() || now < window_end_) return;
    window_end_ = now + limits_.soft_limit;
    bool is_poor[2] = {false, false};
    for (Worker& worker : workers_) {
        for (size_t i = 0; i < worker.tallies.size(); ++i) {
            Tally& tally = worker.tallies[i];
            // One question alone may be under way just now.
            if (tally.asked >= 2) tally.is_poor = tally.answered * 2 < tally.asked;
            tally.asked = tally.answered = 0;
            is_poor[i % 2] |= tally.is_poor;
        }
    }
    set_symptom(Symptom::ProbesLost, is_poor[0]);
    set_symptom(Symptom::TcpFails, is_poor[1]);
}

void GuardLogic::judge_server(Instant now) {
    switch (server_) {
        case Server::Gone:
            order_ = now >= start_at_ && !stop_at_ ? Order::Start : Order::None;
            break;
        case Server::Starting:
            if (beat_silence_ >= limits_.start_limit) condemn(now, std::nullopt);
            break;
        case Server::Ready:
            judge_workers(now);
            break;
        case Server::Condemned:
            break;
    }
}

void GuardLogic::judge_workers(Instant now) {
    bool all_reached = true;
    bool any_reached = false;
    for (uint32_t i = 0; i < workers_.size(); ++i) {
        const Worker& worker = workers_[i];
        // A worker that was never reached is silent also while the search has not found it yet. It
        // is hung only if questions were lost.
        const bool is_hung = worker.was_reached || whole_at_
                                 ? worker.was_reached && worker.silence >= limits_.hang_limit
                                 : has_lost_search_ && worker.silence >= limits_.start_limit;
        if (is_hung) return condemn(now, i);
        all_reached &= worker.was_reached;
        any_reached |= worker.was_reached;
    }
    // Every question is answered, only never by all workers: that is no reason to stay away.
    const bool is_search_vain = any_reached && search_time_ >= limits_.soft_limit;
    if (!whole_at_ && (all_reached || is_search_vain)) whole_at_ = now;
    set_symptom(Symptom::WorkerUnreached, whole_at_ && !all_reached);
    if (whole_at_ && now - *whole_at_ >= 2 * limits_.restart_delay_max) deaths_ = 0;
}

void GuardLogic::judge_signals(Instant now) {
    const bool is_withdrawn = stop_at_ && now >= *stop_at_ + limits_.linger / 4;
    const bool live = server_ == Server::Ready && whole_at_ && !is_withdrawn;
    if (live && !wanted_.live && is_hold_up_due_) {
        is_hold_up_due_ = false;
        held_until_ = now + hold_up();
    }
    if (std::ranges::any_of(symptoms_, [](bool is_present) { return is_present; })) {
        soft_until_ = now + limits_.soft_recovery;
    }
    const bool is_sound = !is_drained_ && !stop_at_ && now >= soft_until_ && now >= held_until_;
    wanted_ = {.live = live, .pref = live && is_sound};
}

void GuardLogic::fail(Instant now) {
    if (memory_.failures > 0 && now - memory_.failed_at >= limits_.hold_up_reset) {
        memory_.failures = 0;
    }
    ++memory_.failures;
    memory_.failed_at = now;
    is_hold_up_due_ = true;
}

void GuardLogic::condemn(Instant now, std::optional<uint32_t> worker) {
    if (server_ == Server::Ready) fail(now);
    server_ = Server::Condemned;
    order_ = Order::Kill;
    hung_worker_ = worker;
}

Duration GuardLogic::hold_up() const {
    assert(memory_.failures > 0);
    return doubled(limits_.hold_up, memory_.failures - 1, limits_.hold_up_max);
}

GuardLogic::Tally* GuardLogic::tally_of(const Lane& lane) {
    assert(lane.address < address_count_);
    if (lane.worker >= workers_.size()) return nullptr;
    return &workers_[lane.worker]
                .tallies[size_t{lane.address} * 2 + (lane.transport == Transport::Tcp ? 1 : 0)];
}

}  // namespace nearcast::anycast
