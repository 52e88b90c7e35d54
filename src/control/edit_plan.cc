// SPDX-License-Identifier: Apache-2.0

#include "control/edit_plan.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "control/record_content.h"
#include "control/soa_serial.h"
#include "dns/rdata.h"
#include "dns/typed_name.h"

namespace nearcast::control {
namespace {

using dns::RRType;
using Plan = std::expected<std::vector<RrsetChange>, std::vector<RrsetFault>>;

// What tells records apart: the data, names in lower case.
std::vector<uint8_t> folded(RRType type, std::vector<uint8_t> rdata) {
    dns::RdataNames names(type, rdata);
    dns::RdataName name;
    while (names.next(name)) {
        for (size_t i = name.offset; i < name.offset + name.size; ++i) {
            if (rdata[i] >= 'A' && rdata[i] <= 'Z') rdata[i] |= 0x20;
        }
    }
    return rdata;
}

bool is_same_soa(const Rrset& a, const Rrset& b) {
    return a.records.size() == 1 && b.records.size() == 1 &&
           with_serial(a.records[0].content, 0) == with_serial(b.records[0].content, 0);
}

bool is_same(const Rrset& a, const Rrset& b) {
    if (a.ttl != b.ttl || a.comments != b.comments) return false;
    return a.records == b.records || (a.type == RRType::SOA && is_same_soa(a, b));
}

bool is_served(const Rrset& rrset) {
    return std::ranges::any_of(rrset.records,
                               [](const auto& record) { return !record.is_disabled; });
}

using Parsed = std::expected<std::vector<uint8_t>, std::string>;

// As parse_content(), of what a client sends: of that which is there a name in Unicode is borne.
Parsed parse_sent(RRType type, std::string_view content) {
    auto rdata = parse_content(type, content);
    if (!rdata) return rdata;
    const auto typed = dns::check_typed_names(type, content, *rdata);
    if (typed) return rdata;
    return std::unexpected("a name in it " + typed.error().message + " (" + typed.error().hint +
                           ')');
}

class Planner {
 public:
    Planner(const dns::Name& apex, const RrsetsByName& current) : apex_(apex) {
        for (const auto& [key, rrsets] : current) {
            for (const Rrset& rrset : rrsets) open(rrset.owner, rrset.type).before = rrset;
        }
        for (auto& [key, state] : states_) state.now = state.before;
    }

    void apply(const RrsetEdit& edit) {
        if (!check_edit(edit)) return;
        State& state = open(edit.owner, edit.type);
        state.is_edited = true;
        switch (edit.kind) {
            case RrsetEdit::Kind::Replace:
                return replace(state, edit);
            case RrsetEdit::Kind::Delete:
                state.now.reset();
                return;
            case RrsetEdit::Kind::Extend:
                return extend(state, edit);
            case RrsetEdit::Kind::Prune:
                return prune(state, edit);
        }
    }

    // Puts the set back as it was before a change, which must have left it as it is.
    void revert(const RrsetChange& change) {
        const Rrset& either = change.either();
        State& state = open(either.owner, either.type);
        const bool is_as_left = state.now.has_value() == change.after.has_value() &&
                                (!state.now || is_same(*state.now, *change.after));
        if (!is_as_left) return tell(either.owner, either.type, "records", "Has changed since");
        state.is_edited = true;
        state.now = change.before;
    }

    [[nodiscard]] Plan finish() {
        check_neighbours();
        if (!faults_.empty()) return std::unexpected(std::move(faults_));
        std::vector<RrsetChange> changes;
        for (auto& [key, state] : states_) {
            const bool differs = state.before.has_value() != state.now.has_value() ||
                                 (state.now && !is_same(*state.before, *state.now));
            if (differs) changes.push_back({std::move(state.before), std::move(state.now)});
        }
        return changes;
    }

 private:
    struct State {
        dns::Name owner;
        RRType type = RRType::None;
        std::optional<Rrset> before;
        std::optional<Rrset> now;
        bool is_edited = false;
    };

    void tell(const dns::Name& owner, RRType type, std::string field, std::string reason) {
        if (faults_.size() >= kFaultsMax) return;
        faults_.push_back({owner, type, std::move(field), std::move(reason)});
    }

    State& open(const dns::Name& owner, RRType type) {
        State& state = states_[{dns::key_of(owner), type}];
        if (state.type == RRType::None) {
            state.owner = owner.lowered();
            state.type = type;
        }
        return state;
    }

