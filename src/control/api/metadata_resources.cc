// SPDX-License-Identifier: Apache-2.0
//
// /api/v1/servers/localhost/zones/ID/metadata: what clients of PowerDNS set there.
//
// Kinds that are settings of a zone here are read and set as such. Nothing is kept that would not
// be honoured: of all other kinds it is told how the same is had.

#include <algorithm>
#include <array>
#include <string>

#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/api/zone_json.h"

namespace nearcast::control_api {

using control::ZoneSettings;
using nlohmann::json;

namespace {

// A kind whose value is a setting of the zone.
struct Setting {
    std::string_view kind;
    const char* member;                         // Of a PUT of the zone.
    const char* usual;                          // What it is when it is not set.
    std::string (*value)(const ZoneSettings&);  // Empty: it is not set.
};

constexpr std::array<Setting, 4> kSettings{
    {{"API-RECTIFY", "api_rectify", "1",
      [](const ZoneSettings& settings) -> std::string {
          return settings.is_rectified ? "1" : "0";
      }},
     {"NSEC3PARAM", "nsec3param", "",
      [](const ZoneSettings& settings) { return settings.nsec3param; }},
     {"SOA-EDIT", "soa_edit", "", [](const ZoneSettings& settings) { return settings.soa_edit; }},
     {"SOA-EDIT-API", "soa_edit_api", "DEFAULT",
      [](const ZoneSettings& settings) { return settings.soa_edit_api; }}}};

struct Elsewhere {
    std::string_view kind;
    const char* where;
};

constexpr const char* kTransfers =
    "who may have a zone is said in control.toml: allow in [transfer], or of one zone in "
    "[[transfer.zone]]";
constexpr const char* kUpdates = "who may change a zone is said by keys: /api/v1/keys";
constexpr const char* kSigned = "a zone is signed here: /api/v1/signing";

constexpr std::array<Elsewhere, 14> kElsewhere{
    {{"ALLOW-AXFR-FROM", kTransfers},
     {"ALLOW-DNSUPDATE-FROM", kUpdates},
     {"ALSO-NOTIFY",
      "who is told of changes is said in control.toml: notify in [transfer], or of one zone in "
      "[[transfer.zone]]"},
     {"AXFR-MASTER-TSIG", "the key that primaries are asked with is the zone's slave_tsig_key_ids"},
     {"AXFR-SOURCE", "primaries are asked from whichever address leads to them"},
     {"FORWARD-DNSUPDATE", kUpdates},
     {"IXFR", "differences are sent to whoever asks for them"},
     {"LUA-AXFR-SCRIPT", "no code is run here"},
     {"NSEC3NARROW", "nodes have no keys, so what they deny is signed before"},
     {"PRESIGNED", kSigned},
     {"PUBLISH-CDNSKEY", "CDS and CDNSKEY are published by themselves, when it is safe"},
     {"PUBLISH-CDS", "CDS and CDNSKEY are published by themselves, when it is safe"},
     {"TSIG-ALLOW-AXFR", kTransfers},
     {"TSIG-ALLOW-DNSUPDATE", kUpdates}}};

const Setting* find_setting(std::string_view kind) {
    const auto found = std::ranges::find(kSettings, kind, &Setting::kind);
    return found == kSettings.end() ? nullptr : &*found;
}

Response refused(const std::string& kind) {
    const auto found = std::ranges::find(kElsewhere, kind, &Elsewhere::kind);
    return error_reply(422, found == kElsewhere.end()
                                ? "Metadata of the kind '" + kind + "' is not kept here"
                                : kind + " is not kept here: " + found->where);
}

json to_json(const std::string& kind, const std::string& value) {
    json values = json::array();
    if (!value.empty()) values.push_back(value);
    return {{"kind", kind}, {"metadata", std::move(values)}, {"type", "Metadata"}};
}

// The one value that there may be; empty for none.
std::expected<std::string, Response> read_value(const json& body) {
    const auto found = body.find("metadata");
    const bool is_list = found != body.end() && found->is_array() && found->size() <= 1;
    if (!is_list || (!found->empty() && !found->front().is_string())) {
        return std::unexpected(error_reply(422, "metadata is not a list of one String at most"));
    }
    return found->empty() ? "" : found->front().get<std::string>();
}

// As PUT of the zone has it.
Read<control::SettingsEdit> edit_of(const Setting& setting, const std::string& value) {
    const std::string& wanted = value.empty() ? setting.usual : value;
    if (setting.kind != "API-RECTIFY") return read_settings({{setting.member, wanted}});
    if (wanted != "0" && wanted != "1") return std::unexpected("API-RECTIFY is neither 0 nor 1");
    return read_settings({{setting.member, wanted == "1"}});
}

}  // namespace

Response Api::list_metadata(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    json list = json::array();
    for (const Setting& setting : kSettings) {
        const std::string value = setting.value(zone->settings);
        const bool is_usual = value == setting.usual && setting.kind != "SOA-EDIT-API";
        if (!is_usual) list.push_back(to_json(std::string(setting.kind), value));
    }
    return json_reply(200, list);
}

Response Api::show_metadata(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    const Setting* const setting = find_setting(call.names[1]);
    return json_reply(
        200, to_json(call.names[1], setting == nullptr ? "" : setting->value(zone->settings)));
}

// POST names the kind in its body, PUT in its path.
Response Api::set_metadata(const Call& call) {
    const auto name = zone_of(call);
    if (!name) return name.error();
    const auto body = read_body(call.request, {"kind"});
    if (!body) return body.error();
    const bool is_new = call.names.size() == 1;
    const std::string kind = is_new ? text_of(*body, "kind") : call.names[1];
    const Setting* const setting = find_setting(kind);
    if (setting == nullptr) return refused(kind);
    const auto value = read_value(*body);
    if (!value) return value.error();
    const auto edit = edit_of(*setting, *value);
    if (!edit) return error_reply(422, edit.error());
    const auto intent = intent_on(*name, call, *body);
    if (!intent) return intent.error();
    const auto done = partners_.changes.update_settings(*name, *edit, *intent);
    if (!done) return error_reply(done.error());
    Response response = json_reply(is_new ? 201 : 200, to_json(kind, *value));
    add_outcome(*done, response);
    return response;
}

// What is not kept is not there.
Response Api::remove_metadata(const Call& call) {
    const auto zone = find_zone(call);
    if (!zone) return zone.error();
    const Setting* const setting = find_setting(call.names[1]);
    if (setting == nullptr) return empty_reply();
    const auto edit = edit_of(*setting, "");
    if (!edit) return error_reply(422, edit.error());
    const auto intent = intent_on(zone->name, call, json::object());
    if (!intent) return intent.error();
    return done_reply(partners_.changes.update_settings(zone->name, *edit, *intent));
}

}  // namespace nearcast::control_api
