// SPDX-License-Identifier: Apache-2.0

#include "server_loop.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "authority/certificate.h"
#include "base/log.h"
#include "server_metrics.h"
#include "server_report.h"
#include "server_sections.h"
#include "zone_listing.h"

namespace nearcast::app {
namespace {

using base::Instant;
using base::Result;
using std::chrono::milliseconds;
namespace log = base::log;

// How often to look whether replaced zones are unused. Idle workers are offline, so the memory of
// an old version mostly goes at the first look; a stuck worker keeps it, at no cost but this.
constexpr milliseconds kCollectInterval{250};

// How often to look for zones that have expired and signatures that end. A look goes over all
// zones, a second of the side thread for a million: it is due so much later that it costs a
// thousandth of a core, but no sooner and no later than this. What it looks for has hours and days
// of warning.
constexpr std::chrono::seconds kLookIntervalMin{15};
constexpr std::chrono::minutes kLookIntervalMax{5};
constexpr int kLookShare = 1000;

// With the name of a zone behind it.
constexpr std::string_view kRetransfer = "retransfer ";
constexpr std::string_view kExport = "export ";
constexpr std::string_view kZones = "zones";

// Networks that are told to who asks for them.
constexpr size_t kTalkersTold = 100;

// Zones that are told one by one when they load.
constexpr size_t kZonesToldMax = 1000;

std::string machine_name() {
    std::array<char, 256> name{};
    return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

answer::Identity identity_of(const ServerOptions& options) {
    return {.pop = options.pop,
            .node = options.node.empty() ? machine_name() : options.node,
            .version = NEARCAST_VERSION};
}

answer::PrivateZones private_zones(const ServerOptions& options) {
    answer::PrivateZones zones;
    for (const dns::Name& catalog : options.transfers.catalogs()) zones.add(catalog);
    return zones;
}

}  // namespace

sigset_t server_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGHUP, SIGTERM, SIGINT}) sigaddset(&signals, signal);
    return signals;
}

namespace {

void log_finding(const ZoneOutcome& outcome, const zone::Diagnostic& finding) {
    const std::string place = finding.file.empty() ? outcome.file : finding.place();
    if (finding.severity == zone::Severity::Error) {
        log::error("zone_error", {{"zone", outcome.zone},
                                  {"at", place},
                                  {"reason", finding.message},
                                  {"try", finding.hint}});
    } else {
        log::warning("zone_warning",
                     {{"zone", outcome.zone}, {"at", place}, {"reason", finding.message}});
    }
}

void log_outcome(const ZoneOutcome& outcome) {
    for (const zone::Diagnostic& finding : outcome.findings) log_finding(outcome, finding);
    const std::string serial = outcome.serial ? std::to_string(*outcome.serial) : "none";
    if (outcome.is_loaded) {
        log::info("zone_loaded", {{"zone", outcome.zone}, {"serial", serial}});
    } else {
        log::error(
            "zone_failed",
            {{"zone", outcome.zone}, {"file", outcome.file}, {"still_serving_serial", serial}});
    }
}

struct Numbered {
    std::string what;
    uint64_t number = 0;
};

// "export example.org 300": the part of the answer that begins with 300. The first without it.
Numbered number_behind(const std::string& command) {
    Numbered found{.what = command};
    const size_t space = command.rfind(' ');
    if (space == std::string::npos) return found;
    const char* const end = command.data() + command.size();
    const auto read = std::from_chars(command.data() + space + 1, end, found.number);
    if (read.ec == std::errc() && read.ptr == end) found.what.resize(space);
    return found;
}

}  // namespace

void log_report(const LoadReport& report) {
    // A server of very many zones would fill the log at each start with what is as it should be.
    const bool tells_each = report.changed.size() <= kZonesToldMax;
    for (const ZoneOutcome& outcome : report.changed) {
        if (tells_each || !outcome.findings.empty()) log_outcome(outcome);
    }
    for (const std::string& zone : report.withdrawn) log::info("zone_withdrawn", {{"zone", zone}});
    log::info("zones_loaded", {{"loaded", std::to_string(report.changed.size() - report.failed())},
                               {"unchanged", std::to_string(report.unchanged)},
                               {"restored", std::to_string(report.restored)},
                               {"failed", std::to_string(report.failed())},
                               {"withdrawn", std::to_string(report.withdrawn.size())},
                               {"milliseconds", std::to_string(report.duration.count())}});
}

