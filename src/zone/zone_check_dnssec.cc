// SPDX-License-Identifier: Apache-2.0

// Whether a signed zone can prove what it says: every set signed by a key of the zone, chains of
// denial closed. What is missing is served without proof, so that validators refuse the answer:
// warnings all, for the zone was made elsewhere and an answer that few check is better than none.

#include <algorithm>
#include <optional>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "dns/rdata.h"
#include "dnssec/dnskey.h"
#include "dnssec/nsec3.h"
#include "zone/zone_check.h"

namespace nearcast::zone {
namespace {

using dns::RRType;
using Datum = ZoneDraft::Datum;
using Node = ZoneDraft::Node;
using Set = ZoneDraft::Set;

// Of an RRSIG's data (RFC 4034 §3.1).
constexpr size_t kSignatureAlgorithmAt = 2;
constexpr size_t kSignatureLabelsAt = 3;
constexpr size_t kSignatureKeyTagAt = 16;
constexpr size_t kSignatureSignerAt = 18;

struct Key {
    uint16_t tag = 0;
    uint8_t algorithm = 0;
    bool operator==(const Key&) const = default;
};

class SignatureChecker {
 public:
    SignatureChecker(const ZoneDraft& draft, Findings& findings)
        : draft_(draft), findings_(findings) {}

    void run();

 private:
    [[nodiscard]] bool is_signed() const;
    void collect_keys();
    void check_node(const Node& node);
    void check_signatures(const Node& node, const Set& set);
    void check_signature(const Node& node, const Set& set, const Datum& signature);
    [[nodiscard]] std::string text(const Node& node) const {
        return dns::to_text(draft_.name(node));
    }

    const ZoneDraft& draft_;
    Findings& findings_;
    std::vector<Key> keys_;
};

bool SignatureChecker::is_signed() const {
    if (draft_.find(draft_.nodes().front(), RRType::DNSKEY) != nullptr) return true;
    const Set* const soa = draft_.find(draft_.nodes().front(), RRType::SOA);
    return soa != nullptr && !soa->signatures().empty();
}

void SignatureChecker::collect_keys() {
    const Set* const set = draft_.find(draft_.nodes().front(), RRType::DNSKEY);
    if (set == nullptr) {
        const Set* const soa = draft_.find(draft_.nodes().front(), RRType::SOA);
        findings_.warn("keys-missing", soa->source(),
                       "the zone has signatures and no DNSKEY records: no validator can follow",
                       "add the keys it was signed with, or sign it again");
        return;
    }
    for (const Datum& datum : set->records()) {
        const auto rdata = draft_.rdata(datum);
        keys_.push_back({dnssec::key_tag(rdata), rdata[3]});
    }
}

void SignatureChecker::check_signature(const Node& node, const Set& set, const Datum& signature) {
    const auto rdata = draft_.rdata(signature);
    const std::string what = "the signature over " + dns::to_text(set.type) + " of " + text(node);
    const Key key{base::load_u16(&rdata[kSignatureKeyTagAt]), rdata[kSignatureAlgorithmAt]};
    const auto signer = rdata.subspan(kSignatureSignerAt);
    if (!dns::equal_ignoring_case(signer.first(dns::name_size(signer)), draft_.apex().wire())) {
        findings_.warn("signature-odd", signature.source,
                       what + " has another signer than the zone", "sign the zone again");
    } else if (!keys_.empty() && std::ranges::find(keys_, key) == keys_.end()) {
        findings_.warn(
            "signature-without-key", signature.source,
            what + " was made with key " + std::to_string(key.tag) + ", which the zone has not",
            "add the key, or sign the zone again");
    }
    const auto name = draft_.name(node);
    const int wildcard = name[0] == 1 && name[1] == '*' ? 1 : 0;
    if (rdata[kSignatureLabelsAt] != node.label_count - wildcard) {
        findings_.warn(
            "signature-odd", signature.source,
            what + " is for a name of " + std::to_string(rdata[kSignatureLabelsAt]) + " labels",
            "sign the zone again");
    }
}

void SignatureChecker::check_signatures(const Node& node, const Set& set) {
    if (set.type == RRType::RRSIG) return;  // check_zone() tells of it.
    const bool is_cut = (node.flags & kDelegation) != 0;
    const bool is_parents = set.type == RRType::DS || set.type == RRType::NSEC;
    if (is_cut && !is_parents) {
        if (set.signatures().empty()) return;
        findings_.warn("signature-of-child", set.signatures().front().source,
                       text(node) + " is delegated, and its " + dns::to_text(set.type) +
                           " has a signature of this zone",
                       "the child signs it (RFC 4035, section 2.2)");
        return;
    }
    if (set.signatures().empty()) {
        findings_.warn("signature-missing", set.source(),
                       text(node) + " " + dns::to_text(set.type) + " has no signature",
                       "sign the zone again");
    }
    for (const Datum& signature : set.signatures()) check_signature(node, set, signature);
}

void SignatureChecker::check_node(const Node& node) {
    if ((node.flags & kOccluded) != 0) return;
    for (const Set& set : draft_.sets(node)) check_signatures(node, set);
    const Set* const keys = draft_.find(node, RRType::DNSKEY);
    if (keys != nullptr && (node.flags & kApex) == 0) {
        findings_.warn("keys-below-apex", keys->source(),
                       text(node) + " has DNSKEY records and is not the apex",
                       "keys stand at the apex of the zone that they sign");
    }
}

void SignatureChecker::run() {
    if (!is_signed()) return;
    collect_keys();
    for (const Node& node : draft_.nodes()) check_node(node);
}

// The two kinds of denial. A name takes part when the zone speaks for it.
class ChainChecker {
 public:
    ChainChecker(const ZoneDraft& draft, Findings& findings) : draft_(draft), findings_(findings) {}

