// SPDX-License-Identifier: Apache-2.0

#include "zone_report.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "zone/zone_folder.h"

#include <nlohmann/json.hpp>

namespace nearcast {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using zone::Diagnostic;
using zone::Severity;

// Of a line, what a terminal shows in one row; the place is always within.
constexpr size_t kExcerptMax = 100;

std::string line_of(const std::string& path, size_t number) {
    std::ifstream file(path, std::ios::binary);
    std::string line;
    for (size_t i = 0; i < number; ++i) {
        if (!std::getline(file, line)) return {};
    }
    return line;
}

// No control characters, which a terminal would obey; a tab is as wide as one character, so that
// the mark under the line stands where it should.
std::string printable(std::string_view text) {
    std::string shown(text);
    std::ranges::replace_if(
        shown, [](char c) { return static_cast<uint8_t>(c) < ' ' || c == 0x7F; }, ' ');
    return shown;
}

std::string excerpt(const Diagnostic& finding) {
    if (finding.line == 0 || finding.file.empty()) return {};
    std::string line = line_of(finding.file, finding.line);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) return {};
    size_t mark = finding.column == 0 ? 0 : std::min(finding.column - 1, line.size());
    const size_t cut = mark > kExcerptMax / 2 ? mark - kExcerptMax / 2 : 0;
    const std::string number = "  " + std::to_string(finding.line) + " | ";
    std::string text = number + (cut > 0 ? "..." : "") +
                       printable(std::string_view(line).substr(cut, kExcerptMax)) + '\n';
    if (finding.column == 0) return text;
    mark = mark - cut + (cut > 0 ? 3 : 0);
    return text + std::string(number.size() - 2, ' ') + "| " + std::string(mark, ' ') + "^\n";
}

size_t count_of(const ZoneCheckReport::Zone& zone, Severity severity) {
    return static_cast<size_t>(std::ranges::count(zone.findings, severity, &Diagnostic::severity));
}

std::string counted(size_t count, const std::string& what) {
    return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string summary(const ZoneCheckReport::Zone& zone) {
    const size_t warnings = count_of(zone, Severity::Warning);
    std::string text = zone.file + ": ";
    if (!zone.is_served) {
        return text + "not served: " + counted(count_of(zone, Severity::Error), "error") +
               (warnings > 0 ? ", " + counted(warnings, "warning") : "") + '\n';
    }
    return text + zone.name + " serial " + std::to_string(zone.serial) + ", " +
           counted(zone.record_count, "record") + ", " +
           (warnings > 0 ? counted(warnings, "warning") : "good") + '\n';
}

json to_object(const Diagnostic& finding) {
    return {{"severity", finding.severity == Severity::Error ? "error" : "warning"},
            {"file", finding.file},
            {"line", finding.line},
            {"column", finding.column},
            {"check", finding.check},
            {"message", finding.message},
            {"try", finding.hint}};
}

json to_object(const ZoneCheckReport::Zone& zone) {
    json object{{"file", zone.file},
                {"zone", zone.name},
                {"served", zone.is_served},
                {"serial", nullptr},
                {"records", zone.record_count},
                {"findings", json::array()}};
    if (zone.is_served) object["serial"] = zone.serial;
    for (const Diagnostic& finding : zone.findings) {
        object["findings"].push_back(to_object(finding));
    }
    return object;
}

}  // namespace

base::Result<std::vector<std::string>> zone_files_of(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            files.push_back(path);
            continue;
        }
        auto listed = zone::zone_files_in(path);
        if (!listed) return listed;
        if (listed->empty()) {
            return base::fail(path + " has no *.zone files",
                              zone::with_slash(path) + "example.org.zone");
        }
        std::ranges::move(*listed, std::back_inserter(files));
    }
    return files;
}

std::string finding_text(const Diagnostic& finding) {
    const std::string text = finding.to_text();
    const size_t end = text.find('\n');
    return text.substr(0, end) + '\n' + excerpt(finding) +
           (end == std::string::npos ? "" : text.substr(end + 1) + '\n');
}

bool ZoneCheckReport::is_good(bool is_strict) const {
    return std::ranges::all_of(zones, [is_strict](const Zone& zone) {
        return zone.is_served && !(is_strict && !zone.findings.empty());
    });
}

std::string ZoneCheckReport::to_text() const {
    std::string text;
    for (const Zone& zone : zones) {
        for (const Diagnostic& finding : zone.findings) text += finding_text(finding);
        text += summary(zone);
    }
    return text;
}

std::string ZoneCheckReport::to_json() const {
    json object{{"ok", is_good(false)}, {"zones", json::array()}};
    for (const Zone& zone : zones) object["zones"].push_back(to_object(zone));
    // A file's bytes may be no UTF-8.
    return object.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

ZoneCheckReport check_zone_files(const std::vector<std::string>& files,
                                 const zone::CompileOptions& options) {
    ZoneCheckReport report;
    std::map<std::string, std::string> file_of_zone;
    for (const std::string& file : files) {
        zone::CompiledZone compiled = zone::compile_zone_file(file, options);
        ZoneCheckReport::Zone zone{.file = file,
                                   .name = compiled.is_named ? dns::to_text(compiled.apex) : "",
                                   .is_served = static_cast<bool>(compiled.image),
                                   .record_count = compiled.record_count,
                                   .findings = std::move(compiled.diagnostics)};
        if (zone.is_served) {
            zone.serial = compiled.image.image().header().serial;
            const auto [other, is_new] =
                file_of_zone.emplace(dns::to_text(compiled.apex.lowered()), file);
            if (!is_new) {
                zone.is_served = false;
                zone.findings.push_back(
                    {.file = file,
                     .message = "zone " + zone.name + " is in " + other->second + " too",
                     .hint = "remove one of the two files",
                     .check = "two-files"});
            }
        }
        report.zones.push_back(std::move(zone));
    }
    return report;
}

}  // namespace nearcast
