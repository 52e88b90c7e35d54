// SPDX-License-Identifier: Apache-2.0

#include "answer/composer.h"

#include <algorithm>
#include <cassert>

namespace nearcast::answer {
namespace {

using dns::ExtendedError;
using dns::Rcode;
using dns::RRType;
using zone::Node;
using zone::RRset;

// Whether a node with a CNAME sends this question on (RFC 1034 §3.6.2, RFC 2181 §10.1). Signatures
// and NSEC may stand beside a CNAME (RFC 4034 §2.5) and are then not asked for elsewhere; but with
// NSEC3 there is no NSEC, and that there is none cannot be proved of an alias (RFC 6840 §4.3).
bool follows_cname(const zone::Version& zone, RRType qtype) {
    if (qtype == RRType::NSEC) return zone.has_nsec3();
    return qtype != RRType::CNAME && qtype != RRType::ANY && qtype != RRType::RRSIG;
}

}  // namespace

std::optional<zone::Version> find_zone(const VisibleZones& zones, const zone::HashedName& name,
                                       size_t first_label) {
    std::optional<zone::Version> found;
    visit_apexes(zones.table, name, first_label, [&](size_t label) {
        const bool is_hidden =
            zones.hidden != nullptr && zones.hidden->has(name.hash(label), name.suffix(label));
        if (!is_hidden) found = zones.table.find(name.hash(label), name.suffix(label));
        return found.has_value();
    });
    return found;
}

std::optional<zone::Version> find_zone_for(const VisibleZones& zones, const zone::HashedName& name,
                                           RRType qtype) {
    if (qtype != RRType::DS) return find_zone(zones, name, 0);
    const auto zone = find_zone(zones, name, 0);
    const bool is_at_apex = zone && zone->apex().label_count() == name.label_count();
    if (!is_at_apex || name.label_count() == 0) return zone;
    const auto parent = find_zone(zones, name, 1);
    return parent ? parent : zone;
}

Outcome Composer::compose(const Question& question, ResponseWriter& writer) {
    const auto& zone = question.zone;
    if (!zone) return {.rcode = Rcode::Refused, .reason = ExtendedError::NotAuthoritative};
    if (zone->is_unavailable()) {
        return {.rcode = Rcode::ServFail, .reason = ExtendedError::InvalidData};
    }

    writer_ = &writer;
    hidden_ = question.hidden;
    query_ = &question.query;
    outcome_ = {};
    name_.assign_question(question.name, question.as_asked);
    visited_[0] = question.name.hash();
    visited_count_ = 1;
    dname_count_ = 0;
    proofs_.clear();
    if (answer_in(*zone, question.likely) == Step::Follow) follow_chain();
    add_proofs();
    return outcome_;
}

void Composer::follow_chain() {
    std::optional<zone::Version> zone;
    do {
        zone = find_zone_for({zones_, hidden_}, name_.name(), query_->qtype);
    } while (zone && !zone->is_unavailable() && answer_in(*zone, {}) == Step::Follow);
}

Composer::Step Composer::answer_in(const zone::Version& zone, const Node& likely) {
    apex_ = zone.apex();
    const Lookup found = look_up(zone, name_.name(), likely);
    switch (found.match) {
        case Match::Cut:
            refer(zone, found.node);
            return Step::Done;
        case Match::Name:
            if (found.node.has(zone::kDelegation) && query_->qtype != RRType::DS) {
                refer(zone, found.node);
                return Step::Done;
            }
            break;
        case Match::Dname:
            outcome_.is_authoritative = true;
            return redirect(found.node);
        case Match::Wildcard:
            break;
        case Match::Nothing:
            outcome_.is_authoritative = true;
            answer_negative(zone, found);
            return Step::Done;
    }
    outcome_.is_authoritative = true;
    return answer_from(zone, found);
}

Composer::Step Composer::answer_from(const zone::Version& zone, const Lookup& found) {
    const Node& node = found.node;
    const RRType qtype = query_->qtype;
    const bool may_be_answered = dname_count_ > 0 && found.match == Match::Name;
    if (may_be_answered && dname_answers(node)) return Step::Done;
    if (found.match == Match::Wildcard && query_->edns.dnssec_ok) {
        prove_no_closer(zone, name_.name(), found.encloser, proofs_);
    }
    const bool has_own_set = qtype != RRType::NSEC3 && qtype != RRType::RRSIG;
    const RRset exact = has_own_set ? node.find(qtype) : RRset();
    if (exact) {
        answer_positive(zone, node, exact);
        return Step::Done;
    }
    const size_t size_before = writer_->size();
    if (qtype == RRType::ANY) answer_any(node);
    if (qtype == RRType::RRSIG) answer_signatures(node);
    const bool has_answered = writer_->size() > size_before || outcome_.is_truncated;
    if (has_answered) return Step::Done;
    const RRset cname = node.find(RRType::CNAME);
    if (cname && follows_cname(zone, qtype)) return follow_cname(node, cname);
    answer_negative(zone, found);
    return Step::Done;
}

bool Composer::add_set(Section section, const Node& node, const RRset& rrset, const Owner& owner) {
    const bool has_signatures = query_->edns.dnssec_ok && rrset.signature_count() > 0;
    if (!has_signatures) return writer_->add(section, rrset, owner, name_, node.owner());
    const auto mark = writer_->mark();
    if (!writer_->add(section, rrset, owner, name_, node.owner())) return false;
    Owner placed = owner;
    if (placed.at == 0) placed.at = mark.size;
    if (writer_->add_signatures(section, rrset, placed)) return true;
    writer_->go_back(mark);
    return false;
}

void Composer::need_set(Section section, const Node& node, const RRset& rrset, const Owner& owner) {
    if (!add_set(section, node, rrset, owner)) outcome_.is_truncated = true;
}

void Composer::answer_positive(const zone::Version& zone, const Node& node, const RRset& rrset) {
    if (!rrset.has_parts() && name_.is_question() && name_.name().label_count() > 0) {
        if (!writer_->add_as_stored(Section::Answer, rrset)) outcome_.is_truncated = true;
        return;
    }
    const Owner owner = current_owner();
    need_set(Section::Answer, node, rrset, owner);
    if (outcome_.is_truncated || rrset.links().empty()) return;
    const size_t rrset_at = writer_->last_body_at();
    add_proofs();
    if (outcome_.is_truncated) return;
    resolve_targets(zone, node, rrset);
    add_additional(rrset, owner, rrset_at);
}

// One RRset, of our choice (RFC 8482 §4.1): enough for whoever wants to know that the name exists,
// and useless for amplification. It is the one with the lowest type.
void Composer::answer_any(const Node& node) {
    if (node.rrsets().empty()) return;
    need_set(Section::Answer, node, node.rrset(node.rrsets().front()), current_owner());
}

// Of the signatures, too, those over one RRset are enough (RFC 8482 §7); where no RRset has any,
// those over what is not there.
void Composer::answer_signatures(const Node& node) {
    for (const zone::RRsetEntry& entry : node.rrsets()) {
        const RRset rrset = node.rrset(entry);
        if (rrset.signature_count() == 0) continue;
        if (!writer_->add_signatures(Section::Answer, rrset, current_owner())) {
            outcome_.is_truncated = true;
        }
        return;
    }
    const RRset orphans = node.find(RRType::RRSIG);
    if (orphans) need_set(Section::Answer, node, orphans, current_owner());
}

// With the SOA, whose TTL says how long this may be remembered (RFC 2308 §3 and §5).
void Composer::answer_negative(const zone::Version& zone, const Lookup& found) {
    if (found.match == Match::Nothing) outcome_.rcode = Rcode::NXDomain;
    const Node apex = zone.apex();
    const RRset soa = apex.find(RRType::SOA);
    const size_t start = writer_->size();
    need_set(Section::Authority, apex, soa, ancestor_owner(apex));
    const auto body = soa.body();
    const uint32_t minimum = base::load_u32(body.data() + body.size() - sizeof(uint32_t));
    if (minimum < soa.ttl()) writer_->set_ttls(start, minimum);
    if (query_->edns.dnssec_ok) prove_absence(zone, name_.name(), found, proofs_);
}

// Where the proof's owner ends the current name, it stands in the message. Else its apex may.
Owner Composer::owner_of(const ProofList::Proof& proof) const {
    const zone::HashedName& name = name_.name();
    const auto ends_name = [&name](const Node& node) {
        if (node.label_count() > name.label_count()) return false;
        const auto suffix = name.suffix(name.label_count() - node.label_count());
        return dns::equal_ignoring_case(suffix, node.owner());
    };
    if (ends_name(proof.node)) return ancestor_owner(proof.node);
    Owner owner{0, proof.node.owner()};
    const bool is_worth_a_pointer = proof.apex.label_count() > 0;
    if (is_worth_a_pointer && (proof.apex == apex_ || ends_name(proof.apex))) {
        owner.tail_size = proof.apex.owner().size();
        owner.tail_at = name_.suffix_at(owner.tail_size);
    }
    return owner;
}

void Composer::add_collected() {
    for (const ProofList::Proof& proof : proofs_.proofs()) {
        if (outcome_.is_truncated) break;
        need_set(Section::Authority, proof.node, proof.node.find(proof.type), owner_of(proof));
    }
    proofs_.clear();
}

Composer::Step Composer::follow_cname(const Node& node, const RRset& cname) {
    const Owner owner = current_owner();
    need_set(Section::Answer, node, cname, owner);
    if (outcome_.is_truncated) return Step::Done;
    return go_on_with(writer_->first_rdata_at());
}

// Makes the name written at `at` the one to answer, unless the chain is long enough or has come
// back to where it was.
Composer::Step Composer::go_on_with(size_t at) {
    if (visited_count_ > kChainLinksMax) return Step::Done;
    name_.assign_written(writer_->message(), at);
    apex_ = {};
    const uint64_t hash = name_.name().hash();
    const auto visited = std::span(visited_).first(visited_count_);
    if (std::ranges::find(visited, hash) != visited.end()) return Step::Done;
    visited_[visited_count_++] = hash;
    return Step::Follow;
}

bool Composer::has_written_dname_of(const Node& node) const {
    const auto written = std::span(dnames_).first(dname_count_);
    return std::ranges::find(written, node.owner().data()) != written.end();
}

// A chain can lead from below a DNAME to the DNAME itself, which then stands in the answer already,
// with its signatures if they are wanted.
bool Composer::dname_answers(const Node& node) const {
    if (!has_written_dname_of(node)) return false;
    if (query_->qtype != RRType::RRSIG) {
        return query_->qtype == RRType::DNAME || query_->qtype == RRType::ANY;
    }
    return query_->edns.dnssec_ok && node.find(RRType::DNAME).signature_count() > 0;
}

// RFC 6672 §3.2: the DNAME, and a CNAME made from it for this very name.
Composer::Step Composer::redirect(const Node& dname_node) {
    const RRset dname = dname_node.find(RRType::DNAME);
    if (!has_written_dname_of(dname_node)) {
        need_set(Section::Answer, dname_node, dname, ancestor_owner(dname_node));
        dnames_[dname_count_++] = dname_node.owner().data();
    }
    if (outcome_.is_truncated) return Step::Done;

    const auto target = dname.body().subspan(zone::kRecordFixedSize);
    const auto own = name_.wire();
    const auto prefix = own.first(own.size() - dname_node.owner().size());
    if (prefix.size() + target.size() > dns::kNameSizeMax) {
        outcome_.rcode = Rcode::YXDomain;
        return Step::Done;
    }
    std::array<uint8_t, dns::kNameSizeMax> alias{};
    std::ranges::copy(prefix, alias.begin());
    std::ranges::copy(target, alias.begin() + static_cast<ptrdiff_t>(prefix.size()));
    const std::span rdata(alias.data(), prefix.size() + target.size());
    const RecordHead head{RRType::CNAME, dns::RRClass::IN, dname.ttl()};
    if (!writer_->add_record(Section::Answer, current_owner(), head, rdata)) {
        outcome_.is_truncated = true;
        return Step::Done;
    }
    if (query_->qtype == RRType::CNAME) return Step::Done;  // It is what was asked for.
    return go_on_with(writer_->size() - rdata.size());
}

// To the child's servers, with the glue without which nobody would get there (RFC 9471).
void Composer::refer(const zone::Version& zone, const Node& cut) {
    const RRset ns = cut.find(RRType::NS);
    const Owner owner = ancestor_owner(cut);
    need_set(Section::Authority, cut, ns, owner);
    const size_t ns_at = writer_->last_body_at();
    if (query_->edns.dnssec_ok && !outcome_.is_truncated) {
        const RRset ds = cut.find(RRType::DS);
        if (ds) {
            need_set(Section::Authority, cut, ds, owner);
        } else {
            prove_insecure(zone, name_.name(), cut, proofs_);
        }
    }
    add_proofs();
    if (!outcome_.is_truncated) add_glue(zone, cut, ns, ns_at);
}

void Composer::resolve_targets(const zone::Version& zone, const Node& node, const RRset& rrset) {
    const auto links = rrset.links();
    target_count_ = std::min(links.size(), kTargetsMax);
    for (size_t i = 0; i < target_count_; ++i) targets_[i] = zone.target(node, rrset, links[i]);
}

// Whether the link leads somewhere, and none before it to the same node.
bool Composer::has_target(size_t number) const {
    const auto earlier = std::span(targets_).first(number);
    return targets_[number] && std::ranges::find(earlier, targets_[number]) == earlier.end();
}

// First the addresses of servers inside the child: all of them, or TC. Then those of servers in
// other parts of this zone, each that has room: a signed set may not, and glue behind it may. No
// two records of an NS set name the same server.
void Composer::add_glue(const zone::Version& zone, const Node& cut, const RRset& ns, size_t ns_at) {
    size_t siblings_left = kTargetsMax;
    for (const bool is_in_domain : {true, false}) {
        for (const zone::Link& link : ns.links()) {
            if (((link.flags & zone::kInDomain) != 0) != is_in_domain) continue;
            if (!is_in_domain && siblings_left-- == 0) return;
            const Node target = zone.target(cut, ns, link);
            if (!target) continue;
            const Owner to{ns_at == 0 ? 0 : ns_at + link.name_at, target.owner()};
            if (add_addresses(target, to) || !is_in_domain) continue;
            outcome_.is_truncated = true;
            return;
        }
    }
}

// False when some address did not fit.
bool Composer::add_addresses(const Node& target, const Owner& owner) {
    for (const RRType type : {RRType::A, RRType::AAAA}) {
        const RRset addresses = target.find(type);
        if (addresses && !add_set(Section::Additional, target, addresses, owner)) return false;
    }
    return true;
}

// What the client would ask next, as much of it as has room: never worth a truncated answer.
void Composer::add_additional(const RRset& rrset, const Owner& owner, size_t rrset_at) {
    const auto links = rrset.links();
    for (size_t i = 0; i < target_count_; ++i) {
        if (!has_target(i)) continue;
        const Node& target = targets_[i];
        const zone::Link& link = links[i];
        const size_t at = ResponseWriter::place_in_message(rrset, owner, rrset_at, link.name_at);
        const Owner to = (link.flags & zone::kToOwner) != 0 ? owner : Owner{at, target.owner()};
        const RRset same =
            (links[i].flags & zone::kSameType) != 0 ? target.find(rrset.type()) : RRset();
        if (same) (void)add_set(Section::Additional, target, same, to);
        (void)add_addresses(target, to);
    }
}

}  // namespace nearcast::answer
