// SPDX-License-Identifier: Apache-2.0

#include "control/api/zone_file_text.h"

#include <map>
#include <set>
#include <utility>

#include "control/record_content.h"
#include "dns/rdata.h"
#include "dns/rr_layout.h"
#include "dns/zone_file.h"

namespace nearcast::control_api {

using control::Rrset;

namespace {

// A line of text is not to fill the memory: what $GENERATE makes could as well have been sent.
constexpr size_t kGeneratedMax = 100'000;

}  // namespace

ReadBody<std::vector<Rrset>> read_zone_file_text(const std::string& text, const dns::Name& zone) {
    std::map<std::pair<std::string, dns::RRType>, Rrset> sets;
    std::set<std::pair<std::string, std::string>> seen;  // A record that stands twice is one.
    const auto add = [&](const dns::Record& record, const dns::ZoneFilePlace& /*place*/) {
        if (!control::is_editable(record.type)) return;
        const std::pair key(dns::key_of(record.owner), record.type);
        std::string content = dns::rdata_to_text(record.type, record.rdata);
        if (!seen.emplace(key.first + dns::to_text(record.type), content).second) return;
        Rrset& set =
            sets.try_emplace(key, Rrset{record.owner.lowered(), record.type, record.ttl, {}, {}})
                .first->second;
        set.records.push_back({.content = std::move(content), .is_disabled = false});
    };
    dns::ZoneFileOptions options;
    options.file = "zone";
    options.origin = zone;
    options.error_count_max = 1;
    options.long_strings = dns::LongStrings::Divided;
    options.generate_count_max = kGeneratedMax;
    const auto errors = dns::parse_zone_file(text, options, add);
    if (!errors.empty()) {
        return std::unexpected(BodyFault{dns::to_error(errors.front()).message});
    }
    std::vector<Rrset> list;
    for (auto& [key, set] : sets) list.push_back(std::move(set));
    return list;
}

std::string zone_file_words(dns::RRType type, const std::string& content) {
    const bool may_be_long = dns::rr_layout(type).fields[0] == dns::Field::Strings &&
                             content.size() > dns::kStringSizeMax;
    if (!may_be_long) return content;
    const auto rdata = control::parse_content(type, content);
    return rdata ? dns::rdata_to_text(type, *rdata) : content;
}

}  // namespace nearcast::control_api
