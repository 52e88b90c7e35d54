// SPDX-License-Identifier: Apache-2.0

#include "console/record_set.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

#include "base/config_file.h"
#include "console/json_text.h"
#include "console/table.h"
#include "dns/rdata.h"
#include "dns/rr_layout.h"
#include "dns/typed_name.h"
#include "dns/zone_lexer.h"
#include "zone/zone_text.h"

namespace nearcast::console {
namespace {

using base::Result;
using dns::Name;
using dns::RRType;
using nlohmann::json;
using zone::ZoneDraft;

constexpr std::array kMadeBySigner{RRType::RRSIG, RRType::NSEC, RRType::NSEC3, RRType::NSEC3PARAM,
                                   RRType::ZONEMD};

// The data in one line of words. `text` outlives the call alone.
Result<std::vector<uint8_t>> parse(RRType type, std::string_view text, const Name* origin) {
    dns::ZoneLexer lexer(text);
    dns::ZoneEntry entry;
    if (lexer.next(entry) != dns::ZoneLexer::Status::Entry) {
        const char* const reason = lexer.error_reason();
        return base::fail(dns::to_text(type) + " data \"" + printable(text) +
                          "\": " + (reason == nullptr ? "nothing is there" : reason));
    }
    dns::ZoneEntry none;
    if (lexer.next(none) != dns::ZoneLexer::Status::End) {
        return base::fail(dns::to_text(type) + " data is more than one line");
    }
    return dns::parse_rdata(type, entry.words, origin, dns::LongStrings::Divided);
}

std::optional<dns::Record> record_of(const RecordSet& set, const RecordWords& words) {
    const auto owner = dns::parse_name(set.name);
    const auto type = dns::parse_rr_type(set.type);
    if (!owner || !type) return std::nullopt;
    auto rdata = parse(*type, words.content, nullptr);
    if (!rdata) return std::nullopt;
    return dns::Record{*owner, *type, dns::RRClass::IN, set.ttl, *std::move(rdata)};
}

bool is_of_strings(RRType type) { return dns::rr_layout(type).fields[0] == dns::Field::Strings; }

// In quotes, as strings of 255 bytes at most.
std::string as_strings(std::string_view text) {
    std::string quoted;
    do {
        const std::string_view part = text.substr(0, dns::kStringSizeMax);
        text.remove_prefix(part.size());
        quoted += quoted.empty() ? "\"" : " \"";
        for (const char c : part) {
            if (c == '"' || c == '\\') quoted += '\\';
            quoted += c;
        }
        quoted += '"';
    } while (!text.empty());
    return quoted;
}

// What a name is that somebody typed, seen from the zone (`name`) and from the root (`absolute`):
// the two differ where it has no final dot.
Result<void> check_is_not_repeated(const Name& name, const Name& absolute, const Name& zone) {
    if (name == absolute || !dns::repeats_zone(name.wire(), zone.wire())) return {};
    const std::string whole = dns::to_text(absolute);
    return base::fail(
        whole.substr(0, whole.size() - 1) + " without a final dot would be " + dns::to_text(name),
        whole + " with a final dot, or the name without the zone");
}

// The same of every name in data: `rdata` was read from `words` within the zone.
Result<void> check_is_not_repeated(RRType type, std::string_view words,
                                   const std::vector<uint8_t>& rdata, const Name& zone) {
    const Name root;
    const auto absolute = parse(type, words, &root);
    if (!absolute) return {};
    dns::RdataNames seen(type, rdata);
    dns::RdataNames seen_absolute(type, *absolute);
    const auto name_in = [](const std::vector<uint8_t>& data, const dns::RdataName& place) {
        return Name::from_wire(std::span(data).subspan(place.offset, place.size)).value_or(Name());
    };
    for (dns::RdataName one, other; seen.next(one) && seen_absolute.next(other);) {
        const auto done =
            check_is_not_repeated(name_in(rdata, one), name_in(*absolute, other), zone);
        if (!done) return done;
    }
    return {};
}

std::string line_of(const RecordSet& set, const RecordWords& words) {
    return set.name + ' ' + std::to_string(set.ttl) + " IN " + set.type + ' ' + words.content;
}

}  // namespace

std::vector<RecordSet> read_sets(const json& rrsets) {
    std::vector<RecordSet> sets;
    for (const json& item : rrsets) {
        RecordSet set{.name = text_of(item, "name"),
                      .type = text_of(item, "type"),
                      .ttl = static_cast<uint32_t>(number_of(item, "ttl").value_or(0)),
                      .records = {}};
        if (set.name.empty() || set.type.empty()) continue;
        for (const json& record : member(item, "records")) {
            set.records.push_back({text_of(record, "content"), is_true(record, "disabled")});
        }
        sets.push_back(std::move(set));
    }
    return sets;
}

json to_json(const RecordSet& set) {
    json records = json::array();
    for (const RecordWords& words : set.records) {
        records.push_back({{"content", words.content}, {"disabled", words.is_disabled}});
    }
    return {
        {"name", set.name}, {"type", set.type}, {"ttl", set.ttl}, {"records", std::move(records)}};
}

std::vector<RecordSet> sets_of(const ZoneDraft& draft, size_t& left_out) {
    std::vector<RecordSet> sets;
    left_out = 0;
    for (const ZoneDraft::Node& node : draft.nodes()) {
        const auto owner = Name::from_wire(draft.name(node)).value_or(Name()).lowered();
        for (const ZoneDraft::Set& each : draft.sets(node)) {
            left_out += each.signatures().size();
            if (std::ranges::find(kMadeBySigner, each.type) != kMadeBySigner.end()) {
                left_out += each.records().size();
                continue;
            }
            if (each.records().empty()) continue;
            RecordSet set{
                dns::to_text(owner), dns::to_text(each.type), each.records().front().ttl, {}};
            for (const ZoneDraft::Datum& datum : each.records()) {
                set.records.push_back({dns::rdata_to_text(each.type, draft.rdata(datum)), false});
            }
            sets.push_back(std::move(set));
        }
    }
    return sets;
}

Result<ZoneDraft> draft_of(const Name& zone, const std::vector<RecordSet>& sets) {
    ZoneDraft draft(zone);
    for (const RecordSet& set : sets) {
        for (const RecordWords& words : set.records) {
            if (words.is_disabled) continue;
            const auto record = record_of(set, words);
            if (!record || !draft.add(*record, {})) {
                return base::fail("the controller has what is no record of the zone: " +
                                  printable(line_of(set, words)));
            }
        }
    }
    draft.arrange();
    return draft;
}

Result<std::string> editable_text(const Name& zone, const std::vector<RecordSet>& sets) {
    const auto draft = draft_of(zone, sets);
    if (!draft) return std::unexpected(draft.error());
    std::string text = zone::zone_to_text(*draft, dns::ZoneFileStyle::Relative);
    std::string disabled;
    for (const RecordSet& set : sets) {
        for (const RecordWords& words : set.records) {
            if (words.is_disabled) disabled += ";   " + line_of(set, words) + '\n';
        }
    }
    if (!disabled.empty()) {
        text +=
            "\n; These are switched off, and stay so whatever is done to these lines:\n" + disabled;
    }
    return text;
}

std::vector<std::string> lines_of(const RecordSet& set) {
    std::vector<std::string> lines;
    for (const RecordWords& words : set.records) {
        lines.push_back(printable(line_of(set, words)) +
                        (words.is_disabled ? " (switched off)" : ""));
    }
    return lines;
}

std::string canonical_content(const std::string& type, const std::string& content) {
    const auto known = dns::parse_rr_type(type);
    const auto rdata = known ? parse(*known, content, nullptr) : base::fail("unknown type");
    return rdata ? dns::rdata_to_text(*known, *rdata) : content;
}

Result<std::string> typed_content(RRType type, std::string_view text, const Name& zone) {
    const bool is_bare = is_of_strings(type) && !text.starts_with('"') && !text.starts_with("\\#");
    const std::string words = is_bare ? as_strings(text) : std::string(text);
    const auto rdata = parse(type, words, &zone);
    if (!rdata) return std::unexpected(rdata.error());
    if (const auto typed = dns::check_typed_names(type, words, *rdata); !typed) {
        return base::within('"' + printable(text) + '"', typed.error());
    }
    if (const auto done = check_is_not_repeated(type, words, *rdata, zone); !done) {
        return std::unexpected(done.error());
    }
    return dns::rdata_to_text(type, *rdata);
}

Result<Name> typed_owner(std::string_view text, const Name& zone) {
    const auto name = dns::parse_typed_name(text, &zone);
    if (!name) return base::within('"' + printable(text) + '"', name.error());
    const Name root;
    if (const auto absolute = dns::parse_name(text, &root)) {
        const auto done = check_is_not_repeated(*name, *absolute, zone);
        if (!done) return std::unexpected(done.error());
    }
    if (!name->is_subdomain_of(zone)) {
        return base::fail(dns::to_text(*name) + " is not in the zone " + dns::to_text(zone));
    }
    return name->lowered();
}

Result<Name> typed_server(std::string_view text, const Name& zone) {
    const Name root;
    const bool is_of_zone = !text.contains('.');
    auto name = dns::parse_typed_name(text, is_of_zone ? &zone : &root);
    if (!name) return base::within('"' + printable(text) + '"', name.error());
    return name->lowered();
}

Result<uint32_t> typed_ttl(std::string_view text) {
    uint32_t seconds = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, seconds);
    if (error == std::errc() && stop == end && seconds <= dns::kTtlMax) return seconds;
    const auto duration = base::parse_duration(text);
    if (duration && duration->count() % 1'000 == 0 &&
        duration->count() / 1'000 <= int64_t{dns::kTtlMax}) {
        return static_cast<uint32_t>(duration->count() / 1'000);
    }
    return base::fail('"' + printable(text) + "\" is no TTL", "seconds, or 5m, 1h: 300");
}

}  // namespace nearcast::console
