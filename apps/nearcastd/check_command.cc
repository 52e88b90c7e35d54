// SPDX-License-Identifier: Apache-2.0

#include "check_command.h"

#include <cstdio>
#include <filesystem>

#include "zone_directory.h"

namespace nearcast::app {
namespace {

bool has_zone_files(const std::string& directory) {
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(directory, failed)) {
        if (entry.path().extension() == ".zone") return true;
    }
    return false;
}

}  // namespace

int check_zones(const std::string& directory, Files files) {
    if (files == Files::Optional && !has_zone_files(directory)) {
        std::puts("no zone files; zones come from elsewhere");
        return 0;
    }
    zone::ZoneTable zones;
    const auto ledger = zone::ZoneLedger::open_in_memory(zones, {}, {"zones are only checked"});
    const base::Result<LoadReport> report = ZoneDirectory(directory, zones, *ledger).refresh();
    if (!report) {
        std::fprintf(stderr, "nearcastd: %s\n", to_text(report.error()).c_str());
        return 1;
    }
    for (const ZoneOutcome& outcome : report->changed) {
        for (const zone::Diagnostic& finding : outcome.findings) {
            std::printf("%s\n", finding.to_text().c_str());
        }
    }
    const size_t failed = report->failed();
    std::printf("%zu zones checked, %zu would not be served\n", report->changed.size(), failed);
    return failed == 0 ? 0 : 1;
}

}  // namespace nearcast::app
