// SPDX-License-Identifier: Apache-2.0

#include "zone/zone_check.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "dns/rdata.h"
#include "dns/typed_name.h"
#include "dnssec/rrsig.h"
#include "zone/unanswered.h"

namespace nearcast::zone {
namespace {

using dns::RRType;
using Node = ZoneDraft::Node;
using Set = ZoneDraft::Set;

// May stand beside a CNAME (RFC 4034 §2.5, RFC 2181 §10.1).
bool is_dnssec_type(RRType type) {
    return type == RRType::NSEC || type == RRType::RRSIG || type == RRType::KEY;
}

class Checker {
 public:
    Checker(const ZoneDraft& draft, Findings& findings) : draft_(draft), findings_(findings) {}

    void run();

 private:
    void check_apex();
    void check_node(const Node& node);
    void check_alias(const Node& node);
    void check_dname(const Node& node);
    void check_orphans(const Node& node, const Set& set);
    void check_ttls(const Node& node, const Set& set);
    void check_set(const Node& node, const Set& set);
    void check_cut(const Node& node, const Set& ns);
    void check_wildcard(const Node& node);
    void check_name(const Node& node);
    void check_repetitions(const Node& node);
    void check_hidden(const Node& node);
    void warn_if_occluded(const Node& node, const Set& set, const Node& above);
    void warn(SourceLine source, std::optional<Advice> advice) {
        if (!advice) return;
        findings_.warn(advice->check, source, std::move(advice->message), std::move(advice->hint));
    }
    void check_targets(const Node& node, const Set& set);
    void check_target(const Node& node, const Set& set, const ZoneDraft::Datum& datum);
    [[nodiscard]] bool has_address(uint32_t number) const;
    [[nodiscard]] bool is_known_elsewhere(const HashedName& target, const Node& node) const;

    [[nodiscard]] std::string text(const Node& node) const {
        return dns::to_text(draft_.name(node));
    }

