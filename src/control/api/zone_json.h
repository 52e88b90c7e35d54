// SPDX-License-Identifier: Apache-2.0
//
// Zones and changes as JSON, the way clients of PowerDNS write and read them; RRsets are read in
// rrset_json.h.
//
// Reading is lenient where clients are known to differ (unknown members, null for absent, any case
// of letters in a kind) and strict where a mistake would be served.

#pragma once

#include <expected>
#include <string>
#include <vector>

#include "control/api/rrset_json.h"
#include "control/change_log.h"
#include "control/model.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// What is wrong with a body, as a sentence: 422.
template <typename T>
using Read = std::expected<T, std::string>;

// All members but the rrsets, and those that only the full form has.
[[nodiscard]] nlohmann::json to_json(const control::Zone& zone, uint32_t published_serial);
void add_details(const control::Zone& zone, nlohmann::json& json);
[[nodiscard]] nlohmann::json to_json(const control::Rrset& rrset);
[[nodiscard]] nlohmann::json to_json(const control::Change& change);
// The same with what it changed, a SOA with the serials that it had then.
[[nodiscard]] nlohmann::json full_json(const control::Change& change);

// The settings that are in the body of a POST or PUT.
[[nodiscard]] Read<control::SettingsEdit> read_settings(const nlohmann::json& body);
// All of a POST but the intent.
[[nodiscard]] ReadBody<control::NewZone> read_new_zone(const nlohmann::json& body);

// "2026-11-23T01:50:00.123456Z"
[[nodiscard]] std::string time_text(control::Timestamp at);

}  // namespace nearcast::control_api
