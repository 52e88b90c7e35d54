// SPDX-License-Identifier: Apache-2.0
//
// The process that answers DNS: sockets, workers, zones, reloads, from start to orderly end.
//
// It runs the same alone (nearcastd --zones) and beside a guard (--role server). All that differs
// is in ServerOptions. One thread, the caller's, handles signals, the control socket and the
// service manager; zones load on a thread of their own; each worker answers on its own.

#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/pulse.h"
#include "observe/metrics_config.h"
#include "observe/tap_config.h"
#include "serve/serve_config.h"
#include "shield/cookie_config.h"
#include "transfer/transfer_config.h"
#include "zone/store_config.h"
#include "zone/zone_watch.h"

namespace nearcast::app {

// More workers than cores of the largest machine one would give to this; a bound for memory that
// is shared before the server starts.
constexpr unsigned kWorkersMax = 256;

struct ServerOptions {
    // Where most of this comes from, and what the file said. Empty: it all stands here.
    std::string settings_path;
    std::string settings_text;

    std::string zones_directory;
    // Start even when there is no *.zone file, or no directory: zones may come later.
    bool is_empty_allowed = false;
    std::vector<base::SocketAddress> listen;
    unsigned threads = 0;                // 0: one for each core that this process may use.
    serve::ServeConfig serve;            // TLS, and the limits of connections.
    transfer::TransferConfig transfers;  // Keys, certificates, and who may have which zone.
    zone::StoreConfig store;
    shield::CookieConfig cookies;
    observe::MetricsConfig metrics;
    observe::TapConfig dnstap;

    // Who answers: NSID, id.server and hostname.bind. Empty: the machine's name and no place.
    std::string node;
    std::string pop;

    // One for each worker, which alone writes it; may lie in memory shared with a guard. At least
    // worker_count(threads) long, or empty: then nobody else watches.
    std::span<base::Pulse> pulses;
    // A query bearing it is the guard's own question. All zero: there is no guard.
    std::array<uint8_t, 16> probe_token{};

    std::string control_socket;  // Path of server.sock. Empty: none.
    // Whom to become once the sockets are bound, when started as root. Empty: see usual_user().
    std::string user;
    // Tell systemd READY, RELOADING, STOPPING, and feed its watchdog. False beside a guard, which
    // does that for both.
    bool notifies_service_manager = false;
    // How long to go on answering after SIGTERM.
    std::chrono::milliseconds linger{0};
    // Called once, on the calling thread, when every worker answers. May be empty.
    std::function<void()> on_serving;
    // Called on the calling thread after each load, with the number of files that are not served
    // as they lie on disk; 1 when there are none, or nobody can tell. May be empty.
    std::function<void(size_t behind)> on_loaded;
    // How long before the end of a signature to warn of it.
    std::chrono::milliseconds signature_warning = std::chrono::hours(48);
    // Called on the calling thread now and then. May be empty.
    std::function<void(const zone::ZoneHealth&)> on_zone_health;
    // Called on any thread when zones cannot be stored any more, and when they can again. May be
    // empty.
    std::function<void(bool is_failing)> on_store_trouble;
};

// How many workers `threads` means on this machine, at most kWorkersMax.
[[nodiscard]] unsigned worker_count(unsigned threads);

// Where zones are kept; empty: in memory alone. A server alone needs no store for its files. What
// comes from elsewhere is kept in any case.
[[nodiscard]] std::string store_directory(const ServerOptions& options);

// SIGHUP, SIGTERM and SIGINT are taken from a descriptor. A program that starts threads of its own
// before run_server() calls this first, so that no thread gets them.
void block_server_signals();

// Serves until SIGTERM or SIGINT; returns the exit status. Says on stderr why it cannot start.
[[nodiscard]] int run_server(const ServerOptions& options);

}  // namespace nearcast::app