    const ZoneDraft& draft_;
    Findings& findings_;
};

void Checker::check_apex() {
    const Node& apex = draft_.nodes().front();
    const std::string name = text(apex);
    const Set* const soa = draft_.find(apex, RRType::SOA);
    if (soa == nullptr) {
        findings_.error(
            "soa-missing", {}, "no SOA record at " + name,
            name + " 3600 IN SOA ns1." + name + " hostmaster." + name + " 1 7200 900 1209600 300");
    } else if (soa->records().size() > 1) {
        findings_.error("soa-several", soa->records()[1].source,
                        name + " has more than one SOA record",
                        "keep the one at line " + std::to_string(soa->records()[0].source.line));
    }
    const Set* const ns = draft_.find(apex, RRType::NS);
    if (ns == nullptr) {
        findings_.error("ns-missing", {}, "no NS record at " + name,
                        name + " 3600 IN NS ns1." + name);
    } else {
        check_targets(apex, *ns);
    }
}

void Checker::check_alias(const Node& node) {
    const Set* const cname = draft_.find(node, RRType::CNAME);
    if (cname == nullptr) return;
    if (cname->records().size() > 1) {
        findings_.error("cname-several", cname->records()[1].source,
                        text(node) + " has more than one CNAME record",
                        "a name is an alias for one other name");
    }
    for (const Set& other : draft_.sets(node)) {
        if (other.type == RRType::CNAME || is_dnssec_type(other.type)) continue;
        findings_.error(
            "cname-and-other", other.records()[0].source,
            text(node) + " has a CNAME and also " + dns::to_text(other.type) + " records",
            "remove one of the two: a CNAME stands alone");
        return;
    }
}

void Checker::check_dname(const Node& node) {
    const Set* const dname = draft_.find(node, RRType::DNAME);
    if (dname == nullptr) return;
    if (dname->records().size() > 1) {
        findings_.error("dname-several", dname->records()[1].source,
                        text(node) + " has more than one DNAME record",
                        "a tree moves to one other place");
    }
    if ((node.flags & kApex) == 0 && draft_.find(node, RRType::NS) != nullptr) {
        findings_.error("dname-and-ns", dname->records()[0].source,
                        text(node) + " has both DNAME and NS records",
                        "delegate the name or redirect what is below it, not both");
    }
}

void Checker::check_wildcard(const Node& node) {
    const auto name = draft_.name(node);
    const bool is_wildcard = name[0] == 1 && name[1] == '*';
    const auto sets = draft_.sets(node);
    for (const Set& set : sets) {
        const bool redirects = set.type == RRType::NS || set.type == RRType::DNAME;
        const bool is_told = &set == sets.data() || (is_wildcard && redirects);
        if (is_told) warn(set.source(), judge_asterisk(name, set.type));
    }
}

// www.example.org in the zone example.org, without its final dot.
void Checker::check_name(const Node& node) {
    const auto apex = draft_.name(draft_.nodes().front());
    if (draft_.sets(node).empty() || !dns::repeats_zone(draft_.name(node), apex)) return;
    findings_.warn("zone-repeated", draft_.sets(node).front().source(),
                   text(node) + " has the name of the zone twice", kRepeatedHint);
}

void Checker::check_repetitions(const Node& node) {
    for (const Set& set : draft_.sets(node)) {
        if (!set.had_repetitions) continue;
        findings_.warn("repeated", set.records()[0].source,
                       text(node) + " has the same " + dns::to_text(set.type) +
                           " record more than once; one is kept",
                       "remove the others");
    }
}

// Tells of each type once: those over one type stand together.
void Checker::check_orphans(const Node& node, const Set& set) {
    auto told = RRType::None;
    for (const ZoneDraft::Datum& datum : set.records()) {
        const auto covered = dnssec::read_rrsig(draft_.rdata(datum))->covered;
        if (&datum != set.records().data() && covered == told) continue;
        told = covered;
        findings_.warn(
            "signature-over-nothing", datum.source,
            text(node) + " has signatures over " + dns::to_text(covered) + " and no such records",
            "sign the zone again");
    }
}

void Checker::check_ttls(const Node& node, const Set& set) {
    const uint32_t ttl = set.records()[0].ttl;
    if (set.had_mixed_ttls) {
        findings_.warn("ttls-differ", set.records()[0].source,
                       "the " + dns::to_text(set.type) + " records of " + text(node) +
                           " have different TTLs; " + std::to_string(ttl) + " is used",
                       "give them one TTL");
    }
    const auto other =
        std::ranges::find_if(set.signatures(), [ttl](const auto& each) { return each.ttl != ttl; });
    if (other == set.signatures().end()) return;
    findings_.warn("signature-ttl", other->source,
                   "the signature over " + dns::to_text(set.type) + " of " + text(node) +
                       " has the TTL " + std::to_string(other->ttl) + ", the records have " +
                       std::to_string(ttl),
                   "give it the TTL of what it covers (RFC 4034, section 3)");
}

void Checker::check_set(const Node& node, const Set& set) {
    if (set.type == RRType::RRSIG) {
        check_orphans(node, set);
        return;
    }
    check_ttls(node, set);
    const bool is_apex = (node.flags & kApex) != 0;
    if ((node.flags & kDelegation) != 0) warn_if_occluded(node, set, node);
    if (set.type == RRType::SOA && !is_apex) {
        findings_.error("soa-below-apex", set.records()[0].source,
                        text(node) + " has an SOA record and is not the apex",
                        "a zone has one SOA; another zone goes into a file of its own");
    }
    if (set.type == RRType::DS && (is_apex || (node.flags & kDelegation) == 0)) {
        findings_.warn("ds-without-cut", set.records()[0].source,
                       text(node) + " has DS records and is no zone cut",
                       "DS stands beside the NS records of a delegation");
    }
    if (!is_apex || set.type != RRType::NS) check_targets(node, set);
}

// NS, MX and SRV name hosts: they must exist where this zone can tell, and not be aliases.
void Checker::check_targets(const Node& node, const Set& set) {
    const bool names_hosts =
        set.type == RRType::NS || set.type == RRType::MX || set.type == RRType::SRV;
    if (!names_hosts || (node.flags & kOccluded) != 0) return;
    for (const ZoneDraft::Datum& datum : set.records()) check_target(node, set, datum);
}

void Checker::check_target(const Node& node, const Set& set, const ZoneDraft::Datum& datum) {
    const auto rdata = draft_.rdata(datum);
    dns::RdataNames names(set.type, rdata);
    dns::RdataName place;
    if (!names.next(place) || place.size <= 1) return;
    const auto wire = rdata.subspan(place.offset, place.size);
    const HashedName target(wire);
    if (!draft_.is_in_zone(target)) return;
    const std::string type = dns::to_text(set.type);
    const std::string host = dns::to_text(wire);
    const uint32_t number = draft_.find_node(target);
    if (number != ZoneDraft::kNone && draft_.find(draft_.nodes()[number], RRType::CNAME)) {
        findings_.warn("target-is-alias", datum.source,
                       type + " of " + text(node) + " names " + host + ", which is a CNAME",
                       "name the host that the CNAME leads to");
    } else if (!has_address(number) && !is_known_elsewhere(target, node) &&
               address_in_name(wire).empty()) {  // Told with the records.
        findings_.warn(
            "target-without-address", datum.source,
            type + " of " + text(node) + " names " + host + ", which has no address here",
            host + " 3600 IN A 192.0.2.1");
    }
}

bool Checker::has_address(uint32_t number) const {
    if (number == ZoneDraft::kNone) return false;
    const Node& node = draft_.nodes()[number];
    return draft_.find(node, RRType::A) != nullptr || draft_.find(node, RRType::AAAA) != nullptr;
}

// Whether the address may well be known where we cannot look: in a child zone (but not the one
// that `node` itself delegates: its own servers need glue), where a DNAME leads, by a wildcard.
bool Checker::is_known_elsewhere(const HashedName& target, const Node& node) const {
    uint32_t number = ZoneDraft::kNone;
    for (size_t label = 0; number == ZoneDraft::kNone; ++label) {
        number = draft_.find_node(target, label);  // The apex is found at the latest.
    }
    const Node& nearest = draft_.nodes()[number];
    const Node& above =
        nearest.hidden_by == ZoneDraft::kNone ? nearest : draft_.nodes()[nearest.hidden_by];
    if ((above.flags & kDelegation) != 0) return &above != &node;
    return (above.flags & kDname) != 0 || above.wildcard != ZoneDraft::kNone;
}

void Checker::check_hidden(const Node& node) {
    const Node& above = draft_.nodes()[node.hidden_by];
    for (const Set& set : draft_.sets(node)) {
        if (set.type == RRType::RRSIG) continue;
        warn_if_occluded(node, set, above);
    }
}

void Checker::warn_if_occluded(const Node& node, const Set& set, const Node& above) {
    warn(set.records()[0].source, judge_occluded(draft_.name(node), set.type, draft_.name(above),
                                                 (above.flags & kDelegation) != 0));
}

void Checker::check_node(const Node& node) {
    check_alias(node);
    check_dname(node);
    check_wildcard(node);
    check_name(node);
    check_repetitions(node);
    for (const Set& set : draft_.sets(node)) check_set(node, set);
    if (node.hidden_by != ZoneDraft::kNone) check_hidden(node);
}

void Checker::run() {
    check_apex();
    for (const Node& node : draft_.nodes()) check_node(node);
}

}  // namespace

std::vector<Finding> check_zone(const ZoneDraft& draft) {
    Findings findings;
    Checker(draft, findings).run();
    check_records(draft, findings);
    check_dnssec(draft, findings);
    check_digest(draft, findings);
    return findings.take();
}

}  // namespace nearcast::zone