ServerLoop::ServerLoop(const ServerOptions& options, ServedZones served,
                       tls::ReloadableContext& tls,
                       std::vector<std::unique_ptr<serve::Worker>> workers)
    : options_(options),
      zones_(served.table),
      tls_(tls),
      ledger_(served.ledger),
      // One more than there are workers: for the threads that may wait, together.
      statistics_(workers.size() + 1, options.metrics, served.table),
      service_(options.transfers, served.table, served.ledger, with_cookies(responder_options()),
               statistics_.worker(workers.size())),
      pulses_(options.pulses),
      workers_(std::move(workers)),
      reloader_(served.directory),
      service_manager_(options.notifies_service_manager),
      seen_batches_(workers_.size(), 0),
      zone_watch_(served.ledger, served.table, options.signature_warning),
      listing_(served.ledger, served.table) {
    if (pulses_.empty()) {
        own_pulses_ = std::make_unique<base::Pulse[]>(workers_.size());
        pulses_ = {own_pulses_.get(), workers_.size()};
    }
    assert(pulses_.size() >= workers_.size());
    served.directory.share_with(
        {.has = [this](const dns::Name& zone) { return service_.is_from_elsewhere(zone); },
         .wants = [this](const dns::Name& zone) { return service_.is_kept_by_file(zone); }});
}

ServerLoop::~ServerLoop() {
    service_.stop();
    for (const auto& worker : workers_) worker->stop();  // All at once; each is waited for later.
}

Result<void> ServerLoop::open() {
    if (const auto done = publish_cookie_secrets(options_.cookies, cookie_secrets_); !done) {
        return std::unexpected(done.error());
    }
    const sigset_t signals = server_signals();
    signals_ = base::Fd(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_) return base::fail_errno("open a descriptor for signals", errno);
    if (!options_.control_socket.empty()) {
        Result<std::unique_ptr<ControlSocket>> control =
            ControlSocket::open(options_.control_socket,
                                [this](ControlSocket::ClientId client, const std::string& line) {
                                    handle_request(client, line);
                                });
        if (!control) return std::unexpected(control.error());
        control_ = std::move(*control);
    }
    doubt_sections();
    service_.start_catalogs();
    start_workers();
    offer_metrics();
    return {};
}

void ServerLoop::doubt_sections() {
    const auto is_served = [this](const dns::Name& zone) { return zones_.pin(zone).has_value(); };
    for (const base::Error& doubt : transfer::sections_for_nothing(options_.transfers, is_served)) {
        log::warning("setting_doubtful", {{"reason", doubt.message}, {"try", doubt.hint}});
    }
}

// Whether anybody can watch decides nothing about answering.
void ServerLoop::offer_metrics() {
    statistics_.add_source([this](auto& metrics) { add_metrics(metrics); });
    if (!options_.metrics.listen) return;
    auto endpoint = observe::MetricsEndpoint::open(*options_.metrics.listen,
                                                   [this] { return statistics_.collect(); });
    if (endpoint) {
        metrics_endpoint_ = *std::move(endpoint);
        log::info("metrics_offered", {{"at", to_text(*options_.metrics.listen)}});
    } else {
        log::error("metrics_not_offered",
                   {{"reason", endpoint.error().message}, {"try", endpoint.error().hint}});
    }
}

void ServerLoop::add_metrics(std::vector<observe::Metric>& metrics) const {
    ServerNumbers numbers{.identity = identity_of(options_),
                          .zones = zones_.size(),
                          .pulses = pulses_.first(workers_.size()),
                          .is_by_core = core_keeper_->is_by_core()};
    for (const auto& worker : workers_) {
        numbers.connections += worker->connection_count();
        numbers.tcp.push_back(&worker->tcp_tallies());
        if (!options_.serve.xdp.empty()) numbers.frames.push_back(worker->frame_counts());
    }
    add_server_metrics(numbers, metrics);
    {
        const std::lock_guard lock(health_mutex_);
        add_zone_metrics(health_, ledger_.store_bytes(), metrics);
    }
    add_transfer_metrics({.desks = service_.desk_tallies(),
                          .fetched = service_.fetch_tallies(),
                          .notices = service_.notice_tallies()},
                         metrics);
    if (!tap_) return;
    add_total("nearcast_dnstap_frames_total", "Frames that a dnstap reader took",
              tap_->frames_written(), metrics);
    add_total("nearcast_dnstap_dropped_total", "Exchanges that no dnstap reader got",
              tap_->exchanges_dropped(), metrics);
}

answer::ResponderOptions ServerLoop::with_cookies(answer::ResponderOptions options) const {
    if (options_.cookies.is_enabled) options.cookie_secrets = &cookie_secrets_;
    options.cookie_policy = options_.cookies.policy;
    return options;
}

