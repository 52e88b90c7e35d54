// SPDX-License-Identifier: Apache-2.0

#include "zone/unanswered.h"

#include <algorithm>
#include <utility>

#include "dns/name.h"
#include "zone/finding.h"
#include "zone/hashed_name.h"

namespace nearcast::zone {
namespace {

using dns::RRType;
using Wire = std::span<const uint8_t>;

// What the parent's side of a zone cut says, beside glue.
bool is_answered_at_cut(RRType type) {
    return type == RRType::NS || type == RRType::DS || type == RRType::NSEC ||
           type == RRType::DNAME;  // An error of its own.
}

bool is_glue(RRType type) { return type == RRType::A || type == RRType::AAAA; }

// A label behind the first that is an asterisk alone.
bool has_inner_asterisk(Wire name) {
    for (size_t at = name[0] + size_t{1}; name.size() > 1 && name[at] != 0; at += name[at] + 1U) {
        if (name[at] == 1 && name[at + 1] == '*') return true;
    }
    return false;
}

class ChangeJudge {
 public:
    explicit ChangeJudge(const Version& after) : after_(after) {}

    void judge(Wire owner, RRType type) {
        if (type == RRType::RRSIG) return;
        const HashedName name(owner);
        const Node node = after_.find(name.hash(), name.wire());
        if (!node) return;  // Of the NSEC3 chain.
        keep(judge_asterisk(owner, type));
        if (node.has(kOccluded)) {
            judge_below(node, type, after_.hidden_by(node));
        } else if (node.has(kDelegation)) {
            judge_below(node, type, node);
        }
        const bool hides = (type == RRType::NS && node.has(kDelegation)) || type == RRType::DNAME;
        if (hides && !node.has(kOccluded)) judge_hidden(node);
    }

    [[nodiscard]] std::vector<Advice> take() { return std::move(advice_); }

 private:
    void judge_below(const Node& node, RRType type, const Node& above) {
        keep(judge_occluded(node.owner(), type, above.owner(), above.has(kDelegation)));
    }

    // What was there before the cut or the DNAME came. A few names show it.
    void judge_hidden(const Node& above) {
        const NodeOrder names = after_.names();
        NodeOrder::Place place = names.after(above.owner());
        for (size_t i = 0; i < kFindingsMax; ++i) {
            const Node node = names.next(place);
            if (!node || !node.has(kOccluded) || !(after_.hidden_by(node) == above)) return;
            for (const RRsetEntry& entry : node.rrsets()) {
                if (entry.type == RRType::RRSIG) continue;
                judge_below(node, entry.type, above);
            }
        }
    }

    void keep(std::optional<Advice> advice) {
        const auto is_known = [&advice](const Advice& each) {
            return each.message == advice->message;
        };
        if (!advice || advice_.size() == kFindingsMax) return;
        if (std::ranges::none_of(advice_, is_known)) advice_.push_back(*std::move(advice));
    }

    const Version after_;
    std::vector<Advice> advice_;
};

}  // namespace

std::optional<Advice> judge_asterisk(Wire owner, RRType type) {
    const bool is_wildcard = owner[0] == 1 && owner[1] == '*';
    if (is_wildcard && (type == RRType::NS || type == RRType::DNAME)) {
        return Advice{
            "wildcard-redirects",
            dns::to_text(owner) + " is a wildcard with " + dns::to_text(type) + " records",
            "they delegate or redirect nothing (RFC 4592, sections 4.2 and 4.4)"};
    }
    if (has_inner_asterisk(owner)) {
        return Advice{"wildcard-within",
                      dns::to_text(owner) + " has an asterisk that is not its first label",
                      "it stands for itself there, and matches nothing else (RFC 4592, section 2)"};
    }
    return std::nullopt;
}

std::optional<Advice> judge_occluded(Wire owner, RRType type, Wire above, bool is_cut) {
    if (is_cut && is_glue(type)) return std::nullopt;  // First, as most are.
    const bool is_at_cut = is_cut && dns::canonical_order(owner, above) == 0;
    if (is_at_cut && is_answered_at_cut(type)) return std::nullopt;
    const std::string never = dns::to_text(owner) + " " + dns::to_text(type) + " is never answered";
    if (!is_cut) {
        return Advice{"occluded", never + ": " + dns::to_text(above) + " is redirected",
                      "remove it, or the DNAME"};
    }
    return Advice{"occluded",
                  never + (is_at_cut ? std::string(": the name is delegated")
                                     : ": " + dns::to_text(above) + " is delegated"),
                  "put it into the zone of " + dns::to_text(above)};
}

std::vector<Advice> judge_changes(const Version& after, const Changeset& changes) {
    ChangeJudge judge(after);
    RecordSequence added(changes.added());
    for (RecordView record; added.next(record);) judge.judge(record.owner, record.type);
    return judge.take();
}

}  // namespace nearcast::zone
