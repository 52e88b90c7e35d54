// SPDX-License-Identifier: Apache-2.0

#include "zone_import_command.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "controller.h"
#include "terminal.h"
#include "zone_report.h"
#include "zone_upload.h"

namespace nearcast {
namespace {

using base::Result;
using nlohmann::json;

struct Options : ControllerOptions {
    std::vector<std::string> paths;
    std::string server;
    std::string tsig;
    bool allows_include = false;
};

void print_json(const std::vector<Uploaded>& uploaded) {
    json list = json::array();
    for (const Uploaded& each : uploaded) {
        list.push_back({{"source", each.source},
                        {"zone", each.zone},
                        {"outcome", each.outcome},
                        {"sequence", json::parse(each.sequence, nullptr, false)},
                        {"error", each.error}});
        if (list.back()["sequence"].is_discarded()) list.back()["sequence"] = nullptr;
    }
    print(list);
}

void print_text(const std::vector<Uploaded>& uploaded) {
    std::map<std::string, size_t> counts;
    for (const Uploaded& each : uploaded) {
        ++counts[each.outcome];
        if (each.outcome != "failed") continue;
        const bool tells_source = each.error.starts_with(each.source);
        put((tells_source ? "" : each.source + ": ") + each.error + '\n');
    }
    if (uploaded.size() == 1 && counts["failed"] == 0) {
        const Uploaded& one = uploaded.front();
        put(one.zone + " is " + one.outcome +
            (one.sequence.empty() ? "" : " (change " + one.sequence + ")") + '\n');
        return;
    }
    std::string text;
    for (const auto& [outcome, count] : counts) {
        if (count == 0) continue;
        text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + outcome;
    }
    put(console::counted(uploaded.size(), "zone") + ": " + text + '\n');
}

// A controller's changes are served in their order: who serves the last serves all.
std::string last_change(const std::vector<Uploaded>& uploaded) {
    uint64_t last = 0;
    for (const Uploaded& each : uploaded) {
        if (!each.sequence.empty()) last = std::max<uint64_t>(last, std::stoull(each.sequence));
    }
    return last == 0 ? std::string() : std::to_string(last);
}

// Waits so many seconds for all together, however many they are.
void tell_problems(Controller& controller, const std::vector<Uploaded>& uploaded,
                   const std::string& last, uint32_t limit) {
    const base::Instant end = base::now() + std::chrono::seconds(limit);
    tell_problem(controller, last, limit);
    for (const Uploaded& each : uploaded) {
        // One that cannot be published may be known so before those that came earlier.
        const auto left = std::chrono::floor<std::chrono::seconds>(end - base::now()).count();
        const auto rest = static_cast<uint32_t>(std::max<int64_t>(left, 0));
        if (each.sequence != last) tell_problem(controller, each.sequence, rest);
    }
}

Result<int> finish(Controller& controller, const std::vector<Uploaded>& uploaded,
                   const Options& options) {
    for (const Uploaded& each : uploaded) std::fputs(each.findings.c_str(), stderr);
    if (options.is_json) {
        print_json(uploaded);
    } else {
        print_text(uploaded);
    }
    const std::string last = last_change(uploaded);
    tell_problems(controller, uploaded, last, options.publishing_limit());
    const bool has_failed = std::ranges::any_of(
        uploaded, [](const Uploaded& each) { return each.outcome == "failed"; });
    if (has_failed) return 1;
    if (options.wait.empty()) return 0;
    return last.empty() ? 0 : await_change(controller, last, options);
}

Result<int> import_from_server(Controller& controller, const Options& options) {
    const auto name = parse_zone(options.paths.front());
    if (!name) return std::unexpected(name.error());
    const auto fetched = fetch_zone(*name, options.server, options.tsig);
    if (!fetched)
        return base::within(dns::to_text(*name) + " from " + options.server, fetched.error());
    Uploaded done = upload(controller, *fetched, options.comment);
    done.source = options.server;
    if (fetched->left_out > 0 && !options.is_json) {
        put(std::to_string(fetched->left_out) + " records that a signer made are left out\n");
    }
    return finish(controller, {done}, options);
}

Result<int> import(Controller& controller, const Options& options) {
    if (!options.server.empty() && options.paths.size() > 1) {
        return base::fail("--axfr fetches one zone, and there are several names");
    }
    if (!options.server.empty()) return import_from_server(controller, options);
    const auto files = zone_files_of(options.paths);
    if (!files) return std::unexpected(files.error());
    const zone::CompileOptions compile{.includes_only_beside = !options.allows_include};
    return finish(controller, upload_files(*files, compile, options), options);
}

}  // namespace

void add_zone_import_command(CLI::App& zone, int& status) {
    const auto [verb, options] = add_verb<Options>(
        zone, "import",
        "Put zones into the controller: from files, of a directory its *.zone files, or from "
        "another server. New zones are made; of others the sets that differ are changed. Goes on "
        "after a zone that fails, and tells all of them at the end: exit 1",
        import, status);
    options->declare_change(*verb);
    verb->add_option("FILE|DIR|ZONE", options->paths, "What to import; with --axfr a zone's name")
        ->required();
    CLI::Option* server =
        verb->add_option("--axfr", options->server,
                         "Fetch the zone from there: an address, its port behind an @ or a colon")
            ->type_name("SERVER[@PORT]");
    verb->add_option("--tsig", options->tsig,
                     "The key for that; others on this machine may see it while the command runs")
        ->type_name("[ALGORITHM:]NAME:SECRET")
        ->needs(server);
    verb->add_flag("--allow-include", options->allows_include,
                   "Follow $INCLUDE to files outside of the folder of a zone's file too; what they "
                   "hold shows in the zone, or in what is told of errors");
    verb->footer(
        "Examples:\n  nearcast zone import example.org.zone\n  nearcast zone import "
        "/etc/bind/zones --comment 'from the old server'\n  nearcast zone import --axfr "
        "192.0.2.53 example.org");
}

}  // namespace nearcast
