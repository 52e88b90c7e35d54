// SPDX-License-Identifier: Apache-2.0

#include "control/api/zone_json.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "control/api/call_body.h"
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
using control::RrsetEdit;
using nlohmann::json;

// The member, or null: both mean that it is not there.
const json& member(const json& object, const char* name) {
    static const json kNone;
    const auto found = object.find(name);
    return found == object.end() ? kNone : *found;
}

// Whoever sends "true" for true means something by it: it is refused, not left out.
Read<void> check_types(const json& object, std::initializer_list<const char*> flags,
                       std::initializer_list<const char*> texts) {
    for (const char* name : flags) {
        const json& value = member(object, name);
        if (value.is_null() || value.is_boolean()) continue;
        return std::unexpected("Key '" + std::string(name) + "' is not a Boolean");
    }
    for (const char* name : texts) {
        const json& value = member(object, name);
        if (value.is_null() || value.is_string()) continue;
        return std::unexpected("Key '" + std::string(name) + "' is not a String");
    }
    return {};
}

std::optional<bool> flag_of(const json& object, const char* name) {
    const json& value = member(object, name);
    if (value.is_boolean()) return value.get<bool>();
    return std::nullopt;
}

void take_text(const json& object, const char* name, std::optional<std::string>& into) {
    if (member(object, name).is_string()) into = text_of(object, name);
}

std::string in_capitals(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
    }
    return text;
}

constexpr size_t kAccountSizeMax = 255;

bool has_control_character(const std::string& text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<uint8_t>(c) < 0x20; });
}

Read<void> check_texts(const json& body) {
    const std::string account = text_of(body, "account");
    if (account.size() > kAccountSizeMax || has_control_character(account)) {
        return std::unexpected("Account is not one line of 255 bytes at most");
    }
    const std::string catalog = text_of(body, "catalog");
    if (!catalog.empty()) {
        const auto name = read_canonical_name(catalog, "Catalog");
        if (!name) return std::unexpected(name.error());
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
            {"nsec3param", settings.nsec3param},
            {"nsec3narrow", settings.is_nsec3_narrow},
            {"api_rectify", settings.is_rectified},
            {"dnssec", settings.is_signed},
            {"signing", settings.signing}};
}

json rrset_json(const std::optional<Rrset>& rrset) {
    return rrset ? control_api::to_json(*rrset) : json();
}

Read<uint32_t> read_ttl(const json& rrset) {
    const json& ttl = member(rrset, "ttl");
    if (!ttl.is_number_integer()) {
        return std::unexpected("Key 'ttl' not an Integer or not present");
    }
    const auto value = ttl.get<int64_t>();
    if (value < 0 || value > INT32_MAX) {
        return std::unexpected("Key 'ttl' is not from 0 to 2147483647");
    }
    return static_cast<uint32_t>(value);
}

Read<std::vector<RecordText>> read_records(const json& list) {
    if (!list.is_array()) return std::unexpected("Key 'records' is not an array");
    std::vector<RecordText> records;
    for (const json& item : list) {
        if (!item.is_object() || !member(item, "content").is_string()) {
            return std::unexpected("Key 'content' not present or not a String");
        }
        if (auto done = check_types(item, {"disabled"}, {}); !done) {
            return std::unexpected(done.error());
        }
        records.push_back({text_of(item, "content"), flag_of(item, "disabled").value_or(false)});
    }
    return records;
}

Read<std::vector<Comment>> read_comments(const json& list) {
    if (!list.is_array()) return std::unexpected("Key 'comments' is not an array");
    std::vector<Comment> comments;
    for (const json& item : list) {
        if (!item.is_object() || !member(item, "content").is_string()) {
            return std::unexpected("Key 'content' not present or not a String");
        }
        const json& at = member(item, "modified_at");
        comments.push_back({text_of(item, "content"), text_of(item, "account"),
                            std::chrono::seconds(at.is_number_integer() ? at.get<int64_t>() : 0)});
    }
    return comments;
}

Read<RrsetEdit::Kind> read_change_type(const json& rrset) {
    constexpr std::array<std::pair<std::string_view, RrsetEdit::Kind>, 4> kKinds{
        {{"REPLACE", RrsetEdit::Kind::Replace},
         {"DELETE", RrsetEdit::Kind::Delete},
         {"EXTEND", RrsetEdit::Kind::Extend},
         {"PRUNE", RrsetEdit::Kind::Prune}}};
    if (!member(rrset, "changetype").is_string()) {
        return std::unexpected("Key 'changetype' not present or not a String");
    }
    const std::string text = in_capitals(text_of(rrset, "changetype"));
    for (const auto& [name, kind] : kKinds) {
        if (name == text) return kind;
    }
    return std::unexpected("Changetype not understood");
}

// On types that are made for servers which work out their answers.
std::string advice_on(const std::string& type) {
    const std::string text = in_capitals(type);
    if (text == "LUA") return "; nodes run no code to make answers";
    if (text != "ALIAS") return "";
    return "; nodes look up no other names: write the addresses, or a CNAME at a name below the "
           "zone's";
}

