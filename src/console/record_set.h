// SPDX-License-Identifier: Apache-2.0
//
// RRsets as a controller keeps them: in words, some records perhaps switched off.
//
// A set comes from the API, from a zone file or from what somebody typed; here they are told apart
// by what they mean, not by how they are written.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dns/name.h"
#include "dns/rr_type.h"
#include "zone/draft.h"

#include <nlohmann/json.hpp>

namespace nearcast::console {

struct RecordWords {
    std::string content;
    bool is_disabled = false;

    bool operator==(const RecordWords&) const = default;
};

struct RecordSet {
    std::string name;  // Absolute, in lower case.
    std::string type;
    uint32_t ttl = 0;
    std::vector<RecordWords> records;
};

// "rrsets" of a zone. What is no set is left out.
[[nodiscard]] std::vector<RecordSet> read_sets(const nlohmann::json& rrsets);
[[nodiscard]] nlohmann::json to_json(const RecordSet& set);

// The sets of a zone file. Those that a signer makes (RRSIG, NSEC, NSEC3, NSEC3PARAM, ZONEMD) are
// left out, and counted in `left_out`.
[[nodiscard]] std::vector<RecordSet> sets_of(const zone::ZoneDraft& draft, size_t& left_out);

// The zone that those records are which are switched on. Fails when one of them is none of the
// zone.
[[nodiscard]] base::Result<zone::ZoneDraft> draft_of(const dns::Name& zone,
                                                     const std::vector<RecordSet>& sets);

// The file that a person edits: records in canonical order, owners relative to the zone, and those
// that are switched off as comments at the end.
[[nodiscard]] base::Result<std::string> editable_text(const dns::Name& zone,
                                                      const std::vector<RecordSet>& sets);

// "www.example.org. 300 IN A 192.0.2.1", one for each record.
[[nodiscard]] std::vector<std::string> lines_of(const RecordSet& set);

// The one way in which such data is written here; as it is when it is not valid.
[[nodiscard]] std::string canonical_content(const std::string& type, const std::string& content);

// Data as it is typed at a shell: names relative to the zone, and for types of strings, such as
// TXT, a text without quotes is one string however many words it has. Fails for a name that repeats
// the zone's own without a final dot.
[[nodiscard]] base::Result<std::string> typed_content(dns::RRType type, std::string_view text,
                                                      const dns::Name& zone);

// An owner as it is typed: relative to the zone, "@" for the zone itself, absolute with a final
// dot. Fails outside of the zone, and for a name that repeats the zone's own without a final dot.
[[nodiscard]] base::Result<dns::Name> typed_owner(std::string_view text, const dns::Name& zone);

// A name server of a new zone: one word is a name in the zone, what has a dot is a whole name.
[[nodiscard]] base::Result<dns::Name> typed_server(std::string_view text, const dns::Name& zone);

// "300", or "5m", "1h".
[[nodiscard]] base::Result<uint32_t> typed_ttl(std::string_view text);

}  // namespace nearcast::console