void ServerLoop::start_workers() {
    if (options_.dnstap.is_on()) {
        const answer::Identity identity = identity_of(options_);
        tap_ = std::make_unique<observe::Tap>(
            options_.dnstap, observe::TapIdentity{identity.node, "nearcastd " + identity.version},
            workers_.size());
    }
    for (size_t i = 0; i < workers_.size(); ++i) {
        answer::ResponderOptions options = with_cookies(responder_options());
        options.probe_token = options_.probe_token;
        options.worker_index = static_cast<uint16_t>(i);
        const authority::Witnesses witnesses{
            .counters = statistics_.worker(i),
            .note = tap_ ? std::optional(tap_->note_for(i)) : std::nullopt};
        answerers_.push_back(service_.make_answerer(options, witnesses));
        workers_[i]->start(*answerers_[i], pulses_[i]);
    }
    core_keeper_.emplace(options_.serve, workers_);
}

int ServerLoop::run() {
    service_manager_.ready(status_text());
    if (service_manager_.watchdog_interval() > milliseconds(0)) watchdog_at_ = base::now();
    if (options_.on_serving) options_.on_serving();
    for (Instant now = base::now(); now < stop_at_; now = base::now()) {
        tick(now);
        wait_and_handle(next_tick(now));
    }
    log::info("stopped");
    return 0;
}

void ServerLoop::wait_and_handle(Instant until) {
    std::vector<pollfd> wait{
        {signals_.get(), POLLIN, 0}, {reloader_.fd(), POLLIN, 0}, {side_thread_.fd(), POLLIN, 0}};
    if (control_) control_->append_to(wait);
    int limit = -1;
    if (until != Instant::max()) {
        const auto left = std::chrono::ceil<milliseconds>(until - base::now());
        limit = static_cast<int>(std::max<int64_t>(left.count(), 0));
    }
    if (::poll(wait.data(), wait.size(), limit) <= 0) return;
    if (wait[0].revents != 0) handle_signal();
    if (wait[1].revents != 0) finish_reload();
    if (wait[2].revents != 0) side_thread_.finish();
    if (control_) control_->handle(wait);
}

void ServerLoop::handle_signal() {
    signalfd_siginfo signal{};
    if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return;
    if (signal.ssi_signo == SIGHUP) {
        (void)request_reload();
        return;
    }
    if (is_stopping_) return;
    is_stopping_ = true;
    stop_at_ = base::now() + options_.linger;
    service_manager_.stopping();
    log::info("stopping", {{"linger_ms", std::to_string(options_.linger.count())}});
}

void ServerLoop::handle_request(ControlSocket::ClientId client, const std::string& line) {
    const std::string command = requested_command(line);
    if (command == "reload") {
        waiting_.push_back({client, request_reload()});
    } else if (command == "status") {
        control_->reply(client, status_json(zones_.size(), pulses_.first(workers_.size()),
                                            statistics_.collect()));
    } else if (command == "talkers") {
        const auto now = std::chrono::floor<std::chrono::seconds>(base::unix_now());
        control_->reply(client, talkers_json(statistics_.busiest_talkers(kTalkersTold, now)));
    } else if (command.starts_with(kZones)) {
        reply_later(client,
                    [this, from = number_behind(command).number] { return listing_.zones(from); });
    } else if (command.starts_with(kExport)) {
        reply_later(client, [this, wish = number_behind(command)] {
            return listing_.records(wish.what.substr(kExport.size()), wish.number);
        });
    } else if (command.starts_with(kRetransfer)) {
        retransfer(client, command.substr(kRetransfer.size()));
    } else {
        control_->reply(
            client,
            to_json(base::Error{"unknown command",
                                "reload, status, talkers, zones, export ZONE or retransfer ZONE"}));
    }
}

void ServerLoop::reply_later(ControlSocket::ClientId client,
                             std::move_only_function<std::string()> make) {
    const bool is_taken = side_thread_.run([this, client, make = std::move(make)]() mutable {
        return SideThread::Ending([this, client, line = make()] { control_->reply(client, line); });
    });
    if (!is_taken) {
        control_->reply(client, to_json(base::Error{"too many such commands wait already",
                                                    "again in a moment"}));
    }
}

void ServerLoop::look_at_zones() {
    look_at_ = Instant::max();
    is_looking_ = side_thread_.run([this] {
        const Instant start = base::now();
        const auto unix_time = std::chrono::floor<std::chrono::seconds>(base::unix_now());
        const zone::ZoneHealth health = zone_watch_.look(unix_time);
        listing_.forget_old();
        const base::Duration pause = (base::now() - start) * kLookShare;
        return SideThread::Ending([this, health, pause] { finish_look(health, pause); });
    });
    if (!is_looking_) look_at_ = base::now() + kLookIntervalMin;
}

