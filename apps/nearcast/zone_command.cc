// SPDX-License-Identifier: Apache-2.0

#include "zone_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "controller.h"
#include "kept_zone_command.h"
#include "record_json.h"
#include "sign_command.h"
#include "zone/compile.h"
#include "zone/zone_text.h"
#include "zone_dnssec_command.h"
#include "zone_edit_command.h"
#include "zone_import_command.h"
#include "zone_report.h"

#include <CLI/CLI.hpp>

namespace nearcast {
namespace {

// `diff` as the usual program of that name has it: 1 is for files that differ.
constexpr int kDiffTrouble = 2;
constexpr int kUsageError = 2;

struct Options {
    std::vector<std::string> paths;
    std::string origin;
    std::string context;
    bool is_json = false;
    bool is_strict = false;
    bool is_relative = false;
    bool is_generic = false;
};

base::Result<zone::CompileOptions> compile_options(const Options& options) {
    zone::CompileOptions compile;
    if (options.origin.empty()) return compile;
    const dns::Name root;
    const auto origin = dns::parse_name(options.origin, &root);
    if (!origin)
        return std::unexpected(
            base::Error{"--origin: " + origin.error().message, "--origin example.org"});
    compile.origin = *origin;
    return compile;
}

int tell_usage(const base::Error& error) {
    tell(error);
    return kUsageError;
}

int check(const Options& options) {
    const auto compile = compile_options(options);
    if (!compile) return tell_usage(compile.error());
    const auto files = zone_files_of(options.paths);
    if (!files) return tell(files.error());
    if (compile->origin && files->size() > 1) {
        return tell_usage(
            {"--origin names one zone, and there are " + std::to_string(files->size()) + " files",
             "nearcast zone check --origin NAME FILE"});
    }
    const ZoneCheckReport report = check_zone_files(*files, *compile);
    std::fputs((options.is_json ? report.to_json() : report.to_text()).c_str(), stdout);
    return report.is_good(options.is_strict) ? 0 : 1;
}

// The zone in a file, or nothing when it cannot be read, which is then told.
std::optional<zone::ZoneDraft> read_or_tell(const std::string& path,
                                            const zone::CompileOptions& compile) {
    zone::ZoneFileRecords records = zone::read_zone_file(path, compile);
    for (const zone::Diagnostic& finding : records.diagnostics) {
        std::fputs(finding_text(finding).c_str(), stderr);
    }
    return std::move(records.draft);
}

int format(const Options& options) {
    const auto compile = compile_options(options);
    if (!compile) return tell_usage(compile.error());
    const auto draft = read_or_tell(options.paths.front(), *compile);
    if (!draft) return 1;
    const auto style = options.is_relative  ? dns::ZoneFileStyle::Relative
                       : options.is_generic ? dns::ZoneFileStyle::Generic
                                            : dns::ZoneFileStyle::Absolute;
    const std::string text = zone::zone_to_text(*draft, style);
    if (options.is_json) {
        print({{"zone", dns::to_text(draft->apex())}, {"records", records_json(text)}});
    } else {
        std::fputs(text.c_str(), stdout);
    }
    return 0;
}

// A file, or a zone as the controller keeps it when there is no such file.
std::optional<zone::ZoneDraft> file_or_kept_zone(const std::string& what, const Options& options,
                                                 const zone::CompileOptions& compile) {
    std::error_code error;
    if (std::filesystem::exists(what, error)) return read_or_tell(what, compile);
    auto controller = Controller::connect(options.context);
    const auto name = parse_zone(what);
    if (!controller || !name) {
        const base::Error& reason = controller ? name.error() : controller.error();
        tell({"there is no file " + what + ", and as a zone of the controller: " + reason.message,
              reason.hint});
        return std::nullopt;
    }
    const auto kept = controller->zone(*name);
    auto draft = kept ? console::draft_of(*name, kept->sets) : std::unexpected(kept.error());
    if (!draft) {
        tell(draft.error());
        return std::nullopt;
    }
    return *std::move(draft);
}

// Of lines with '-' and '+' in front.
void print_differences(const std::vector<std::string>& lines) {
    nlohmann::json told{{"is_same", lines.empty()},
                        {"removed", nlohmann::json::array()},
                        {"added", nlohmann::json::array()}};
    for (const std::string_view line : lines) {
        told[line.front() == '-' ? "removed" : "added"].push_back(record_json(line.substr(1)));
    }
    print(told);
}

int diff(const Options& options) {
    const auto compile = compile_options(options);
    if (!compile) return tell_usage(compile.error());
    const auto from = file_or_kept_zone(options.paths.at(0), options, *compile);
    const auto to = file_or_kept_zone(options.paths.at(1), options, *compile);
    if (!from || !to) return kDiffTrouble;
    const std::vector<std::string> lines = zone::compare_zones(*from, *to);
    if (options.is_json) {
        print_differences(lines);
    } else {
        for (const std::string& line : lines) std::printf("%s\n", line.c_str());
    }
    return lines.empty() ? 0 : 1;
}

using Action = int (*)(const Options&);

CLI::App* add_verb(CLI::App& zone, const char* name, const char* help, Action action,
                   const std::shared_ptr<Options>& options, int& status) {
    CLI::App* verb = zone.add_subcommand(name, help);
    verb->add_option("--origin", options->origin,
                     "The zone's name, and what relative names end with (default: the file's name "
                     "without .zone)")
        ->type_name("NAME");
    verb->callback([options, action, &status] { status = action(*options); });
    return verb;
}

}  // namespace

void add_zone_command(CLI::App& program, int& status) {
    CLI::App* zone = program.add_subcommand("zone", "Zones: at the controller, and in files");
    zone->require_subcommand(1);
    add_kept_zone_commands(*zone, status);
    add_zone_edit_command(*zone, status);
    add_zone_dnssec_commands(*zone, status);
    add_zone_import_command(*zone, status);
    const auto options = std::make_shared<Options>();

    CLI::App* checked = add_verb(
        *zone, "check",
        "Say what is wrong with zone files, as a server would that loads them. Errors: the zone "
        "would not be served. Warnings: it would, and something in it is likely a mistake. Exit 0: "
        "all would be served; 1: one would not",
        check, options, status);
    checked->add_option("FILE|DIR", options->paths, "Zone files; of a directory, its *.zone files")
        ->required();
    checked->add_flag("--json", options->is_json, "Print one JSON object");
    checked->add_flag("--strict", options->is_strict, "Exit 1 for warnings too");

    CLI::App* formatted = add_verb(
        *zone, "format",
        "Print a zone file in the one order in which two files of the same zone are alike: names "
        "in canonical order, one whole record a line. Includes and generated records stand in it",
        format, options, status);
    formatted->add_option("FILE", options->paths, "A zone file")->required()->expected(1);
    formatted->add_flag("--relative", options->is_relative,
                        "For people: $ORIGIN and $TTL in front, owners relative and said once");

    formatted
        ->add_flag("--generic", options->is_generic,
                   "For servers that know fewer types: all data as \\# size hex (RFC 3597)")
        ->excludes("--relative");
    formatted
        ->add_flag("--json", options->is_json,
                   "For programs: one line of JSON, with a member for each record")
        ->excludes("--relative")
        ->excludes("--generic");

    CLI::App* compared = add_verb(
        *zone, "diff",
        "Print the records that only one of two zones has: - of the first, + of the second. "
        "Exit 0: the same zone; 1: they differ; 2: one cannot be read",
        diff, options, status);
    compared
        ->add_option("FILE|ZONE", options->paths,
                     "Two of them; what is no file is a zone of the controller")
        ->required()
        ->expected(2);
    compared->add_option("--context", options->context, "The network of that controller")
        ->type_name("NAME");
    compared->add_flag("--json", options->is_json, "Print one line of JSON");
    compared->footer("Example:\n  nearcast zone diff example.org example.org.zone");
    add_sign_command(*zone, status);
}

}  // namespace nearcast
