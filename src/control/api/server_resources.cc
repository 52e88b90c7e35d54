// SPDX-License-Identifier: Apache-2.0
//
// The server itself, as clients look at it before they do anything.

#include <algorithm>
#include <array>
#include <string_view>

#include "base/clock.h"
#include "control/api/api.h"
#include "control/api/call_body.h"
#include "control/api/reply.h"
#include "control/api/zone_id.h"
#include "dns/ascii.h"

namespace nearcast::control_api {

using control::ChangeLog;
using nlohmann::json;

namespace {

constexpr uint64_t kFoundMax = 1000;

// Clients read the first three numbers, and conclude from them what the server can do: what is 5.0
// there, we do.
std::string version_text(const std::string& version) { return "5.0.0-nearcast-" + version; }

json setting(const char* name, const std::string& value) {
    return {{"name", name}, {"type", "ConfigSetting"}, {"value", value}};
}

json found_record(const dns::Name& zone, const control::Rrset& rrset,
                  const control::RecordText& record) {
    return {{"content", record.content},
            {"disabled", record.is_disabled},
            {"name", dns::to_text(rrset.owner)},
            {"object_type", "record"},
            {"ttl", rrset.ttl},
            {"type", dns::to_text(rrset.type)},
            {"zone", dns::to_text(zone)},
            {"zone_id", zone_id(zone)}};
}

bool continues_character(char c) { return (static_cast<uint8_t>(c) & 0xC0U) == 0x80U; }

bool is_same_letter(char a, char b) {
    return dns::lower(static_cast<uint8_t>(a)) == dns::lower(static_cast<uint8_t>(b));
}

// Whether the pattern, where '*' is any text and '?' any character, is that of all of the text.
bool is_like(std::string_view text, std::string_view pattern) {
    size_t at = 0;
    size_t next = 0;
    size_t star = std::string_view::npos;  // The last one, which has the text from `begin` to `at`.
    size_t begin = 0;
    while (at < text.size()) {
        const char wanted = next < pattern.size() ? pattern[next] : '\0';  // Which no text has.
        if (wanted == '*') {
            star = next++;
            begin = at;
        } else if (wanted == '?') {
            ++next;
            ++at;
            while (at < text.size() && continues_character(text[at])) ++at;
        } else if (is_same_letter(wanted, text[at])) {
            ++next;
            ++at;
        } else if (star != std::string_view::npos) {
            next = star + 1;
            at = ++begin;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', next) == std::string_view::npos;
}

// Of a set that is found by one record the others are not what was sought.
bool is_sought(const control::Rrset& rrset, const control::RecordText& record,
               const std::string& pattern) {
    const std::string owner = dns::to_text(rrset.owner);
    return is_like(record.content, '*' + pattern + '*') || is_like(owner, pattern) ||
           is_like(owner, pattern + '.');
}

json server_json(const std::string& version) {
    return {{"autoprimaries_url", "/api/v1/servers/localhost/autoprimaries{/autoprimary}"},
            {"config_url", "/api/v1/servers/localhost/config{/config_setting}"},
            {"daemon_type", "authoritative"},
            {"id", "localhost"},
            {"type", "Server"},
            {"url", "/api/v1/servers/localhost"},
            {"version", version_text(version)},
            {"zones_url", "/api/v1/servers/localhost/zones{/zone}"}};
}

}  // namespace

Response Api::list_versions(const Call&) {
    return json_reply(200, json::array({json{{"url", "/api/v1"}, {"version", 1}}}));
}

Response Api::show_version(const Call&) {
    return json_reply(200, json::array({json{{"api_features", json::array()},
                                             {"server_url", "/api/v1/servers{/server}"}}}));
}

Response Api::list_servers(const Call&) {
    return json_reply(200, json::array({server_json(partners_.version)}));
}

Response Api::show_server(const Call&) { return json_reply(200, server_json(partners_.version)); }

// Clients look here for what they may use: there are no Lua records.
Response Api::list_settings(const Call&) {
    return json_reply(
        200, json::array({setting("enable-lua-records", "no"), setting("launch", "nearcast"),
                          setting("version-string", version_text(partners_.version))}));
}

// What panels show of a server. All else is in the metrics.
Response Api::list_statistics(const Call& call) {
    const std::string wanted = call.request.parameter("statistic").value_or("uptime");
    if (wanted != "uptime") return error_reply(422, "Unknown statistic name");
    const auto uptime = std::chrono::floor<std::chrono::seconds>(base::now() - since_);
    return json_reply(200, json::array({{{"name", "uptime"},
                                         {"type", "StatisticItem"},
                                         {"value", std::to_string(uptime.count())}}}));
}

// Nobody makes zones here by sending a NOTIFY.
Response Api::list_autoprimaries(const Call&) { return json_reply(200, json::array()); }

Response Api::flush_cache(const Call&) {
    return json_reply(200, {{"count", 0}, {"result", "Flushed cache."}});
}

Response Api::search(const Call& call) {
    const std::string pattern = call.request.parameter("q").value_or("");
    if (pattern.empty()) return error_reply(422, "Query q can't be blank");
    const std::string type = call.request.parameter("object_type").value_or("all");
    constexpr std::array<std::string_view, 4> kTypes{"all", "zone", "record", "comment"};
    if (std::ranges::find(kTypes, type) == kTypes.end()) {
        return error_reply(422, "object_type is none of all, zone, record and comment");
    }
    const auto count = read_number(call.request, "max", 100, UINT32_MAX);
    if (!count) return count.error();
    const size_t count_max = std::min(*count, kFoundMax);
    ChangeLog::ZoneFilter covers;
    if (!call.scope.covers_all_zones()) {
        covers = [&](const control::Zone& zone) { return call.scope.covers(zone); };
    }
    const auto found = partners_.changes.search(pattern, count_max, covers);
    if (!found) return error_reply(found.error());
    json list = json::array();
    for (const control::Zone& zone : found->zones) {
        if (type != "all" && type != "zone") break;
        list.push_back({{"name", dns::to_text(zone.name)},
                        {"object_type", "zone"},
                        {"zone_id", zone_id(zone.name)}});
    }
    for (const auto& [zone, rrset] : found->rrsets) {
        if (type != "all" && type != "record") break;
        for (const control::RecordText& record : rrset.records) {
            if (list.size() >= count_max) break;
            if (is_sought(rrset, record, pattern))
                list.push_back(found_record(zone, rrset, record));
        }
    }
    return json_reply(200, list);
}

}  // namespace nearcast::control_api
