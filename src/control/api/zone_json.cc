// SPDX-License-Identifier: Apache-2.0

#include "control/api/zone_json.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "control/api/call_body.h"
#include "control/api/json_member.h"
#include "control/api/zone_file_text.h"
#include "control/api/zone_id.h"
#include "control/incoming_zones.h"
#include "control/signing_settings.h"
#include "control/soa_serial.h"
#include "control/zone_rows.h"

namespace nearcast::control_api {
namespace {

using control::Comment;
using control::RecordText;
using control::Rrset;
using nlohmann::json;

void take_text(const json& object, const char* name, std::optional<std::string>& into) {
    if (member(object, name).is_string()) into = text_of(object, name);
}

constexpr size_t kAccountSizeMax = 255;
constexpr size_t kGroupsMax = 16;
constexpr size_t kGroupSizeMax = 255;  // One character-string.

bool has_control_character(const std::string& text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x20; });
}

Read<void> check_texts(const json& body) {
    const std::string account = text_of(body, "account");
    if (account.size() > kAccountSizeMax || has_control_character(account)) {
        return std::unexpected("Account is not one line of 255 bytes at most");
    }
    constexpr std::array<std::string_view, 7> kSoaEdits{
        "",         "NONE", "EPOCH", "INCEPTION-EPOCH", "INCEPTION-INCREMENT", "INCREMENT-WEEKS",
        "INCEPTION"};
    const std::string soa_edit = text_of(body, "soa_edit");
    if (std::ranges::find(kSoaEdits, in_capitals(soa_edit)) == kSoaEdits.end()) {
        return std::unexpected("soa_edit '" + soa_edit + "' is unknown");
    }
    return {};
}

// Of words, each of which is one group.
Read<std::vector<std::string>> read_groups(const json& list) {
    const std::string wanted = "catalog_groups is no list of up to 16 texts without spaces";
    if (!list.is_array() || list.size() > kGroupsMax) return std::unexpected(wanted);
    std::vector<std::string> groups;
    for (const json& item : list) {
        const std::string text = item.is_string() ? item.get<std::string>() : "";
        const bool is_word = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
        if (text.empty() || text.size() > kGroupSizeMax || !is_word) return std::unexpected(wanted);
        groups.push_back(text);
    }
    return groups;
}

// As row_name() has it.
Read<std::string> read_catalog_name(const std::string& text) {
    if (text.empty()) return "";
    const auto name = read_canonical_name(text, "Catalog");
    if (!name) return std::unexpected(name.error());
    return control::row_name(*name);
}

json settings_json(const std::optional<control::ZoneSettings>& given) {
    if (!given) return {};
    const control::ZoneSettings& settings = *given;
    return {{"kind", to_text(settings.kind)},
            {"account", settings.account},
            {"masters", settings.masters},
            {"primary_key", settings.primary_key},
            {"soa_edit_api", settings.soa_edit_api},
            {"soa_edit", settings.soa_edit},
            {"catalog", settings.catalog},
            {"catalog_groups", settings.catalog_groups},
            {"catalog_label", settings.catalog_label},
            {"nsec3param", settings.nsec3param},
            {"nsec3narrow", settings.is_nsec3_narrow},
            {"api_rectify", settings.is_rectified},
            {"dnssec", settings.is_signed},
            {"signing", settings.signing}};
}

json rrset_json(std::optional<Rrset> rrset, uint32_t serial) {
    if (!rrset) return json();
    control::put_serial(*rrset, serial);
    return control_api::to_json(*rrset);
}

Read<std::vector<std::string>> read_masters(const json& list) {
    if (!list.is_array()) return std::unexpected("Key 'masters' is not an array");
    std::vector<std::string> masters;
    for (const json& item : list) {
        const std::string text = item.is_string() ? item.get<std::string>() : "";
        if (!control::parse_master(text)) {
            return std::unexpected("Master '" + text + "' is not an IP address");
        }
        masters.push_back(text);
    }
    return masters;
}

// Which zones a key may fetch is a matter of the key: a zone that names it too could say otherwise.
Read<void> check_primary_side(const json& list) {
    if (list.is_null() || (list.is_array() && list.empty())) return {};
    return std::unexpected(
        "master_tsig_key_ids is empty here: a TSIG key itself says which zones it may fetch "
        "('right' and 'zones' of /tsigkeys), and so does 'allow' in control.toml");
}

