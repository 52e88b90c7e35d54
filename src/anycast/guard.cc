// SPDX-License-Identifier: Apache-2.0

#include "anycast/guard.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/config_file.h"
#include "base/log.h"

namespace nearcast::anycast {
namespace {

using base::Duration;
using base::Instant;
using base::Result;
using std::chrono::milliseconds;
namespace log = base::log;

constexpr uint64_t kSignalKey = 1;
constexpr uint64_t kServerKey = 2;
constexpr uint64_t kProbeKey = 3;

// A wrong answer colours the judgement for so long; the next one comes within a probe interval.
constexpr std::chrono::seconds kWrongAnswerMemory{1};

// What an orderly stop waits for the server beyond its linger.
constexpr std::chrono::seconds kStopGrace{2};

GuardMemory recall(const HeartbeatPage& page) {
    return {.failures = page.failures, .failed_at = from_count(page.failed_at)};
}

// Sockets for every worker, address and transport, on machines with many cores.
void raise_descriptor_limit() {
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

base::Fd open_signals() {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&wanted, signal);
    sigprocmask(SIG_BLOCK, &wanted, nullptr);
    return base::Fd(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

std::string_view word_of(ServerState state) {
    constexpr std::array kWords = {"absent", "starting", "ready"};
    return kWords[static_cast<size_t>(state)];
}

std::string symptoms_of(const GuardLogic& logic) {
    std::string words;
    for (size_t i = 0; i < static_cast<size_t>(Symptom::Count); ++i) {
        const auto symptom = static_cast<Symptom>(i);
        if (logic.has_symptom(symptom)) words += (words.empty() ? "" : ",") + to_text(symptom);
    }
    return words;
}

}  // namespace

Guard::Guard(const NodeConfig& config, const ProbeQuestion& question, Inheritance inheritance,
             SharedPage page)
    : config_(config),
      inheritance_(std::move(inheritance)),
      page_(std::move(page)),
      logic_(config.guard, static_cast<uint32_t>(config.service_addresses().size()),
             recall(*page_)),
      udp_(config.service_addresses(), question, page_->probe_token, config.guard.hang_limit),
      tcp_(config.service_addresses(), question, page_->probe_token),
      signals_({config.tun, config.live_device}, {config.tun, config.pref_device}),
      routes_(config),
      desk_(config, [this](GuardStatus& status) { routes_.complete(status); }) {}

int Guard::run() {
    if (auto begun = begin(); !begun) {
        log::error("guard_not_started", {{"reason", to_text(begun.error())}});
        return 1;
    }
    const Duration round = std::min<Duration>(config_.guard.probe_interval / 2, milliseconds(25));
    for (Instant due = base::now() + round; !has_ended_;) {
        wait(due);
        const Instant now = base::now();
        if (now < due) continue;
        tick(now, now - due);
        due = std::max(due + round, now);
    }
    log::info("node_stopped");
    return exit_status_;
}

Result<void> Guard::begin() {
    raise_descriptor_limit();
    epoll_ = base::Fd(epoll_create1(EPOLL_CLOEXEC));
    signal_fd_ = open_signals();
    page_->guard_pid = getpid();
    page_->guard_beat = to_count(base::now());
    const bool is_successor = page_->guard_starts++ > 0;
    log::info("guard_started", {{"starts", std::to_string(page_->guard_starts)}});
    notice_.tell("MAINPID=" + std::to_string(getpid()));

    if (auto watched = watch(signal_fd_.get(), kSignalKey, EPOLLIN); !watched) return watched;
    if (auto watched = watch(udp_.fd(), kProbeKey, EPOLLIN); !watched) return watched;
    if (auto watched = watch(tcp_.fd(), kProbeKey, EPOLLIN); !watched) return watched;
    if (auto opened = desk_.open(); !opened) {
        // A full or missing run directory is no reason to leave a server that answers withdrawn.
        if (!is_successor) return opened;
        log::error("control_socket_not_opened", {{"reason", to_text(opened.error())}});
    }
    routes_.start();
    if (is_successor) {
        logic_.guard_replaced(base::now());
        adopt_server();
        return {};
    }
    // The first guard has an operator in front of it: what cannot work is told at once.
    for (const std::string& device : {config_.live_device, config_.pref_device}) {
        if (auto usable = check_device(config_.tun, device); !usable) return usable;
    }
    return {};
}

void Guard::adopt_server() {
    auto found = Process::open(page_->server_pid);
    if (!found || page_->server_state == ServerState::Absent) return;
    if (auto watched = watch(found->fd(), kServerKey, EPOLLIN); !watched) return;
    server_ = std::move(*found);
    logic_.server_started(base::now());
    was_ever_ready_ = true;
    log::info("server_adopted", {{"pid", std::to_string(server_.pid())}});
}

Result<void> Guard::watch(int fd, uint64_t key, uint32_t events) {
    epoll_event event{.events = events, .data = {.u64 = key}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
    return base::fail_errno("cannot watch a descriptor", errno);
}

// Everything that has happened is taken in before the next tick judges: after a pause of the whole
// machine, the answers that wait count before the time that passed does.
void Guard::wait(Instant due) {
    const auto left = std::max<Duration>(due - base::now(), Duration{});
    const auto timeout = std::chrono::ceil<milliseconds>(left).count();
    std::array<epoll_event, 8> ready{};
    const int count =
        epoll_wait(epoll_.get(), ready.data(), ready.size(), static_cast<int>(timeout));
    for (int i = 0; i < count; ++i) {
        switch (ready[static_cast<size_t>(i)].data.u64) {
            case kServerKey:
                take_server_end(base::now());
                break;
            case kSignalKey:
                take_signals();
                break;
            default:
                take_probes();
        }
    }
}

void Guard::take_signals() {
    signalfd_siginfo info{};
    while (read(signal_fd_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) reload();
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT) stop(base::now());
    }
}

void Guard::take_server_end(Instant now) {
    if (!server_ || !server_.has_ended()) return;
    logic_.server_gone(now);
    show(now);  // Before anything else: every microsecond here is an unanswered query.
    udp_.reset(0);
    tcp_.reset(0);
    is_server_ready_ = false;
    page_->server_state = ServerState::Absent;
    const auto end = server_.reap();
    const std::string how = !end              ? "unknown"
                            : end->was_killed ? "signal " + std::to_string(end->code)
                                              : "status " + std::to_string(end->code);
    log::warning("server_ended", {{"pid", std::to_string(server_.pid())}, {"how", how}});
    server_ = Process();
    if (stopped_at_) has_ended_ = true;
    if (!was_ever_ready_ && end && !end->was_killed && end->code != 0) {
        // It could not even start once, and has said why: no use in trying for ever.
        has_ended_ = true;
        exit_status_ = 1;
    }
}

void Guard::take_probes() {
    events_.clear();
    udp_.receive(events_);
    tcp_.receive(events_);
    for (const ProbeEvent& event : events_) {
        if (event.kind == ProbeEvent::Kind::Asked) logic_.asked(event.lane);
        if (event.kind != ProbeEvent::Kind::Answered) continue;
        logic_.answered(event.lane);
        if (!event.is_right) wrong_until_ = base::now() + kWrongAnswerMemory;
    }
}

void Guard::tick(Instant now, Duration lateness) {
    page_->guard_beat = to_count(now);
    take_probes();
    read_page(now);
    read_symptoms(now);
    logic_.tick(now, lateness);
    show(now);
    obey(now);
    if (now >= next_ask_) {
        next_ask_ = now + config_.guard.probe_interval;
        events_.clear();
        udp_.ask(now, events_);
        tcp_.ask(now, events_);
        for (const ProbeEvent& event : events_) {
            if (event.kind == ProbeEvent::Kind::Asked) logic_.asked(event.lane);
            if (event.kind == ProbeEvent::Kind::AskedInSearch) logic_.asked_in_search();
            if (event.kind == ProbeEvent::Kind::LostInSearch) logic_.lost_in_search();
        }
    }
    page_->failures = logic_.memory().failures;
    page_->failed_at = to_count(logic_.memory().failed_at);
    notice_.keep_alive(now);
    report(now);
}

void Guard::read_page(Instant now) {
    if (!server_) return;
    logic_.server_beat(page_->server_beat);
    const uint32_t workers = page_->worker_count;
    if (!is_server_ready_ && page_->server_state == ServerState::Ready && workers > 0) {
        is_server_ready_ = was_ever_ready_ = true;
        logic_.server_ready(now, workers);
        udp_.reset(workers);
        tcp_.reset(workers);
        notice_.tell("READY=1\nSTATUS=serving");
        log::info("server_ready", {{"workers", std::to_string(workers)}});
    }
    for (uint32_t i = 0; is_server_ready_ && i < workers; ++i) {
        const base::Pulse& pulse = page_->pulses[i];
        logic_.pulse(i, pulse.batches.load(std::memory_order_relaxed));
        if (!logic_.is_suspect(i)) continue;
        if (starvation_[i].is_starved(server_.pid(), pulse.thread)) logic_.starved(i);
    }
}

void Guard::read_symptoms(Instant now) {
    const uint32_t told = page_->server_symptoms;
    logic_.set_symptom(Symptom::ZoneStale, (told & kSymptomZoneStale) != 0);
    logic_.set_symptom(Symptom::ZoneLoadFailed, (told & kSymptomZoneLoadFailed) != 0);
    logic_.set_symptom(Symptom::SignaturesExpiring, (told & kSymptomSignaturesExpiring) != 0);
    logic_.set_symptom(Symptom::DiskFull,
                       desk_.is_disk_full() || (told & kSymptomStoreFailed) != 0);
    logic_.set_symptom(Symptom::WrongAnswers, now < wrong_until_);
    logic_.set_drained(desk_.is_drained());
}

void Guard::obey(Instant now) {
    if (stopped_at_ && now >= *stopped_at_ + config_.guard.linger + kStopGrace) {
        if (server_) server_.send(SIGKILL);
        has_ended_ = true;
        return;
    }
    if (logic_.order() == GuardLogic::Order::Start && !server_) start_server(now);
    if (logic_.order() == GuardLogic::Order::Kill && server_) {
        server_.send(SIGKILL);
        if (is_condemned_) return;
        is_condemned_ = true;
        const auto worker = logic_.hung_worker();
        log::error("server_hung", {{"pid", std::to_string(server_.pid())},
                                   {"worker", worker ? std::to_string(*worker) : "none"}});
    }
}

void Guard::start_server(Instant now) {
    page_->server_state = ServerState::Absent;
    page_->worker_count = 0;
    page_->server_symptoms = 0;
    auto started = start_process(Role::Server, inheritance_);
    Result<void> watched;
    if (started) watched = watch(started->fd(), kServerKey, EPOLLIN);
    if (!started || !watched) {
        const base::Error& problem = started ? watched.error() : started.error();
        log::error("server_not_started", {{"reason", problem.message}});
        if (started) started->send(SIGKILL);
        return logic_.server_gone(now);
    }
    server_ = std::move(*started);
    is_condemned_ = false;
    page_->server_pid = server_.pid();
    ++page_->server_starts;
    logic_.server_started(now);
    log::info("server_started", {{"pid", std::to_string(server_.pid())}});
}

// The server lingers by itself; the guard lowers its signals in order meanwhile. Told a second
// time, it does not wait.
void Guard::stop(Instant now) {
    if (stopped_at_) {
        has_ended_ = true;
        (void)signals_.show({});  // Before its death, and before anybody's thread is waited for.
        if (server_) server_.send(SIGKILL);
        return;
    }
    stopped_at_ = now;
    page_->is_stopping = 1;
    notice_.tell("STOPPING=1");
    log::info("node_stopping", {{"linger", base::to_text(config_.guard.linger)}});
    logic_.stop(now);
    show(now);
    if (server_) {
        server_.send(SIGTERM);
    } else {
        has_ended_ = true;
    }
}

void Guard::reload() {
    log::info("reload");
    // One that has not come as far as main() would die of it. It reads what is there anyway.
    if (server_ && page_->server_state != ServerState::Absent) server_.send(SIGHUP);
}

void Guard::show(Instant now) {
    const Signals wanted = logic_.wanted();
    const Signals before = signals_.shown();
    if (wanted == before) return;
    const auto shown = signals_.show(wanted);
    const std::string problem = shown ? "" : to_text(shown.error());
    if (problem != signal_problem_ && !problem.empty()) {
        log::error("signal_not_raised", {{"reason", problem}});
    }
    signal_problem_ = problem;
    if (signals_.shown() == before) return;
    const auto held = std::max<Duration>(logic_.held_until() - now, Duration{});
    log::info("announcement",
              {{"state", state_word(signals_.shown())},
               {"symptoms", symptoms_of(logic_)},
               {"drained", logic_.is_drained() ? "yes" : "no"},
               {"held", base::to_text(std::chrono::duration_cast<milliseconds>(held))}});
}

void Guard::report(Instant now) {
    GuardStatus status;
    status.node = config_.name;
    status.pop = config_.pop;
    status.guard_pid = getpid();
    status.server_pid = server_.pid();
    status.guard_starts = page_->guard_starts;
    status.server_starts = page_->server_starts;
    status.server_state = word_of(page_->server_state);
    status.signals = signals_.shown();
    status.is_stopping = stopped_at_.has_value();
    status.failures = logic_.memory().failures;
    const auto held = std::max<Duration>(logic_.held_until() - now, Duration{});
    status.held_ms = std::chrono::duration_cast<milliseconds>(held).count();
    for (size_t i = 0; i < static_cast<size_t>(Symptom::Count); ++i) {
        const auto symptom = static_cast<Symptom>(i);
        if (logic_.has_symptom(symptom)) status.symptoms.push_back(to_text(symptom));
    }
    const uint32_t workers = is_server_ready_ ? page_->worker_count.load() : 0;
    for (uint32_t i = 0; i < workers; ++i) {
        const base::Pulse& pulse = page_->pulses[i];
        status.workers.push_back(
            {logic_.was_reached(i), pulse.batches, pulse.queries, pulse.dropped});
        status.query_count += pulse.queries;
    }
    routes_.expect(status.signals);
    desk_.publish(status);
}

}  // namespace nearcast::anycast
