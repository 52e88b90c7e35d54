// SPDX-License-Identifier: Apache-2.0
//
// The sets of a zone that comes as the text of a zone file, in the body of a POST.

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

}  // namespace nearcast::control_api