// At most one: every primary is asked with the same key.
Read<std::string> read_primary_key(const json& list) {
    if (!list.is_array()) return std::unexpected("Key 'slave_tsig_key_ids' is not an array");
    if (list.empty()) return "";
    if (list.size() > 1 || !list[0].is_string()) {
        return std::unexpected("slave_tsig_key_ids names one TSIG key, or none");
    }
    const dns::Name root;
    const auto name = dns::parse_name(list[0].get<std::string>(), &root);
    if (!name) {
        return std::unexpected("TSIG key '" + list[0].get<std::string>() +
                               "': " + name.error().message);
    }
    return control::row_name(*name);
}

Read<std::vector<dns::Name>> read_nameservers(const json& list) {
    std::vector<dns::Name> names;
    if (list.is_null()) return names;
    if (!list.is_array()) return std::unexpected("Nameservers is not a list");
    for (const json& item : list) {
        const std::string text = item.is_string() ? item.get<std::string>() : "";
        auto name = read_canonical_name(text, "Nameserver");
        if (!name) return std::unexpected(name.error());
        names.push_back(*name);
    }
    return names;
}

}  // namespace

std::string time_text(control::Timestamp at) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
    const std::time_t time = seconds.count();
    std::tm parts{};
    gmtime_r(&time, &parts);
    std::array<char, 40> text{};
    const size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text.data() + size, text.size() - size, ".%06dZ",
                  static_cast<int>((at - seconds).count()));
    return text.data();
}

json to_json(const control::Zone& zone, uint32_t published_serial) {
    const std::string id = zone_id(zone.name);
    return {{"id", id},
            {"url", "/api/v1/servers/localhost/zones/" + id},
            {"name", dns::to_text(zone.name)},
            {"kind", to_text(zone.settings.kind)},
            {"account", zone.settings.account},
            {"catalog", zone.settings.catalog},
            {"dnssec", zone.settings.is_signed},
            {"masters", zone.settings.masters},
            {"serial", zone.serial},
            {"edited_serial", published_serial},
            {"notified_serial", published_serial},
            {"last_check", 0}};
}

void add_details(const control::Zone& zone, json& json) {
    json["api_rectify"] = zone.settings.is_rectified;
    // Clients of PowerDNS know nothing of it.
    if (!zone.settings.catalog_groups.empty()) {
        json["catalog_groups"] = zone.settings.catalog_groups;
    }
    json["nsec3narrow"] = zone.settings.is_nsec3_narrow;
    json["nsec3param"] = zone.settings.nsec3param;
    json["soa_edit"] = zone.settings.soa_edit;
    json["soa_edit_api"] = zone.settings.soa_edit_api;
    json["master_tsig_key_ids"] = nlohmann::json::array();
    nlohmann::json& keys = json["slave_tsig_key_ids"] = nlohmann::json::array();
    if (!zone.settings.primary_key.empty()) keys.push_back(zone.settings.primary_key);
}

json to_json(const Rrset& rrset) {
    json records = json::array();
    for (const RecordText& record : rrset.records) {
        records.push_back({{"content", record.content}, {"disabled", record.is_disabled}});
    }
    json comments = json::array();
    for (const Comment& comment : rrset.comments) {
        comments.push_back({{"content", comment.content},
                            {"account", comment.account},
                            {"modified_at", comment.modified_at.count()}});
    }
    return {{"comments", std::move(comments)},
            {"name", dns::to_text(rrset.owner)},
            {"records", std::move(records)},
            {"ttl", rrset.ttl},
            {"type", dns::to_text(rrset.type)}};
}

json to_json(const control::Change& change) {
    return {{"sequence", change.sequence},
            {"zone", dns::to_text(change.zone)},
            {"kind", to_text(change.kind)},
            {"actor", change.actor.name},
            {"source", change.actor.source},
            {"at", time_text(change.at)},
            {"comment", change.comment},
            {"old_serial", change.old_serial},
            {"new_serial", change.new_serial},
            {"reverts", change.reverts ? json(*change.reverts) : json()}};
}

