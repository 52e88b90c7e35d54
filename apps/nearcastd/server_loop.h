// SPDX-License-Identifier: Apache-2.0
//
// The main thread of a server: signals, reloads, the control socket, the watchdog, the end.
//
// It never touches a query. Workers start in open() and end with this object.

#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "answer/responder.h"
#include "authority/zone_service.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/pulse.h"
#include "base/result.h"
#include "control_socket.h"
#include "core_keeper.h"
#include "observe/metrics_endpoint.h"
#include "observe/statistics.h"
#include "observe/tap.h"
#include "reloader.h"
#include "serve/worker.h"
#include "server_process.h"
#include "service_manager.h"
#include "side_thread.h"
#include "tls/reloadable_context.h"
#include "zone/ledger.h"
#include "zone/zone_table.h"
#include "zone/zone_watch.h"
#include "zone_directory.h"
#include "zone_listing.h"

namespace nearcast::app {

// What the loop reads from a descriptor instead of being interrupted.
[[nodiscard]] sigset_t server_signals();

// One event for each zone that was loaded, failed or went, and one for the whole.
void log_report(const LoadReport& report);

// The zones, and what changes them. All outlive the loop.
struct ServedZones {
    zone::ZoneTable& table;
    zone::ZoneLedger& ledger;
    ZoneDirectory& directory;
};

class ServerLoop {
 public:
    // All references outlive the loop.
    ServerLoop(const ServerOptions& options, ServedZones served, tls::ReloadableContext& tls,
               std::vector<std::unique_ptr<serve::Worker>> workers);
    ServerLoop(const ServerLoop&) = delete;
    ServerLoop& operator=(const ServerLoop&) = delete;
    ~ServerLoop();

    // Starts the workers and opens what the loop waits for.
    [[nodiscard]] base::Result<void> open();

    // Tells who wants to know: how many files failed, and the secondaries of what was loaded.
    void announce(const LoadReport& report);

    // Until SIGTERM or SIGINT and the linger after it; returns the exit status.
    [[nodiscard]] int run();

 private:
    struct WaitingClient {
        ControlSocket::ClientId client = 0;
        uint64_t run = 0;
    };

    [[nodiscard]] answer::ResponderOptions with_cookies(answer::ResponderOptions options) const;
    // Once the zones are there.
    void doubt_sections();
    void start_workers();
    void offer_metrics();
    // What the workers' counters do not know. Any thread.
    void add_metrics(std::vector<observe::Metric>& metrics) const;
    // Replies with what `make` makes on the side thread.
    void reply_later(ControlSocket::ClientId client, std::move_only_function<std::string()> make);
    void look_at_zones();
    void retransfer(ControlSocket::ClientId client, const std::string& name);
    void wait_and_handle(base::Instant until);
    void handle_signal();
    void handle_request(ControlSocket::ClientId client, const std::string& line);
    uint64_t request_reload();
    void reload_cookie_secrets();
    void finish_reload();
    [[nodiscard]] answer::ResponderOptions responder_options() const;
    void tick(base::Instant now);
    void finish_look(const zone::ZoneHealth& health, base::Duration pause);
    [[nodiscard]] bool have_workers_moved();
    [[nodiscard]] base::Instant next_tick(base::Instant now) const;
    [[nodiscard]] std::string status_text() const;

    const ServerOptions& options_;
    zone::ZoneTable& zones_;
    tls::ReloadableContext& tls_;
    zone::ZoneLedger& ledger_;
    shield::CookieSecrets cookie_secrets_;
    observe::Statistics statistics_;
    authority::ZoneService service_;     // Has threads that use what is above.
    std::unique_ptr<observe::Tap> tap_;  // Null: not configured.
    std::vector<std::unique_ptr<serve::Answerer>> answerers_;
    std::unique_ptr<base::Pulse[]> own_pulses_;  // When nobody else brought any.
    std::span<base::Pulse> pulses_;
    std::vector<std::unique_ptr<serve::Worker>> workers_;         // Ends before what it uses above.
    std::optional<CoreKeeper> core_keeper_;                       // Once they are started.
    mutable std::mutex health_mutex_;                             // Guards the one below.
    zone::ZoneHealth health_;                                     // At the last look.
    std::unique_ptr<observe::MetricsEndpoint> metrics_endpoint_;  // Ends before what it tells of.
    Reloader reloader_;
    ServiceManager service_manager_;
    base::Fd signals_;
    std::unique_ptr<ControlSocket> control_;
    std::vector<WaitingClient> waiting_;
    std::string told_settings_;               // See tell_kept_settings().
    std::vector<KeptSetting> kept_settings_;  // By the reload that was asked for last.
    std::vector<uint64_t> seen_batches_;      // At the last tick of the watchdog.
    base::Instant watchdog_at_ = base::Instant::max();
    bool has_retired_zones_ = false;
    base::Instant look_at_ = base::Instant::min();  // At the zones, next.
    bool is_looking_ = false;
    bool is_stopping_ = false;
    base::Instant stop_at_ = base::Instant::max();
    zone::ZoneWatch zone_watch_;  // Of the side thread, and so is the listing.
    ZoneListing listing_;
    SideThread side_thread_;  // Ends before what it uses above.
};

}  // namespace nearcast::app
