// SPDX-License-Identifier: Apache-2.0

#include "server_process.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include <malloc.h>
#include <sys/resource.h>

#include "authority/certificate.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/side_by_side.h"
#include "privileges.h"
#include "serve/listen_address.h"
#include "server_loop.h"
#include "xdp_ports.h"
#include "zone_directory.h"

namespace nearcast::app {
namespace {

using base::Error;
using base::Result;
namespace log = base::log;

// Workers never allocate; the main and the loading thread do, seldom at once. More arenas than two
// keep freed memory apart and cost 100 KiB or more each when idle.
constexpr int kArenasMax = 2;

// From this size on freed memory goes back to the system at once. Left to itself the allocator
// raises the limit with what it sees, up to 32 MiB: of reading a large zone file 20 MB would stay.
constexpr int kMappedSizeMin = 1 << 20;

// Descriptors beside the workers' own: log, signals, control clients, zone files, and some air.
constexpr size_t kOtherDescriptors = 64;

// Below this a server is not worth starting: it would turn clients away at the first burst.
constexpr size_t kConnectionsMin = 16;

int cannot_start(const Error& error) {
    std::fprintf(stderr, "nearcastd: %s\n", to_text(error).c_str());
    return 1;
}

// Shares out the descriptors that the system grants; the rest of the limits stay as they are.
Result<serve::TcpLimits> tcp_limits(const serve::TcpLimits& wanted, size_t workers,
                                    size_t addresses) {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);

    serve::TcpLimits limits = wanted;
    const size_t granted = files.rlim_max == RLIM_INFINITY ? SIZE_MAX : files.rlim_max;
    const size_t fixed = kOtherDescriptors + workers * (2 + 2 * addresses);
    const size_t left = granted > fixed ? (granted - fixed) / workers : 0;
    if (left < kConnectionsMin) {
        return base::fail("the limit of " + std::to_string(granted) +
                              " open files leaves too few for TCP connections",
                          "ulimit -n 4096, or LimitNOFILE= in the unit");
    }
    limits.connections_max = std::min(limits.connections_max, left);
    return limits;
}

using Workers = std::vector<std::unique_ptr<serve::Worker>>;

Result<Workers> open_workers(const ServerOptions& options, const tls::ReloadableContext& tls) {
    const size_t count = worker_count(options.threads);
    const auto free = serve::check_are_free(options.listen, options.serve.tls_listen);
    if (!free) return std::unexpected(free.error());
    const size_t addresses = options.listen.size() + options.serve.tls_listen.size();
    const Result<serve::TcpLimits> limits = tcp_limits(options.serve.tcp, count, addresses);
    if (!limits) return std::unexpected(limits.error());
    Workers workers;
    for (size_t i = 0; i < count; ++i) {
        Result<std::unique_ptr<serve::Worker>> worker =
            serve::Worker::open({.listen = options.listen,
                                 .tcp = *limits,
                                 .tls_listen = options.serve.tls_listen,
                                 .tls = &tls});
        if (!worker) return std::unexpected(worker.error());
        workers.push_back(std::move(*worker));
    }
    return workers;
}

// Who can read more than the zones can also be made to.
std::string user_of(const ServerOptions& options) {
    if (!options.user.empty()) return options.user;
    const UsualUser usual = usual_user(options.zones_directory);
    if (!usual.unreadable.empty()) {
        const std::string wanted(kDefaultUser);
        log::warning(
            "serves_as_root",
            {{"reason", "the user " + wanted + " cannot read " + usual.unreadable},
             {"try", "let him read " + options.zones_directory + " and what is in it, or --user"}});
    }
    return usual.name;
}

// What clients were told is stored must be there after a restart.
std::unique_ptr<zone::ZoneLedger> open_in_memory(const ServerOptions& options,
                                                 zone::ZoneTable& zones, const Error& why) {
    if (!options.transfers.updates.empty()) {
        log::error("updates_refused",
                   {{"reason", why.message}, {"try", why.hint}, {"next", "they get SERVFAIL"}});
    }
    return zone::ZoneLedger::open_in_memory(
        zones, options.store.limits,
        {"an update would be lost when the server ends: " + why.message, why.hint});
}

// Without its store a server serves all the same, and says so.
std::unique_ptr<zone::ZoneLedger> open_ledger(const ServerOptions& options,
                                              zone::ZoneTable& zones) {
    const std::string directory = store_directory(options);
    if (directory.empty()) {
        return open_in_memory(options, zones,
                              {"no zone store is configured", "set directory in [store]"});
    }
    auto ledger = zone::ZoneLedger::open(directory, zones, options.store.limits);
    if (!ledger) {
        log::error("store_unavailable", {{"reason", ledger.error().message},
                                         {"try", ledger.error().hint},
                                         {"next", "zones are kept in memory alone"}});
        if (options.on_store_trouble) options.on_store_trouble(true);
        return open_in_memory(options, zones, ledger.error());
    }
    (*ledger)->on_trouble([&options](const std::optional<Error>& trouble) {
        zone::log_store_trouble(trouble);
        if (options.on_store_trouble) options.on_store_trouble(trouble.has_value());
    });
    return *std::move(ledger);
}

// Until there is a ZoneService that knows all who have zones from elsewhere.
OtherSources primaries_of(const transfer::TransferConfig& transfers) {
    std::unordered_set<std::string> fetched;  // By dns::key_of().
    for (const auto& secondary : transfers.secondaries) {
        fetched.insert(dns::key_of(secondary.zone));
    }
    return {.has = {}, .wants = [fetched = std::move(fetched)](const dns::Name& zone) {
                return fetched.contains(dns::key_of(zone));
            }};
}

Result<LoadReport> load_zones(ZoneDirectory& directory, bool is_empty_allowed) {
    Result<LoadReport> report = directory.refresh();
    if (report) log_report(*report);
    if (report || !is_empty_allowed) return report;
    log::error("zones_unavailable",
               {{"reason", report.error().message}, {"try", report.error().hint}});
    LoadReport nothing;
    nothing.behind = 1;
    return nothing;
}

}  // namespace