    void run();

 private:
    void check_nsec();
    void check_nsec_link(const Node& node, const Set& nsec, const Node& next);
    void check_nsec3();
    void check_iterations(const Set& parameters);
    void check_nsec3_link(const Node& node, const Datum& datum, const Node& next);
    void check_nsec3_count(std::span<const Node> chain, const Datum& first);
    [[nodiscard]] std::string text(const Node& node) const {
        return dns::to_text(draft_.name(node));
    }

    const ZoneDraft& draft_;
    Findings& findings_;
};

void ChainChecker::check_nsec_link(const Node& node, const Set& nsec, const Node& next) {
    const Datum& datum = nsec.records().front();
    const auto rdata = draft_.rdata(datum);
    const auto said = rdata.first(dns::name_size(rdata));
    if (!dns::equal_ignoring_case(said, draft_.name(next))) {
        findings_.warn("nsec-chain", datum.source,
                       "NSEC of " + text(node) + " leads to " + dns::to_text(said) +
                           "; the next name is " + text(next),
                       "sign the zone again");
    }
}

void ChainChecker::check_nsec() {
    std::vector<const Node*> chain;
    for (const Node& node : draft_.nodes()) {
        const bool is_in = (node.flags & kOccluded) == 0 && node.set_count > 0 && !node.is_nsec3();
        if (is_in) chain.push_back(&node);
    }
    for (size_t i = 0; i < chain.size(); ++i) {
        const Set* const nsec = draft_.find(*chain[i], RRType::NSEC);
        if (nsec == nullptr) {
            findings_.warn("nsec-chain", draft_.sets(*chain[i])[0].source(),
                           text(*chain[i]) + " has no NSEC record", "sign the zone again");
        } else {
            check_nsec_link(*chain[i], *nsec, *chain[(i + 1) % chain.size()]);
        }
    }
}

void ChainChecker::check_nsec3_link(const Node& node, const Datum& datum, const Node& next) {
    const auto said = dnssec::read_next_hash(draft_.rdata(datum));
    const auto is = dnssec::read_owner_hash(draft_.name(next));
    if (said && is && *said == *is) return;
    findings_.warn(
        "nsec3-chain", datum.source,
        "NSEC3 " + text(node) + " does not lead to " + text(next) + ", which is the next in order",
        "sign the zone again");
}

// Without opt-out every name that the zone speaks for has its link, those without records too.
void ChainChecker::check_nsec3_count(std::span<const Node> chain, const Datum& first) {
    const auto parameters = dnssec::read_nsec3_parameters(draft_.rdata(first));
    if (!parameters || (parameters->flags & dnssec::kNsec3OptOut) != 0) return;
    const auto names =
        static_cast<size_t>(std::ranges::count_if(draft_.nodes(), [](const Node& node) {
            return !node.is_nsec3() && (node.flags & kOccluded) == 0;
        }));
    if (names == chain.size()) return;
    findings_.warn("nsec3-chain", first.source,
                   "the zone has " + std::to_string(names) + " names and " +
                       std::to_string(chain.size()) + " NSEC3 records",
                   "sign the zone again");
}

// A zone is refused for them, and not served without proof: validators would take all that it
// denies for an attack, and none takes so many for secure anyway.
void ChainChecker::check_iterations(const Set& parameters) {
    for (const Datum& datum : parameters.records()) {
        const auto read = dnssec::read_nsec3_parameters(draft_.rdata(datum));
        if (!read || read->iterations == 0) continue;
        const std::string message =
            "NSEC3PARAM asks for " + std::to_string(read->iterations) + " iterations";
        constexpr const char* kHint = "sign the zone with 0 iterations (RFC 9276, section 3.1)";
        if (read->iterations > dnssec::kNsec3IterationsMax) {
            findings_.error("nsec3-iterations", datum.source,
                            message + ", more than " + std::to_string(dnssec::kNsec3IterationsMax),
                            kHint);
        } else {
            findings_.warn("nsec3-iterations", datum.source, message, kHint);
        }
    }
}

void ChainChecker::check_nsec3() {
    const auto nodes = draft_.nodes();
    const auto first = std::ranges::find_if(nodes, &Node::is_nsec3);
    const std::span<const Node> chain(first, nodes.end());
    const Set* const parameters = draft_.find(nodes.front(), RRType::NSEC3PARAM);
    if (parameters != nullptr) check_iterations(*parameters);
    if (parameters != nullptr && chain.empty()) {
        findings_.warn("nsec3-chain", parameters->source(),
                       "the zone has NSEC3PARAM and no NSEC3 records", "sign the zone again");
    }
    if (chain.empty()) return;
    if (parameters == nullptr) {
        findings_.warn("nsec3-chain", draft_.sets(chain.front())[0].source(),
                       "the zone has NSEC3 records and no NSEC3PARAM at its apex",
                       "sign the zone again");
    }
    for (size_t i = 0; i < chain.size(); ++i) {
        const Set* const set = draft_.find(chain[i], RRType::NSEC3);
        // Two chains at once, while one replaces the other: which links are whose is not sorted
        // out.
        if (set == nullptr || set->records().size() != 1) return;
        check_nsec3_link(chain[i], set->records().front(), chain[(i + 1) % chain.size()]);
    }
    check_nsec3_count(chain, draft_.find(chain.front(), RRType::NSEC3)->records().front());
}

void ChainChecker::run() {
    const Set* const nsec = draft_.find(draft_.nodes().front(), RRType::NSEC);
    if (nsec != nullptr) check_nsec();
    check_nsec3();
}

}  // namespace

void check_dnssec(const ZoneDraft& draft, Findings& findings) {
    SignatureChecker(draft, findings).run();
    ChainChecker(draft, findings).run();
}

}  // namespace nearcast::zone
