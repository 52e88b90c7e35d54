// SPDX-License-Identifier: Apache-2.0

#include "audit_command.h"

#include <algorithm>
#include <string>

#include "console/json_text.h"
#include "controller.h"
#include "terminal.h"

namespace nearcast {
namespace {

using base::Result;
using console::text_of;
using nlohmann::json;

constexpr size_t kEntriesUsual = 100;
constexpr size_t kPageMax = 1'000;

struct Options : ControllerOptions {
    size_t most = kEntriesUsual;
};

Result<int> list(Controller& controller, const Options& options) {
    json entries = json::array();
    std::string before;
    while (entries.size() < options.most) {
        const size_t page = std::min(options.most - entries.size(), kPageMax);
        auto more = controller.get("/api/v1/audit?limit=" + std::to_string(page) + before);
        if (!more) return std::unexpected(more.error());
        if (!more->is_array() || more->empty()) break;
        before = "&before=" + text_of(more->back(), "sequence");
        const bool is_last = more->size() < page;
        for (json& entry : *more) entries.push_back(std::move(entry));
        if (is_last) break;
    }
    if (options.is_json) {
        print(entries);
        return 0;
    }
    console::Table table({"ENTRY", "AT (UTC)", "BY", "FROM", "DID", "TO", "DETAIL"});
    for (const json& entry : entries) {
        table.add({text_of(entry, "sequence"), console::moment_text(entry, "at"),
                   text_of(entry, "actor"), text_of(entry, "source"), text_of(entry, "action"),
                   text_of(entry, "subject"), text_of(entry, "detail")});
    }
    print(table, "nothing was done yet");
    return 0;
}

Result<int> verify(Controller& controller, const Options& options) {
    const auto verdict = controller.get("/api/v1/audit/verdict");
    if (!verdict) return std::unexpected(verdict.error());
    const std::string broken_at = text_of(*verdict, "broken_at");
    if (options.is_json) {
        print(*verdict);
    } else if (broken_at.empty()) {
        put("all " + text_of(*verdict, "entries") +
            " entries are as they were written; the last link is " +
            text_of(*verdict, "last_link") + '\n');
    } else {
        put("BROKEN at entry " + broken_at + ": " +
            console::printable(text_of(*verdict, "reason")) + '\n');
    }
    return broken_at.empty() ? 0 : 1;
}

}  // namespace

void add_audit_command(CLI::App& program, int& status) {
    CLI::App* family =
        program.add_subcommand("audit", "Who did what, and whether that was altered");
    family->require_subcommand(1);
    const auto listed =
        add_verb<Options>(*family, "list", "The audit log, the newest first", list, status);
    listed.app->add_option("--limit", listed.options->most, "So many at most")
        ->check(kListLimits)
        ->capture_default_str();
    add_verb<Options>(
        *family, "verify",
        "Check that no entry and no change was altered. Note the last link elsewhere: entries "
        "missing at the end show by it. Exit 1: something was altered",
        verify, status);
}

}  // namespace nearcast