    [[nodiscard]] bool check_edit(const RrsetEdit& edit) {
        const bool is_change = edit.kind == RrsetEdit::Kind::Replace;
        if (is_change && !replaced_.insert({dns::key_of(edit.owner), edit.type}).second) {
            tell(edit.owner, edit.type, "name", "Duplicate RRset");
            return false;
        }
        // What cannot be there may be deleted: it is not there.
        if (edit.kind == RrsetEdit::Kind::Delete) return true;
        const size_t before = faults_.size();
        if (!edit.owner.is_subdomain_of(apex_)) {
            tell(edit.owner, edit.type, "name", "Name is out of zone");
        }
        if (!is_editable(edit.type)) {
            tell(edit.owner, edit.type, "type",
                 "Records of this type are not for clients to write");
        }
        const bool sets_ttl = edit.kind != RrsetEdit::Kind::Prune && edit.records;
        if (sets_ttl && edit.ttl > kEditTtlMax) {
            tell(edit.owner, edit.type, "ttl", "TTL is more than 2147483647");
        }
        if (edit.records && edit.records->size() > kRecordsMax) {
            tell(edit.owner, edit.type, "records", "Too many records");
        }
        check_comments(edit);
        return faults_.size() == before;
    }

    void check_comments(const RrsetEdit& edit) {
        if (!edit.comments) return;
        if (edit.comments->size() > kCommentsMax) {
            tell(edit.owner, edit.type, "comments", "Too many comments");
        }
        for (const Comment& comment : *edit.comments) {
            if (comment.content.size() + comment.account.size() <= kCommentSizeMax) continue;
            tell(edit.owner, edit.type, "comments", "Comment is too long");
        }
    }

    // The records' data in wire form, folded. Nothing when one is wrong, which is then told.
    [[nodiscard]] std::optional<std::vector<std::vector<uint8_t>>> parse(
        const State& state, const std::vector<RecordText>& records,
        Parsed (*read)(RRType, std::string_view) = parse_sent) {
        std::vector<std::vector<uint8_t>> parsed;
        bool is_right = true;
        for (const RecordText& record : records) {
            auto rdata = read(state.type, record.content);
            if (rdata) {
                parsed.push_back(folded(state.type, *std::move(rdata)));
                continue;
            }
            is_right = false;
            tell(state.owner, state.type, "content",
                 "Record " + dns::to_text(state.owner) + "/" + dns::to_text(state.type) + " '" +
                     record.content.substr(0, 300) + "': " + rdata.error());
        }
        return is_right ? std::optional(std::move(parsed)) : std::nullopt;
    }

    void check_set(const State& state, std::vector<std::vector<uint8_t>> parsed) {
        size_t size = 0;
        for (const auto& rdata : parsed) size += rdata.size() + kRecordHeadSize;
        if (size > kRrsetSizeMax) {
            tell(state.owner, state.type, "records", "RRset is too large for a DNS message");
        }
        std::ranges::sort(parsed);
        if (std::ranges::adjacent_find(parsed) != parsed.end()) {
            tell(state.owner, state.type, "records", "Duplicate record in RRset");
        }
    }

    void replace(State& state, const RrsetEdit& edit) {
        Rrset next = state.now.value_or(Rrset{state.owner, state.type, edit.ttl, {}, {}});
        if (edit.records) {
            auto parsed = parse(state, *edit.records);
            if (!parsed) return;
            if (!edit.keeps_ttl || next.records.empty()) next.ttl = edit.ttl;
            next.records = *edit.records;
            // Of a SOA the serial is ours: it must stand where serial_in() looks for it.
            if (state.type == RRType::SOA && parsed->size() == 1) {
                next.records[0].content = dns::rdata_to_text(RRType::SOA, parsed->front());
            }
            check_set(state, *std::move(parsed));
        }
        if (edit.comments) next.comments = *edit.comments;
        put(state, std::move(next));
    }

    void extend(State& state, const RrsetEdit& edit) {
        const auto& added = edit.records.value_or(std::vector<RecordText>());
        const auto parsed = parse(state, added);
        if (!parsed) return;
        Rrset next = state.now.value_or(Rrset{state.owner, state.type, edit.ttl, {}, {}});
        auto present = parse(state, next.records, parse_content);
        if (!present) return;
        std::map<std::vector<uint8_t>, size_t> places;
        for (size_t i = 0; i < present->size(); ++i) places.emplace((*present)[i], i);
        for (size_t i = 0; i < added.size(); ++i) {
            const auto [at, is_new] = places.emplace((*parsed)[i], present->size());
            if (!is_new) {
                next.records[at->second] = added[i];
                continue;
            }
            next.records.push_back(added[i]);
            present->push_back((*parsed)[i]);
        }
        if (!added.empty()) next.ttl = edit.ttl;
        if (next.records.size() > kRecordsMax) {
            return tell(state.owner, state.type, "records", "Too many records");
        }
        check_set(state, *std::move(present));
        put(state, std::move(next));
    }

