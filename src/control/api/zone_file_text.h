// SPDX-License-Identifier: Apache-2.0
//
// Zones as the text of a zone file: in the body of a POST, and in what is exported.

#pragma once

#include <string>
#include <vector>

#include "control/api/rrset_json.h"
#include "control/model.h"

namespace nearcast::control_api {

// Names are relative to the zone. What the controller makes itself (signatures, NSEC, ZONEMD) is
// left out; files are not included. The fault is the first one of the text, with its line.
[[nodiscard]] ReadBody<std::vector<control::Rrset>> read_zone_file_text(const std::string& text,
                                                                        const dns::Name& zone);

// A record's words as a zone file may have them: those of the client, but for a string that is
// longer than one can be (RFC 1035 §3.3).
[[nodiscard]] std::string zone_file_words(dns::RRType type, const std::string& content);

}  // namespace nearcast::control_api