json full_json(const control::Change& change) {
    json body = to_json(change);
    json& diff = body["diff"];
    diff["rrsets"] = json::array();
    for (const control::RrsetChange& changed : change.diff.rrsets) {
        diff["rrsets"].push_back({{"name", dns::to_text(changed.either().owner)},
                                  {"type", dns::to_text(changed.either().type)},
                                  {"before", rrset_json(changed.before, change.old_serial)},
                                  {"after", rrset_json(changed.after, change.new_serial)}});
    }
    if (change.diff.settings_before || change.diff.settings_after) {
        diff["settings"]["before"] = settings_json(change.diff.settings_before);
        diff["settings"]["after"] = settings_json(change.diff.settings_after);
    }
    return body;
}

Read<control::SettingsEdit> read_settings(const json& body) {
    control::SettingsEdit edit;
    auto checked =
        check_types(body, {"dnssec", "nsec3narrow", "api_rectify"},
                    {"kind", "account", "soa_edit", "catalog", "nsec3param", "soa_edit_api"});
    if (checked) checked = check_texts(body);
    if (!checked) return std::unexpected(checked.error());
    if (const json& kind = member(body, "kind"); kind.is_string()) {
        edit.kind = control::parse_zone_kind(kind.get<std::string>());
        if (!edit.kind) return std::unexpected("Kind '" + kind.get<std::string>() + "' is unknown");
    }
    Read<void> done = read_member(body, "masters", read_masters, edit.masters);
    if (done) done = check_primary_side(member(body, "master_tsig_key_ids"));
    if (done) done = read_member(body, "slave_tsig_key_ids", read_primary_key, edit.primary_key);
    if (!done) return std::unexpected(done.error());
    take_text(body, "account", edit.account);
    take_text(body, "soa_edit", edit.soa_edit);
    if (const json& catalog = member(body, "catalog"); catalog.is_string()) {
        auto name = read_catalog_name(catalog.get<std::string>());
        if (!name) return std::unexpected(name.error());
        edit.catalog = *std::move(name);
    }
    done = read_member(body, "catalog_groups", read_groups, edit.catalog_groups);
    if (!done) return std::unexpected(done.error());
    take_text(body, "nsec3param", edit.nsec3param);
    take_text(body, "soa_edit_api", edit.soa_edit_api);
    if (edit.soa_edit_api) {
        edit.soa_edit_api = in_capitals(*edit.soa_edit_api);
        if (!control::is_soa_edit_api(*edit.soa_edit_api)) {
            return std::unexpected("soa_edit_api '" + *edit.soa_edit_api + "' is unknown");
        }
    }
    edit.is_signed = flag_of(body, "dnssec");
    edit.is_nsec3_narrow = flag_of(body, "nsec3narrow");
    if (edit.is_nsec3_narrow.value_or(false)) {
        return std::unexpected("nsec3narrow needs keys where questions are answered");
    }
    const auto denial = control::parse_denial(edit.nsec3param.value_or(""));
    if (!denial) return std::unexpected(denial.error().message);
    edit.is_rectified = flag_of(body, "api_rectify");
    return edit;
}

ReadBody<control::NewZone> read_new_zone(const json& body) {
    control::NewZone zone;
    auto name = read_canonical_name(text_of(body, "name"), "DNS Name");
    if (!name) return std::unexpected(BodyFault{name.error()});
    zone.name = *name;
    const auto settings = read_settings(body);
    if (!settings) return std::unexpected(BodyFault{settings.error()});
    zone.settings = settings->applied_to({});
    auto nameservers = read_nameservers(member(body, "nameservers"));
    if (!nameservers) return std::unexpected(BodyFault{nameservers.error()});
    zone.nameservers = *std::move(nameservers);
    auto rrsets = read_rrsets(member(body, "rrsets"));
    if (!rrsets) return std::unexpected(rrsets.error());
    zone.rrsets = *std::move(rrsets);
    const std::string text = text_of(body, "zone");
    if (text.empty()) return zone;
    if (!zone.rrsets.empty()) {
        return std::unexpected(BodyFault{"You cannot give rrsets AND zone data as text"});
    }
    auto sets = read_zone_file_text(text, zone.name);
    if (!sets) return std::unexpected(sets.error());
    zone.rrsets = *std::move(sets);
    return zone;
}

}  // namespace nearcast::control_api
