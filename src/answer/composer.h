// SPDX-License-Identifier: Apache-2.0
//
// Answers an ordinary question (class IN, opcode QUERY) from the zones: the algorithm of RFC 1034
// §4.3.2 and what later documents made of it.
//
// One for each worker. It writes the sections; header and OPT are the Responder's.

#pragma once

#include <algorithm>
#include <array>
#include <optional>

#include "answer/denial.h"
#include "answer/lookup.h"
#include "answer/outcome.h"
#include "answer/placed_name.h"
#include "answer/private_zones.h"
#include "answer/response_writer.h"
#include "dns/message.h"
#include "zone/zone_table.h"

namespace nearcast::answer {

// CNAMEs and DNAMEs followed for one question, at most. Resolvers give up about there; more would
// let one question cost many, and a loop that changes the name each time go on for ever.
constexpr size_t kChainLinksMax = 16;

// Targets of one RRset whose addresses are added, at most: what more there is would hardly fit, and
// a question is to have a bounded cost. Glue without which a child cannot be reached is not bounded
// so: all of it is added, or the answer is truncated (RFC 9471 §3.1).
constexpr size_t kTargetsMax = 32;

// Calls `visit(label)` for each suffix of `name` that could be the apex of a zone here, the longest
// first, from label `first_label` on, until it returns true.
template <typename Visit>
void visit_apexes(const zone::ZoneTable& zones, const zone::HashedName& name, size_t first_label,
                  Visit visit) {
    const size_t deepest = zones.label_count_max();
    const size_t longest = name.label_count() > deepest ? name.label_count() - deepest : 0;
    for (size_t label = std::max(longest, first_label); label <= name.label_count(); ++label) {
        if (visit(label)) return;
    }
}

// The zones that somebody may see: all but the hidden ones, if there are any.
struct VisibleZones {
    const zone::ZoneTable& table;
    const PrivateZones* hidden = nullptr;
};

// The most specific zone for the suffixes of `name` from label `first_label` on.
[[nodiscard]] std::optional<zone::Version> find_zone(const VisibleZones& zones,
                                                     const zone::HashedName& name,
                                                     size_t first_label);

// The same for a question: a DS lies at the parent's side of a cut (RFC 4035 §3.1.4.1).
[[nodiscard]] std::optional<zone::Version> find_zone_for(const VisibleZones& zones,
                                                         const zone::HashedName& name,
                                                         dns::RRType qtype);

// What is asked, and what was found out about it on the way.
struct Question {
    const dns::Query& query;
    const zone::HashedName& name;
    std::span<const uint8_t> as_asked;         // The same name, its letters as in the question.
    const std::optional<zone::Version>& zone;  // Where the answer begins.
    zone::Node likely;                         // As look_up() takes it.
    // Here, and also where a chain of aliases leads; null when nothing is.
    const PrivateZones* hidden = nullptr;
};

class Composer {
 public:
    explicit Composer(const zone::ZoneTable& zones) : zones_(zones) {}

    // Adds the answer to `writer`.
    Outcome compose(const Question& question, ResponseWriter& writer);

 private:
    // Whether the question is answered, or goes on with another name.
    enum class Step : uint8_t { Done, Follow };

    Step answer_in(const zone::Version& zone, const zone::Node& likely);
    void follow_chain();
    Step answer_from(const zone::Version& zone, const Lookup& found);
    Step follow_cname(const zone::Node& node, const zone::RRset& cname);
    Step redirect(const zone::Node& dname_node);
    [[nodiscard]] bool has_written_dname_of(const zone::Node& node) const;
    [[nodiscard]] bool dname_answers(const zone::Node& node) const;
    void answer_any(const zone::Node& node);
    void answer_signatures(const zone::Node& node);
    void answer_positive(const zone::Version& zone, const zone::Node& node,
                         const zone::RRset& rrset);
    void answer_negative(const zone::Version& zone, const Lookup& found);
    void refer(const zone::Version& zone, const zone::Node& cut);
    // Finds the nodes that the records of `rrset`, which is of `node`, name.
    void resolve_targets(const zone::Version& zone, const zone::Node& node,
                         const zone::RRset& rrset);
    [[nodiscard]] bool has_target(size_t number) const;
    void add_glue(const zone::Version& zone, const zone::Node& cut, const zone::RRset& ns,
                  size_t ns_at);
    void add_additional(const zone::RRset& rrset, const Owner& owner, size_t rrset_at);
    [[nodiscard]] bool add_addresses(const zone::Node& target, const Owner& owner);

    void add_proofs() {
        if (!proofs_.proofs().empty()) add_collected();
    }
    void add_collected();
    [[nodiscard]] Owner owner_of(const ProofList::Proof& proof) const;

    // False when it does not fit; then nothing of it was added.
    [[nodiscard]] bool add_set(Section section, const zone::Node& node, const zone::RRset& rrset,
                               const Owner& owner);
    // The same where the answer is worth nothing without it.
    void need_set(Section section, const zone::Node& node, const zone::RRset& rrset,
                  const Owner& owner);

    Step go_on_with(size_t at);
    [[nodiscard]] Owner current_owner() const {
        return {name_.suffix_at(name_.name().size()), name_.wire()};
    }
    [[nodiscard]] Owner ancestor_owner(const zone::Node& node) const {
        return {name_.suffix_at(node.owner().size()), node.owner()};
    }

    const zone::ZoneTable& zones_;
    const PrivateZones* hidden_ = nullptr;
    ResponseWriter* writer_ = nullptr;
    const dns::Query* query_ = nullptr;
    PlacedName name_;  // The one that is being answered: the question's, then its aliases'.
    zone::Node apex_;  // Of the zone that answers it, once that is known.
    std::array<uint64_t, kChainLinksMax + 1> visited_{};  // Hashes of the names in the chain.
    size_t visited_count_ = 0;
    // Owners of the DNAMEs in the answer: a chain may pass one twice, but no record stands twice.
    std::array<const uint8_t*, kChainLinksMax + 1> dnames_{};
    size_t dname_count_ = 0;
    std::array<zone::Node, kTargetsMax> targets_;  // By the number of the link; none for some.
    size_t target_count_ = 0;
    ProofList proofs_;
    Outcome outcome_;
};

}  // namespace nearcast::answer
