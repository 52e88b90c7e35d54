// SPDX-License-Identifier: Apache-2.0

#include "check_command.h"

#include <cstdio>

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

}  // namespace

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

}  // namespace nearcast::app