// Owner and type.
Read<RrsetEdit> read_head(const json& rrset) {
    if (!rrset.is_object() || !member(rrset, "name").is_string()) {
        return std::unexpected("Key 'name' not present or not a String");
    }
    auto owner = read_canonical_name(text_of(rrset, "name"), "DNS Name");
    if (!owner) return std::unexpected(owner.error());
    const std::string type_text = text_of(rrset, "type");
    const auto type = dns::parse_rr_type(type_text);
    if (!type) {
        return std::unexpected("RRset " + dns::to_text(*owner) + " IN " + type_text +
                               ": unknown type given" + advice_on(type_text));
    }
    RrsetEdit edit;
    edit.owner = owner->lowered();
    edit.type = *type;
    return edit;
}

Read<void> read_contents(const json& rrset, RrsetEdit& edit) {
    if (const json& list = member(rrset, "records"); !list.is_null()) {
        auto records = read_records(list);
        if (!records) return std::unexpected(records.error());
        edit.records = *std::move(records);
    }
    if (const json& list = member(rrset, "comments"); !list.is_null()) {
        auto comments = read_comments(list);
        if (!comments) return std::unexpected(comments.error());
        edit.comments = *std::move(comments);
    }
    return {};
}

Read<RrsetEdit> read_edit(const json& rrset) {
    auto edit = read_head(rrset);
    if (!edit) return edit;
    const auto kind = read_change_type(rrset);
    if (!kind) return std::unexpected(kind.error());
    edit->kind = *kind;
    // What a DELETE says beside its name matters to nobody.
    if (*kind == RrsetEdit::Kind::Delete) return edit;
    if (auto done = read_contents(rrset, *edit); !done) return std::unexpected(done.error());
    const bool has_records = edit->records && !edit->records->empty();
    if (!edit->records && !edit->comments) {
        return std::unexpected("No change for RRset " + dns::to_text(edit->owner) + " IN " +
                               dns::to_text(edit->type));
    }
    if (has_records && *kind != RrsetEdit::Kind::Prune) {
        const auto ttl = read_ttl(rrset);
        if (!ttl) return std::unexpected(ttl.error());
        edit->ttl = *ttl;
    }
    return edit;
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

Read<std::vector<Rrset>> read_rrsets(const json& list) {
    std::vector<Rrset> rrsets;
    if (list.is_null()) return rrsets;
    if (!list.is_array()) return std::unexpected("Key 'rrsets' is not an array");
    for (const json& item : list) {
        auto edit = read_head(item);
        if (!edit) return std::unexpected(edit.error());
        if (auto done = read_contents(item, *edit); !done) return std::unexpected(done.error());
        const auto ttl = read_ttl(item);
        if (!ttl) return std::unexpected(ttl.error());
        rrsets.push_back({edit->owner, edit->type, *ttl,
                          std::move(edit->records).value_or(std::vector<RecordText>()),
                          std::move(edit->comments).value_or(std::vector<Comment>())});
    }
    return rrsets;
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

json to_json(const control::Diff& diff) {
    json rrsets = json::array();
    for (const control::RrsetChange& change : diff.rrsets) {
        rrsets.push_back({{"name", dns::to_text(change.either().owner)},
                          {"type", dns::to_text(change.either().type)},
                          {"before", rrset_json(change.before)},
                          {"after", rrset_json(change.after)}});
    }
    json body{{"rrsets", std::move(rrsets)}};
    if (diff.settings_before || diff.settings_after) {
        body["settings"]["before"] = settings_json(diff.settings_before);
        body["settings"]["after"] = settings_json(diff.settings_after);
    }
    return body;
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

Read<dns::Name> read_canonical_name(const std::string& text, const char* what) {
    if (text.empty() || text.back() != '.') {
        return std::unexpected(std::string(what) + " '" + text + "' is not canonical");
    }
    auto name = dns::parse_name(text);
    if (!name)
        return std::unexpected(std::string(what) + " '" + text + "': " + name.error().message);
    return name->lowered();
}

Read<std::vector<RrsetEdit>> read_edits(const json& body) {
    const json& list = member(body, "rrsets");
    if (!list.is_array()) return std::unexpected("No rrsets given in update request");
    std::vector<RrsetEdit> edits;
    for (const json& item : list) {
        auto edit = read_edit(item);
        if (!edit) return std::unexpected(edit.error());
        edits.push_back(*std::move(edit));
    }
    return edits;
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
    if (const json& list = member(body, "masters"); !list.is_null()) {
        auto masters = read_masters(list);
        if (!masters) return std::unexpected(masters.error());
        edit.masters = *std::move(masters);
    }
    if (const json& list = member(body, "slave_tsig_key_ids"); !list.is_null()) {
        auto key = read_primary_key(list);
        if (!key) return std::unexpected(key.error());
        edit.primary_key = *std::move(key);
    }
    take_text(body, "account", edit.account);
    take_text(body, "soa_edit", edit.soa_edit);
    take_text(body, "catalog", edit.catalog);
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

Read<control::NewZone> read_new_zone(const json& body) {
    control::NewZone zone;
    auto name = read_canonical_name(text_of(body, "name"), "DNS Name");
    if (!name) return std::unexpected(name.error());
    zone.name = *name;
    const auto settings = read_settings(body);
    if (!settings) return std::unexpected(settings.error());
    zone.settings = settings->applied_to({});
    auto nameservers = read_nameservers(member(body, "nameservers"));
    if (!nameservers) return std::unexpected(nameservers.error());
    zone.nameservers = *std::move(nameservers);
    auto rrsets = read_rrsets(member(body, "rrsets"));
    if (!rrsets) return std::unexpected(rrsets.error());
    zone.rrsets = *std::move(rrsets);
    return zone;
}

}  // namespace nearcast::control_api
