// SPDX-License-Identifier: Apache-2.0

#include "check_command.h"

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/writable.h"
#include "privileges.h"
#include "tls/certificate_check.h"
#include "zone/zone_folder.h"
#include "zone_directory.h"

namespace nearcast::app {
namespace {

void print_doubt(const base::Error& doubt) { std::printf("warning: %s\n", to_text(doubt).c_str()); }

void print_doubts(const transfer::TransferConfig& transfers, zone::ZoneTable& zones) {
    const auto has_file = [&](const dns::Name& zone) { return zones.pin(zone).has_value(); };
    for (const auto& doubts : {transfer::sections_for_nothing(transfers, has_file),
                               transfer::secondaries_with_files(transfers, has_file)}) {
        for (const base::Error& doubt : doubts) print_doubt(doubt);
    }
}

// Without its store a server serves all the same.
void check_store(const std::string& directory) {
    if (directory.empty()) return;
    if (const auto done = base::check_writable(directory); !done) {
        print_doubt({"the zone store: " + done.error().message +
                         "; zones would be kept in memory alone, and updates refused",
                     done.error().hint});
    }
}

// Nobody makes its folder.
base::Result<void> check_control_socket(const std::string& path) {
    if (path.empty()) return {};
    std::string folder = std::filesystem::path(path).parent_path();
    if (folder.empty()) folder = ".";
    if (::faccessat(AT_FDCWD, folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0) return {};
    auto failed = base::fail_errno("control socket " + path, errno);
    failed.error().hint = "a directory that exists and that the server's user may write";
    return failed;
}

base::Result<void> check_start(const ServerOptions& options, StoreCheck store) {
    const UsualUser usual =
        options.user.empty() ? usual_user(options.zones_directory) : UsualUser{options.user};
    if (!usual.unreadable.empty()) {
        print_doubt({"a server would serve as " + usual.name + ": the user " +
                         std::string(kDefaultUser) + " cannot read " + usual.unreadable,
                     "let him read " + options.zones_directory + " and what is in it, or --user"});
    }
    const auto user = drop_privileges(usual.name);
    if (!user) return std::unexpected(user.error());
    if (auto done = check_control_socket(options.control_socket); !done) return done;
    std::vector<base::Error> doubts;
    base::Result<void> done;
    if (options.transfers.tls.has_server()) {
        done = tls::check_certificate(options.transfers.tls.server, doubts);
    }
    tls::check_profiles(options.transfers.tls.profiles, doubts);
    for (const base::Error& doubt : doubts) print_doubt(doubt);
    if (!done) return done;
    if (options.cookies.has_secrets()) {
        const auto secrets = shield::load_cookie_secrets(options.cookies);
        if (!secrets) return std::unexpected(secrets.error());
    }
    if (store == StoreCheck::Wanted) check_store(store_directory(options));
    return {};
}

int check_zones(const std::string& directory, const transfer::TransferConfig& transfers) {
    zone::ZoneTable zones;
    const auto listed = zone::zone_files_in(directory);
    if (need_of_files(transfers) == Files::Optional && (!listed || listed->empty())) {
        if (!listed) print_doubt(listed.error());
        print_doubts(transfers, zones);
        std::puts("no zone files; zones come from elsewhere");
        return 0;
    }
    const auto ledger = zone::ZoneLedger::open_in_memory(zones, {}, {"zones are only checked"});
    ZoneFiles files(directory);
    const base::Result<LoadReport> report = ZoneDirectory(files, zones, *ledger).refresh();
    if (!report) {
        std::fprintf(stderr, "nearcastd: %s\n", to_text(report.error()).c_str());
        return 1;
    }
    for (const ZoneOutcome& outcome : report->changed) {
        for (const zone::Diagnostic& finding : outcome.findings) {
            std::printf("%s\n", finding.to_text().c_str());
        }
    }
    print_doubts(transfers, zones);
    const size_t failed = report->failed();
    std::printf("%zu zones checked, %zu would not be served\n", report->changed.size(), failed);
    return failed == 0 ? 0 : 1;
}

}  // namespace

int refuse_settings(const base::Error& error) {
    std::fprintf(stderr, "nearcastd: %s\n", to_text(error).c_str());
    return kSettingsWrong;
}

int check_server(const ServerOptions& options, StoreCheck store) {
    if (const auto done = check_start(options, store); !done) return refuse_settings(done.error());
    return check_zones(options.zones_directory, options.transfers);
}

}  // namespace nearcast::app