unsigned worker_count(unsigned threads) {
    return std::clamp(threads == 0 ? base::usable_cores() : threads, 1U, kWorkersMax);
}

std::string store_directory(const ServerOptions& options) {
    if (!options.store.directory.empty()) return options.store.directory;
    const bool is_needed = !options.transfers.secondaries.empty() ||
                           !options.transfers.updates.empty() ||
                           !options.transfers.catalogs().empty();
    return is_needed ? options.transfers.directory : std::string();
}

void block_server_signals() {
    const sigset_t signals = server_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

int run_server(const ServerOptions& options) {
    mallopt(M_ARENA_MAX, kArenasMax);
    mallopt(M_MMAP_THRESHOLD, kMappedSizeMin);
    std::signal(SIGPIPE, SIG_IGN);  // A reader of the log that ends does not end the server.
    block_server_signals();
    tls::ReloadableContext tls(options.transfers.tls.server);
    Result<Workers> workers = open_workers(options, tls);
    if (!workers) return cannot_start(workers.error());
    // Attached as long as there are workers, and a little longer.
    const std::vector<xdp::Port> ports = open_ports(options, *workers);
    const Result<std::string> user = drop_privileges(user_of(options));
    if (!user) return cannot_start(user.error());

    // As the user who has to read it again later.
    if (options.transfers.tls.has_server()) {
        const auto now = std::chrono::floor<std::chrono::seconds>(base::unix_now());
        if (const auto read = authority::load_certificate(tls, now); !read) {
            return cannot_start(read.error());
        }
    }
    ZoneFiles files(options.zones_directory);  // Are listed while the store is read.
    zone::ZoneTable zones;
    const auto ledger = open_ledger(options, zones);
    ZoneDirectory directory(files, zones, *ledger, need_of_files(options.transfers));
    directory.share_with(primaries_of(options.transfers));
    const Result<LoadReport> loaded = load_zones(directory, options.is_empty_allowed);
    if (!loaded) return cannot_start(loaded.error());
    ServerLoop loop(options, {zones, *ledger, directory}, tls, std::move(*workers));
    if (const Result<void> opened = loop.open(); !opened) return cannot_start(opened.error());
    log::info("serving", {{"zones", std::to_string(zones.size())},
                          {"workers", std::to_string(worker_count(options.threads))},
                          {"user", *user}});
    loop.announce(*loaded);
    return loop.run();
}

}  // namespace nearcast::app
