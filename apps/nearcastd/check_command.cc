// SPDX-License-Identifier: Apache-2.0

#include "check_command.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "zone_directory.h"

namespace nearcast::app {
namespace {

bool has_zone_files(const std::string& directory) {
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
        if (zone::is_zone_file(entry.path().filename().string())) return true;
    }
    return false;
}

void print_doubts(const transfer::TransferConfig& transfers, zone::ZoneTable& zones) {
    const auto is_served = [&](const dns::Name& zone) {
        return zones.pin(zone).has_value() ||
               std::ranges::find(transfers.secondaries, zone, &transfer::SecondaryConfig::zone) !=
                   transfers.secondaries.end();
    };
    for (const base::Error& doubt : transfer::sections_for_nothing(transfers, is_served)) {
        std::printf("warning: %s\n", to_text(doubt).c_str());
    }
    for (const transfer::SecondaryConfig& secondary : transfers.secondaries) {
        if (!zones.pin(secondary.zone)) continue;
        const std::string zone = dns::to_text(secondary.zone);
        const base::Error doubt{
            zone + " has a file and a section [[secondary]]: the file is served",
            "remove one of the two"};
        std::printf("warning: %s\n", to_text(doubt).c_str());
    }
}

}  // namespace

int check_zones(const std::string& directory, const transfer::TransferConfig& transfers) {
    zone::ZoneTable zones;
    if (need_of_files(transfers) == Files::Optional && !has_zone_files(directory)) {
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

}  // namespace nearcast::app
