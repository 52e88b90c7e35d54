// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_text.h"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace nearcast::zone {
namespace {

using dns::RRType;
using dns::ZoneWriter;
using Datum = ZoneDraft::Datum;
using Node = ZoneDraft::Node;
using Set = ZoneDraft::Set;

std::vector<Datum> by_data(const ZoneDraft& draft, std::span<const Datum> data) {
    std::vector<Datum> sorted(data.begin(), data.end());
    std::ranges::stable_sort(sorted, [&](const Datum& a, const Datum& b) {
        return std::ranges::lexicographical_compare(draft.rdata(a), draft.rdata(b));
    });
    return sorted;
}

// The SOA first: it makes the file's beginning say which version this is.
std::vector<const Set*> in_order(std::span<const Set> sets) {
    std::vector<const Set*> sorted;
    for (const Set& set : sets) sorted.push_back(&set);
    std::ranges::stable_partition(sorted, [](const Set* set) { return set->type == RRType::SOA; });
    return sorted;
}

// Calls `on_line` for each record, in order.
template <typename OnLine>
void walk(const ZoneDraft& draft, const OnLine& on_line) {
    for (const Node& node : draft.nodes()) {
        for (const Set* set : in_order(draft.sets(node))) {
            for (const Datum& datum : by_data(draft, set->records())) {
                on_line(ZoneWriter::Line{draft.name(node), set->type, dns::RRClass::IN, datum.ttl,
                                         draft.rdata(datum)});
            }
            for (const Datum& datum : by_data(draft, set->signatures())) {
                on_line(ZoneWriter::Line{draft.name(node), RRType::RRSIG, dns::RRClass::IN,
                                         datum.ttl, draft.rdata(datum)});
            }
        }
    }
}

// The TTL that most records have: what $TTL saves most with.
uint32_t usual_ttl(const ZoneDraft& draft) {
    std::map<uint32_t, size_t> counts;
    walk(draft, [&](const ZoneWriter::Line& line) { ++counts[line.ttl]; });
    const auto most =
        std::ranges::max_element(counts, {}, [](const auto& count) { return count.second; });
    return most == counts.end() ? 0 : most->first;
}

// A line of the absolute style, with its owner's wire form in front for order.
struct Difference {
    std::span<const uint8_t> owner;
    std::string line;
};

std::vector<Difference> lines_of(const ZoneDraft& draft) {
    ZoneWriter writer(draft.apex(), dns::ZoneFileStyle::Absolute);
    std::vector<Difference> lines;
    walk(draft, [&](const ZoneWriter::Line& line) {
        std::string text;
        writer.write(line, text);
        text.pop_back();
        lines.push_back({line.owner, std::move(text)});
    });
    return lines;
}

// Those of `lines` that `other` has not, each behind `sign`.
std::vector<Difference> only_in(const std::vector<Difference>& lines,
                                const std::vector<Difference>& other, char sign) {
    std::unordered_set<std::string_view> known;
    for (const Difference& line : other) known.insert(line.line);
    std::vector<Difference> only;
    for (const Difference& line : lines) {
        if (!known.contains(line.line)) only.push_back({line.owner, sign + line.line});
    }
    return only;
}

}  // namespace

std::string zone_to_text(const ZoneDraft& draft, dns::ZoneFileStyle style) {
    ZoneWriter writer(draft.apex(), style,
                      style == dns::ZoneFileStyle::Relative ? usual_ttl(draft) : 0);
    std::string text;
    writer.begin(text);
    walk(draft, [&](const ZoneWriter::Line& line) { writer.write(line, text); });
    return text;
}

std::vector<std::string> compare_zones(const ZoneDraft& from, const ZoneDraft& to) {
    const std::vector<Difference> old_lines = lines_of(from);
    const std::vector<Difference> new_lines = lines_of(to);
    std::vector<Difference> all;
    std::ranges::merge(only_in(old_lines, new_lines, '-'), only_in(new_lines, old_lines, '+'),
                       std::back_inserter(all), [](const Difference& a, const Difference& b) {
                           return dns::canonical_order(a.owner, b.owner) < 0;
                       });
    std::vector<std::string> told;
    for (Difference& difference : all) told.push_back(std::move(difference.line));
    return told;
}

}  // namespace nearcast::zone