void ServerLoop::finish_look(const zone::ZoneHealth& health, base::Duration pause) {
    is_looking_ = false;
    if (options_.on_zone_health) options_.on_zone_health(health);
    {
        const std::lock_guard lock(health_mutex_);
        health_ = health;
    }
    // What was loaded meanwhile has made it due already.
    look_at_ = std::min(look_at_, base::now() + std::clamp<base::Duration>(pause, kLookIntervalMin,
                                                                           kLookIntervalMax));
}

void ServerLoop::retransfer(ControlSocket::ClientId client, const std::string& name) {
    const dns::Name root;
    const auto zone = dns::parse_name(name, &root);
    if (!zone) {
        control_->reply(client, to_json(zone.error()));
    } else if (!service_.retransfer(*zone)) {
        control_->reply(client, to_json(base::Error{dns::to_text(*zone) + " is no zone that comes "
                                                                          "from a primary",
                                                    "one with a [[secondary]] section"}));
    } else {
        control_->reply(client, retransfer_json(*zone));
    }
}

uint64_t ServerLoop::request_reload() {
    service_manager_.reloading();
    kept_settings_.clear();
    reload_cookie_secrets();
    if (auto kept = tell_kept_settings(options_, told_settings_)) {
        kept_settings_.push_back({*std::move(kept), "what it said at the start goes on"});
    }
    return reloader_.request();
}

void ServerLoop::reload_cookie_secrets() {
    const auto done = publish_cookie_secrets(options_.cookies, cookie_secrets_);
    if (done) return;
    log::error("cookie_secrets_kept",
               {{"reason", done.error().message}, {"try", done.error().hint}});
    kept_settings_.push_back({done.error(), "the last good secrets go on"});
}

void ServerLoop::announce(const LoadReport& report) {
    if (options_.on_loaded) options_.on_loaded(report.behind);
    look_at_ = Instant::min();
    if (report.restored > 0) return service_.notify_of_all();
    for (const ZoneOutcome& outcome : report.changed) {
        if (!outcome.is_loaded) continue;
        if (const auto zone = dns::parse_name(outcome.zone)) service_.notify(*zone);
    }
}

answer::ResponderOptions ServerLoop::responder_options() const {
    return {.identity = identity_of(options_),
            .udp_payload_max = options_.serve.udp_payload_max,
            .private_zones = private_zones(options_)};
}

void ServerLoop::finish_reload() {
    std::optional<Reloader::Finished> finished = reloader_.take();
    if (!finished) return;
    service_.note_files();
    if (finished->report) {
        if (options_.transfers.tls.has_server()) {
            finished->report->certificate = authority::reload_certificate(
                tls_, std::chrono::floor<std::chrono::seconds>(base::unix_now()));
        }
        finished->report->kept = kept_settings_;
        log_report(*finished->report);
        // The ledger has told the secondaries of each change.
        if (options_.on_loaded) options_.on_loaded(finished->report->behind);
    } else {
        log::error("reload_failed", {{"reason", finished->report.error().message},
                                     {"try", finished->report.error().hint}});
        if (options_.on_loaded) options_.on_loaded(1);
    }
    const std::string reply = to_json(finished->report);
    std::erase_if(waiting_, [&](const WaitingClient& waiting) {
        if (waiting.run > finished->run) return false;
        control_->reply(waiting.client, reply);
        return true;
    });
    has_retired_zones_ = true;
    look_at_ = Instant::min();
    service_manager_.ready(status_text());
}

void ServerLoop::tick(Instant now) {
    if (has_retired_zones_) has_retired_zones_ = zones_.collect() > 0;
    if (now >= look_at_ && !is_looking_) look_at_zones();
    core_keeper_->look(now);
    if (now < watchdog_at_) return;
    // A worker that did not even answer the nudge of the last tick is stuck. Left unfed, the
    // service manager restarts the process.
    if (have_workers_moved()) service_manager_.feed_watchdog();
    for (const auto& worker : workers_) worker->nudge();
    watchdog_at_ = now + service_manager_.watchdog_interval();
}

bool ServerLoop::have_workers_moved() {
    bool have_moved = true;
    for (size_t i = 0; i < workers_.size(); ++i) {
        const uint64_t batches = pulses_[i].batches.load(std::memory_order_relaxed);
        const bool is_first_look = seen_batches_[i] == 0;
        have_moved &= is_first_look || batches != seen_batches_[i];
        seen_batches_[i] = batches;
    }
    return have_moved;
}

Instant ServerLoop::next_tick(Instant now) const {
    Instant next = std::min({stop_at_, watchdog_at_, core_keeper_->due()});
    if (!is_looking_) next = std::min(next, look_at_);
    if (has_retired_zones_) next = std::min(next, now + kCollectInterval);
    return next;
}

std::string ServerLoop::status_text() const {
    return "Serving " + std::to_string(zones_.size()) + " zones on " +
           std::to_string(workers_.size()) + " workers";
}

}  // namespace nearcast::app
