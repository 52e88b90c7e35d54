// SPDX-License-Identifier: Apache-2.0
//
// Keys of zones, and how zones are signed, as JSON. Private keys have no form here.

#pragma once

#include <optional>
#include <string>

#include "control/api/zone_json.h"
#include "control/zone_signing.h"

#include <nlohmann/json.hpp>

namespace nearcast::control_api {

// "csk", "ksk" or "zsk".
[[nodiscard]] std::string_view to_text(signing::KeyRole role);
[[nodiscard]] std::optional<signing::KeyRole> parse_key_role(const std::string& text);

// As clients of PowerDNS know it, but for the private key. `ds` is what the parent is to have of
// this key: empty while it must not have it.
[[nodiscard]] nlohmann::json cryptokey_json(const dns::Name& zone,
                                            const control::SigningStatus& status,
                                            const control::SigningStatus::Key& key);

// What is to be said of an NSEC3PARAM that is good, and unwise; empty: nothing.
[[nodiscard]] std::string denial_warning(std::string_view nsec3param);

// All there is to say of a zone; no status when nothing signs it.
[[nodiscard]] nlohmann::json signing_json(const control::Zone& zone,
                                          const std::optional<control::SigningStatus>& status);

// What the body of a PUT chooses, on top of what the zone has.
[[nodiscard]] Read<control::SettingsEdit> read_signing(const nlohmann::json& body,
                                                       const control::ZoneSettings& settings);

// The algorithm in the words of PowerDNS' clients too; empty when there is none.
[[nodiscard]] std::string algorithm_text(const nlohmann::json& body);

}  // namespace nearcast::control_api
