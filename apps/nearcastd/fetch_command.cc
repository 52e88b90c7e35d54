// SPDX-License-Identifier: Apache-2.0

#include "fetch_command.h"

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "anycast/node_config.h"
#include "authority/zone_service.h"
#include "base/clock.h"
#include "observe/statistics.h"
#include "privileges.h"
#include "server_process.h"
#include "server_sections.h"
#include "zone/ledger.h"

namespace nearcast::app {
namespace {

using base::Result;

// A million zones over a slow line take less.
constexpr std::chrono::hours kPatience{2};

int cannot_fetch(const base::Error& error) {
    std::fprintf(stderr, "nearcastd: %s\n", to_text(error).c_str());
    return 1;
}

int tell(const std::optional<transfer::ServedReport>& report, size_t zones) {
    if (!report) {
        return cannot_fetch(
            {"the catalog did not come", "primaries in [[catalog.follow]], and the log above"});
    }
    if (!report->serial) {
        return cannot_fetch({"more than " + std::to_string(transfer::ServedReport::kLateMax) +
                                 " zones could not be fetched",
                             "the log above says why"});
    }
    for (const transfer::ServedReport::Late& late : report->late) {
        std::printf("%s is missing: %s\n", dns::to_text(late.zone).c_str(), late.reason.c_str());
    }
    std::printf("%zu zones fetched, %zu are missing\n", zones, report->late.size());
    return report->late.empty() ? 0 : 1;
}

Result<void> check(const ServerOptions& options, const std::string& path) {
    for (const transfer::FollowedCatalog& each : options.transfers.followed_catalogs) {
        if (each.wants_reports) return {};
    }
    return base::fail(path + ": there is no catalog to fetch the zones of",
                      "a section [[catalog.follow]] with report = true");
}

}  // namespace

int fetch_zones(const std::string& config_path) {
    std::signal(SIGPIPE, SIG_IGN);
    const auto config = anycast::read_node_config(config_path);
    if (!config) return cannot_fetch(config.error());
    ServerOptions options;
    if (auto done = read_sections(config_path, options); !done) return cannot_fetch(done.error());
    if (auto done = check(options, config_path); !done) return cannot_fetch(done.error());
    if (auto user = drop_privileges(config->user); !user) return cannot_fetch(user.error());
    const std::string directory = options.store.directory.empty()
                                      ? config->state_directory + "/store"
                                      : options.store.directory;
    zone::ZoneTable table;
    auto ledger = zone::ZoneLedger::open(directory, table, options.store.limits);
    if (!ledger) return cannot_fetch(ledger.error());
    observe::Statistics statistics(1, options.metrics, table);
    authority::ZoneService service(options.transfers, table, **ledger, {}, statistics.worker(0));
    service.start_catalogs(authority::ZoneService::Reports::Kept);
    const auto report = service.wait_until_served(base::now() + kPatience);
    // The catalogs are no zones of anybody's.
    const size_t catalogs = options.transfers.followed_catalogs.size();
    return tell(report, table.size() - std::min(table.size(), catalogs));
}

}  // namespace nearcast::app
