// SPDX-License-Identifier: Apache-2.0

#include "served_zones_command.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "command.h"
#include "server_link.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace nearcast {
namespace {

using base::Result;
using nlohmann::json;

// A zone that changes while it is printed is begun anew; one that always does is not.
constexpr int kExportTries = 5;

struct Options {
    std::string zone;
    ServerLink server;
    bool is_json = false;
};

// All parts, until `take` has enough.
Result<void> ask_all(const ServerLink& server, const std::string& command,
                     const std::function<bool(const json&)>& take) {
    for (uint64_t from = 0;;) {
        const auto part = server.ask(command + ' ' + std::to_string(from));
        if (!part) return std::unexpected(part.error());
        if (!take(*part) || !part->contains("next")) return {};
        from = part->value("next", uint64_t{0});
    }
}

std::string line_of(const json& zone) {
    std::string text = zone.value("zone", std::string());
    if (!zone.value("has_data", true)) {
        return text + "  no data: it did not come so far, and answers SERVFAIL\n";
    }
    text += zone.value("is_served", false) ? "  serial " + std::to_string(zone.value("serial", 0U))
                                           : std::string("  SERVFAIL");
    text += "  from " + zone.value("origin", std::string());
    if (zone.value("is_updated", false)) text += ", changed by updates";
    text += "  " + std::to_string(zone.value("image_bytes", uint64_t{0})) + " bytes";
    const size_t changes = zone.value("journal_changes", uint64_t{0});
    if (changes > 0) {
        text += "  history from " + std::to_string(zone.value("journal_from", 0U)) + " (" +
                std::to_string(changes) + " changes)";
    }
    if (const auto back = zone.find("went_back_from"); back != zone.end() && back->is_number()) {
        text += "  went back from " + std::to_string(back->get<uint32_t>()) +
                ": sent whole until it is past that";
    }
    if (!zone.value("is_stored", true)) text += "  not stored yet";
    text += '\n';
    for (const json& damage : zone.value("damages", json::array())) {
        text += "  damaged: " + damage.get<std::string>() + '\n';
    }
    return text;
}

int list(const Options& options) {
    json damages = json::array();
    const auto done = ask_all(options.server, "zones", [&](const json& part) {
        for (const json& zone : part.value("zones", json::array())) {
            std::fputs(options.is_json ? (zone.dump() + '\n').c_str() : line_of(zone).c_str(),
                       stdout);
        }
        damages = part.value("damages", json::array());
        return true;
    });
    if (!done) return tell(done.error());
    for (const json& damage : damages) {
        std::fprintf(stderr, "the store is damaged: %s\n", damage.get<std::string>().c_str());
    }
    return 0;
}

int print_zone(const Options& options) {
    for (int tries = 0; tries < kExportTries; ++tries) {
        std::string text;
        json serial;
        bool is_one_version = true;
        const auto done = ask_all(options.server, "export " + options.zone, [&](const json& part) {
            if (serial.is_null()) serial = part.value("serial", json());
            is_one_version = serial == part.value("serial", json());
            text += part.value("text", std::string());
            return is_one_version;
        });
        if (!done) return tell(done.error());
        if (!is_one_version) continue;
        std::fputs(text.c_str(), stdout);
        return 0;
    }
    return tell({options.zone + " changes faster than it can be printed", "try again later"});
}

CLI::App* add_verb(CLI::App& node, const char* name, const char* help,
                   const std::shared_ptr<Options>& options) {
    CLI::App* verb = node.add_subcommand(name, help);
    options->server.declare(*verb);
    return verb;
}

}  // namespace

void add_served_zones_commands(CLI::App& node, int& status) {
    const auto options = std::make_shared<Options>();
    CLI::App* listed = add_verb(
        node, "zones",
        "What the running server has: of each zone its serial, where it came from, how far its "
        "history reaches back for IXFR, and what of it was damaged on disk",
        options);
    listed->add_flag("--json", options->is_json, "Print one JSON object for each zone");
    listed->callback([options, &status] { status = list(*options); });
    CLI::App* exported = add_verb(node, "export",
                                  "Print a zone as the running server has it, with what updates "
                                  "have changed, as a zone file",
                                  options);
    exported->add_option("ZONE", options->zone, "The zone's name")->required();
    exported->callback([options, &status] { status = print_zone(*options); });
}

}  // namespace nearcast
