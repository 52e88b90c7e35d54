// SPDX-License-Identifier: Apache-2.0

#include "console/set_changes.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "console/json_text.h"
#include "dns/serial.h"

namespace nearcast::console {
namespace {

using nlohmann::json;

constexpr const char* kRed = "\x1b[31m";
constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kPlain = "\x1b[0m";

using Key = std::pair<std::string, std::string>;

Key key_of(const RecordSet& set) { return {set.name, set.type}; }

std::map<Key, const RecordSet*> by_key(const std::vector<RecordSet>& sets) {
    std::map<Key, const RecordSet*> found;
    for (const RecordSet& set : sets) found.emplace(key_of(set), &set);
    return found;
}

// What is switched on, written in the one way.
std::multiset<std::string> meaning_of(const RecordSet& set) {
    std::multiset<std::string> meaning;
    for (const RecordWords& words : set.records) {
        if (!words.is_disabled) meaning.insert(canonical_content(set.type, words.content));
    }
    return meaning;
}

bool has_disabled(const RecordSet& set) {
    return std::ranges::any_of(set.records, &RecordWords::is_disabled);
}

// The seven words of a SOA; fewer when it is none.
std::vector<std::string> words_of(const std::string& content) {
    std::vector<std::string> words;
    for (size_t at = 0; at < content.size();) {
        const size_t end = std::min(content.find(' ', at), content.size());
        if (end > at) words.push_back(content.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

bool is_only_an_older_serial(const RecordSet& kept, const RecordSet& wanted) {
    if (wanted.type != "SOA" || kept.ttl != wanted.ttl) return false;
    if (kept.records.empty() || wanted.records.empty()) return false;
    auto ours = words_of(canonical_content("SOA", kept.records.front().content));
    auto theirs = words_of(canonical_content("SOA", wanted.records.front().content));
    if (ours.size() != 7 || theirs.size() != 7) return false;
    const auto serial = static_cast<uint32_t>(std::strtoul(ours[2].c_str(), nullptr, 10));
    const auto later = static_cast<uint32_t>(std::strtoul(theirs[2].c_str(), nullptr, 10));
    ours[2] = theirs[2];
    return ours == theirs && !dns::is_later_serial(later, serial);
}

// `wanted` in the words of `kept` where they mean the same, with what is switched off there.
RecordSet merged(const RecordSet& kept, RecordSet wanted) {
    std::map<std::string, std::string> words;
    for (const RecordWords& record : kept.records) {
        if (!record.is_disabled) {
            words.emplace(canonical_content(kept.type, record.content), record.content);
        }
    }
    const std::multiset<std::string> meaning = meaning_of(wanted);
    for (RecordWords& record : wanted.records) {
        const auto found = words.find(canonical_content(wanted.type, record.content));
        if (found != words.end()) record.content = found->second;
    }
    for (const RecordWords& record : kept.records) {
        if (record.is_disabled && !meaning.contains(canonical_content(kept.type, record.content))) {
            wanted.records.push_back(record);
        }
    }
    return wanted;
}

// What is left of a set that nobody wants: what is switched off in it.
std::optional<RecordSet> rest_of(const RecordSet& kept) {
    if (!has_disabled(kept)) return std::nullopt;
    RecordSet rest = kept;
    std::erase_if(rest.records, [](const RecordWords& record) { return !record.is_disabled; });
    return rest;
}

std::optional<RecordSet> read_side(const json& side) {
    if (!side.is_object()) return std::nullopt;
    auto sets = read_sets(json::array({side}));
    if (sets.empty()) return std::nullopt;
    return std::move(sets.front());
}

void append_lines(const std::vector<std::string>& lines, const std::vector<std::string>& others,
                  const std::string& sign, std::string& text) {
    for (const std::string& line : lines) {
        if (std::ranges::find(others, line) != others.end()) continue;
        text += sign + line + (sign.starts_with('\x1b') ? kPlain : "") + '\n';
    }
}

}  // namespace

std::vector<SetChange> changes_between(const std::vector<RecordSet>& kept,
                                       const std::vector<RecordSet>& wanted) {
    const auto before = by_key(kept);
    const auto after = by_key(wanted);
    std::vector<SetChange> changes;
    for (const RecordSet& set : kept) {
        if (after.contains(key_of(set)) || meaning_of(set).empty()) continue;
        changes.push_back({set, rest_of(set)});
    }
    for (const RecordSet& set : wanted) {
        const auto found = before.find(key_of(set));
        if (found == before.end()) {
            changes.push_back({std::nullopt, set});
            continue;
        }
        const RecordSet& old = *found->second;
        if (old.ttl == set.ttl && meaning_of(old) == meaning_of(set)) continue;
        if (is_only_an_older_serial(old, set)) continue;
        changes.push_back({old, merged(old, set)});
    }
    return changes;
}

std::vector<SetChange> read_changes(const json& rrsets) {
    std::vector<SetChange> changes;
    for (const json& item : rrsets) {
        SetChange change{read_side(member(item, "before")), read_side(member(item, "after"))};
        if (change.before || change.after) changes.push_back(std::move(change));
    }
    return changes;
}

json to_patch(const std::vector<SetChange>& changes) {
    json going = json::array();
    json coming = json::array();
    for (const SetChange& change : changes) {
        if (!change.after) {
            going.push_back({{"name", change.before->name},
                             {"type", change.before->type},
                             {"changetype", "DELETE"}});
            continue;
        }
        json set = to_json(*change.after);
        set["changetype"] = "REPLACE";
        coming.push_back(std::move(set));
    }
    going.insert(going.end(), coming.begin(), coming.end());
    return going;
}

std::string diff_text(const std::vector<SetChange>& changes, bool is_coloured) {
    std::string text;
    for (const SetChange& change : changes) {
        const auto before = change.before ? lines_of(*change.before) : std::vector<std::string>();
        const auto after = change.after ? lines_of(*change.after) : std::vector<std::string>();
        append_lines(before, after, is_coloured ? kRed + std::string("- ") : "- ", text);
        append_lines(after, before, is_coloured ? kGreen + std::string("+ ") : "+ ", text);
    }
    return text;
}

std::vector<std::string> common_sets(const std::vector<SetChange>& a,
                                     const std::vector<SetChange>& b) {
    std::set<Key> keys;
    for (const SetChange& change : a) keys.insert(key_of(change.either()));
    std::vector<std::string> names;
    for (const SetChange& change : b) {
        const RecordSet& set = change.either();
        // Every change has another serial.
        if (set.type != "SOA" && keys.contains(key_of(set))) {
            names.push_back(set.name + ' ' + set.type);
        }
    }
    return names;
}

}  // namespace nearcast::console
