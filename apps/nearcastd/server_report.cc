// SPDX-License-Identifier: Apache-2.0

#include "server_report.h"

#include <nlohmann/json.hpp>

namespace nearcast::app {
namespace {

using nlohmann::json;

// Foreign bytes (a zone file's) may stand in a message: they must not break the reply.
std::string to_line(const json& object) {
    return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

json to_object(const zone::Diagnostic& finding) {
    const bool is_error = finding.severity == zone::Severity::Error;
    return {{"severity", is_error ? "error" : "warning"},
            {"file", finding.file},
            {"line", finding.line},
            {"column", finding.column},
            {"check", finding.check},
            {"message", finding.message},
            {"try", finding.hint}};
}

json to_object(const ZoneOutcome& outcome) {
    json findings = json::array();
    for (const zone::Diagnostic& finding : outcome.findings) findings.push_back(to_object(finding));
    json object{{"zone", outcome.zone},
                {"file", outcome.file},
                {"serving_serial", nullptr},
                {"findings", findings}};
    if (outcome.serial) object["serving_serial"] = *outcome.serial;
    return object;
}

json to_array(const std::vector<ZoneOutcome>& outcomes, bool is_loaded) {
    json array = json::array();
    for (const ZoneOutcome& outcome : outcomes) {
        if (outcome.is_loaded == is_loaded) array.push_back(to_object(outcome));
    }
    return array;
}

json to_array(const observe::Metric& metric) {
    json array = json::array();
    for (const observe::Metric::Sample& sample : metric.samples) {
        json object{{"value", sample.value}};
        for (const auto& [name, value] : sample.labels) object[name] = value;
        for (const auto& [bound, count] : sample.buckets) {
            object["buckets"].push_back({{"upper_bound", bound}, {"cumulative_count", count}});
        }
        array.push_back(std::move(object));
    }
    return array;
}

}  // namespace

std::string requested_command(std::string_view line) {
    while (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const json request = json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (request.is_discarded()) return std::string(line);
    if (!request.is_object() || !request.contains("command")) return {};
    const json& command = request["command"];
    return command.is_string() ? command.get<std::string>() : std::string();
}

std::string to_json(const base::Result<LoadReport>& report) {
    if (!report) return to_json(report.error());
    json kept = json::array();
    for (const KeptSetting& each : report->kept) {
        kept.push_back(
            {{"error", each.error.message}, {"try", each.error.hint}, {"next", each.next}});
    }
    const bool is_good = report->failed() == 0 && !report->certificate && report->kept.empty();
    json object{{"ok", is_good},
                {"zones", report->zones},
                {"without_data", report->without_data},
                {"loaded", to_array(report->changed, true)},
                {"unchanged", report->unchanged},
                {"withdrawn", report->withdrawn},
                {"failed", to_array(report->changed, false)},
                {"kept", std::move(kept)},
                {"milliseconds", report->duration.count()}};
    if (report->certificate) {
        object["certificate"] = {{"error", report->certificate->error.message},
                                 {"try", report->certificate->error.hint},
                                 {"next", report->certificate->consequence()}};
    }
    return to_line(object);
}

std::string status_json(size_t zones, std::span<const base::Pulse> pulses,
                        std::span<const observe::Metric> metrics) {
    json workers = json::array();
    for (const base::Pulse& pulse : pulses) {
        workers.push_back({{"queries", pulse.queries.load(std::memory_order_relaxed)},
                           {"dropped", pulse.dropped.load(std::memory_order_relaxed)},
                           {"batches", pulse.batches.load(std::memory_order_relaxed)}});
    }
    json numbers = json::object();
    for (const observe::Metric& metric : metrics) numbers[metric.name] = to_array(metric);
    return to_line({{"ok", true},
                    {"version", NEARCAST_VERSION},
                    {"zones", zones},
                    {"workers", workers},
                    {"metrics", numbers}});
}

std::string talkers_json(std::span<const observe::Talker> talkers) {
    json list = json::array();
    for (const observe::Talker& talker : talkers) {
        list.push_back({{"network", talker.network},
                        {"queries", talker.told.messages},
                        {"response_bytes", talker.told.response_bytes}});
    }
    return to_line({{"ok", true},
                    {"window_seconds", observe::Talkers::kWindow.count()},
                    {"talkers", std::move(list)}});
}

std::string retransfer_json(const dns::Name& zone) {
    return to_line({{"ok", true}, {"zone", dns::to_text(zone)}});
}

std::string to_json(const base::Error& error) {
    return to_line({{"ok", false}, {"error", error.message}, {"try", error.hint}});
}

}  // namespace nearcast::app
