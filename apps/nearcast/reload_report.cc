// SPDX-License-Identifier: Apache-2.0

#include "reload_report.h"

#include <nlohmann/json.hpp>

namespace nearcast {
namespace {

using nlohmann::json;

std::string text_of(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string count_of(const json& object, const char* key) {
    const json& value = object.value(key, json());
    return std::to_string(value.is_array()    ? value.size()
                          : value.is_number() ? value.get<size_t>()
                                              : 0);
}

std::string told(const std::string& reason, const std::string& hint) {
    return reason + '\n' + (hint.empty() ? "" : "  try: " + hint + '\n');
}

// "example.org.zone:14:8: ", as far as it is known.
std::string place_of(const json& finding) {
    std::string place = text_of(finding, "file");
    for (const char* key : {"line", "column"}) {
        const std::string number = count_of(finding, key);
        if (number == "0") break;
        place += ':' + number;
    }
    return place.empty() ? place : place + ": ";
}

std::string failure(const json& outcome) {
    std::string text;
    for (const json& finding : outcome.value("findings", json::array())) {
        if (text_of(finding, "severity") != "error") continue;
        text += told(place_of(finding) + text_of(finding, "message"), text_of(finding, "try"));
    }
    const json& serial = outcome.value("serving_serial", json());
    return text + "  " +
           (serial.is_number() ? "still serving serial " + serial.dump()
                               : "there is no earlier version: the zone answers SERVFAIL") +
           '\n';
}

}  // namespace

ReloadReport reload_report(std::string_view answer) {
    const json report = json::parse(answer, nullptr, /*allow_exceptions=*/false);
    if (!report.is_object()) return {.text = std::string(answer) + '\n'};
    if (report.contains("error")) {
        return {.text = told(text_of(report, "error"), text_of(report, "try"))};
    }
    ReloadReport result;
    result.is_good = report.value("ok", json()) == json(true);
    for (const json& outcome : report.value("failed", json::array())) {
        result.text += failure(outcome);
    }
    if (const json certificate = report.value("certificate", json()); certificate.is_object()) {
        result.text += told(text_of(certificate, "error"), text_of(certificate, "try")) + "  " +
                       text_of(certificate, "next") + '\n';
    }
    for (const json& kept : report.value("kept", json::array())) {
        result.text += told(text_of(kept, "error"), text_of(kept, "try")) + "  " +
                       text_of(kept, "next") + '\n';
    }
    result.text += count_of(report, "zones") + " zones are served: " + count_of(report, "loaded") +
                   " loaded now, " + count_of(report, "unchanged") + " unchanged, " +
                   count_of(report, "withdrawn") + " withdrawn, " + count_of(report, "failed") +
                   " failed\n";
    if (const std::string empty = count_of(report, "without_data"); empty != "0") {
        result.text += "  " + empty + " of them have no data and answer SERVFAIL: " +
                       "nearcast node zones shows which\n";
    }
    return result;
}

}  // namespace nearcast