    void prune(State& state, const RrsetEdit& edit) {
        if (!state.now) return;
        const auto removed = parse(state, edit.records.value_or(std::vector<RecordText>()));
        const auto present = parse(state, state.now->records, parse_content);
        if (!removed || !present) return;
        Rrset next = *state.now;
        next.records.clear();
        const std::set gone(removed->begin(), removed->end());
        for (size_t i = 0; i < present->size(); ++i) {
            if (!gone.contains((*present)[i])) {
                next.records.push_back(state.now->records[i]);
            }
        }
        if (next.records.empty()) next.comments.clear();
        put(state, std::move(next));
    }

    static void put(State& state, Rrset next) {
        if (next.records.empty() && next.comments.empty()) {
            state.now.reset();
        } else {
            state.now = std::move(next);
        }
    }

    // What one set of a name says about another (RFC 1034 §3.6.2, RFC 6672 §2.3).
    void check_neighbours() {
        for (auto at = states_.begin(); at != states_.end();) {
            const auto end = std::find_if(at, states_.end(), [&](const auto& entry) {
                return entry.first.first != at->first.first;
            });
            check_name(at, end);
            at = end;
        }
    }

    using States = std::map<std::pair<std::string, RRType>, State>;

    void check_name(States::iterator begin, States::iterator end) {
        const auto served = [&](RRType type) {
            return std::any_of(begin, end, [&](const auto& entry) {
                return entry.second.type == type && entry.second.now &&
                       is_served(*entry.second.now);
            });
        };
        const auto count = std::count_if(begin, end, [](const auto& entry) {
            return entry.second.now && is_served(*entry.second.now);
        });
        const bool is_apex = begin->second.owner == apex_;
        const bool has_alias_beside = served(RRType::CNAME) && count > 1;
        const bool has_two_cuts = !is_apex && served(RRType::DNAME) && served(RRType::NS);
        for (auto at = begin; at != end; ++at) {
            const State& state = at->second;
            if (has_alias_beside && state.is_edited && state.now) tell_conflict(state);
            const bool is_cut = state.type == RRType::DNAME || state.type == RRType::NS;
            if (has_two_cuts && is_cut && state.is_edited && state.now) tell_conflict(state);
            check_alone(state, is_apex);
        }
    }

    void tell_conflict(const State& state) {
        tell(state.owner, state.type, "type", "Conflicts with pre-existing RRset");
    }

    // What a set of this type must be.
    void check_alone(const State& state, bool is_apex) {
        if (!state.is_edited) return;
        const bool is_single =
            state.type == RRType::CNAME || state.type == RRType::DNAME || state.type == RRType::SOA;
        if (is_single && state.now && state.now->records.size() > 1) {
            tell(state.owner, state.type, "records", "Only one record of this type may be there");
        }
        if (state.type != RRType::SOA) return;
        if (!is_apex && state.now) {
            tell(state.owner, state.type, "name", "A SOA belongs at the name of the zone");
        }
        if (is_apex && (!state.now || !is_served(*state.now))) {
            tell(state.owner, state.type, "records", "A zone needs its SOA");
        }
    }

    const dns::Name& apex_;
    States states_;
    std::set<std::pair<std::string, RRType>> replaced_;
    std::vector<RrsetFault> faults_;
};

}  // namespace

std::vector<dns::Name> touched_names(std::span<const RrsetEdit> edits) {
    std::map<std::string, dns::Name> names;
    for (const RrsetEdit& edit : edits)
        names.emplace(dns::key_of(edit.owner), edit.owner.lowered());
    std::vector<dns::Name> list;
    for (auto& [key, name] : names) list.push_back(name);
    return list;
}

Plan plan_edits(const dns::Name& apex, const RrsetsByName& current,
                std::span<const RrsetEdit> edits) {
    Planner planner(apex, current);
    for (const RrsetEdit& edit : edits) planner.apply(edit);
    return planner.finish();
}

Plan plan_new_zone(const dns::Name& apex, std::span<const Rrset> rrsets) {
    Planner planner(apex, {});
    for (const Rrset& rrset : rrsets) {
        planner.apply({RrsetEdit::Kind::Replace, rrset.owner, rrset.type, rrset.ttl, rrset.records,
                       rrset.comments});
    }
    return planner.finish();
}

Plan plan_revert(const dns::Name& apex, const RrsetsByName& current, const Diff& diff) {
    Planner planner(apex, current);
    for (const RrsetChange& change : diff.rrsets) planner.revert(change);
    return planner.finish();
}

}  // namespace nearcast::control
