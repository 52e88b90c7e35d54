// SPDX-License-Identifier: Apache-2.0

#include "signing/sign_zone.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <string>

#include "base/bytes.h"
#include "dns/ascii.h"
#include "signing/node_sets.h"
#include "signing/parallel.h"
#include "zone/apply.h"
#include "zone/zone_digest.h"

namespace nearcast::signing {
namespace {

using dns::RRType;
using zone::Node;

struct HashedNode {
    dnssec::Nsec3Hash hash;
    size_t node;
};

// What a thread signs with, and where to.
struct Worker {
    PlanSigner signer;
    dnssec::CanonicalSet set;
    std::vector<uint8_t> rdata;
};

class WholeSigner {
 public:
    WholeSigner(const zone::Version& zone, const SigningPlan& plan)
        : zone_(zone), plan_(plan), apex_(zone.apex().owner()) {}

    base::Result<zone::Changeset> run();

 private:
    void collect();
    void mark_linked();
    void drop_made(const Node& node, zone::Changeset& to) const;
    void put_soa();
    [[nodiscard]] Worker worker() const { return {PlanSigner(plan_, apex_), {}, {}}; }
    [[nodiscard]] OwnedSets unsigned_sets(size_t number) const;
    void sign_names();
    void sign_name(Worker& worker, size_t number, zone::Changeset& to);
    void put_signed(Worker& worker, std::span<const uint8_t> owner, const OwnedSet& set,
                    zone::Changeset& to);
    [[nodiscard]] base::Result<void> sign_nsec3_chain();
    [[nodiscard]] std::vector<HashedNode> hash_names() const;
    void take(std::vector<zone::Changeset>& parts);

    const zone::Version& zone_;
    const SigningPlan& plan_;
    std::span<const uint8_t> apex_;
    std::vector<Node> nodes_;
    std::vector<bool> has_link_;
    std::vector<size_t> next_linked_;  // With NSEC: behind each name, the next one with a link.
    OwnedSets apex_sets_;
    uint32_t denial_ttl_ = 0;
    std::atomic<bool> is_refused_ = false;
    zone::Changeset changes_;
};

// The apex with what the plan puts there; of other names what is not the signer's.
OwnedSets WholeSigner::unsigned_sets(size_t number) const {
    if (number == 0) return apex_sets_;
    OwnedSets sets = read_sets(nodes_[number]);
    std::erase_if(sets, [](const OwnedSet& set) { return is_made_by_signer(set.type, false); });
    return sets;
}

void WholeSigner::collect() {
    const zone::NodeOrder names = zone_.names();
    zone::NodeOrder::Place place;
    for (Node node = names.next(place); node; node = names.next(place)) nodes_.push_back(node);
    apex_sets_ = apex_sets(read_sets(zone_.apex()), plan_);
    denial_ttl_ = denial_ttl(apex_sets_);
    if (plan_.zonemd) {  // For the bitmap; the digest itself comes last.
        OwnedSet digest{.type = RRType::ZONEMD, .ttl = 0, .records = {}, .signatures = {}};
        apex_sets_.insert(std::ranges::lower_bound(apex_sets_, RRType::ZONEMD, {}, &OwnedSet::type),
                          std::move(digest));
    }
}

// With NSEC each name that has records; with NSEC3 the empty ones above them too (RFC 5155 §7.1).
void WholeSigner::mark_linked() {
    has_link_.assign(nodes_.size(), false);
    std::vector<size_t> above;  // The names over the one whose turn it is.
    for (size_t i = 0; i < nodes_.size(); ++i) {
        while (!above.empty() && nodes_[above.back()].label_count() >= nodes_[i].label_count()) {
            above.pop_back();
        }
        const bool has_records = std::ranges::any_of(nodes_[i].rrsets(), [i](const auto& entry) {
            return !is_made_by_signer(entry.type, i == 0);
        });
        const Standing standing = standing_of(nodes_[i], apex_);
        const auto has_ds = static_cast<bool>(nodes_[i].find(RRType::DS));
        has_link_[i] = has_records && is_linked(has_ds, standing, plan_.denial);
        if (has_link_[i] && plan_.denial.uses_nsec3) {
            for (size_t at = above.size(); at-- > 0 && !has_link_[above[at]];) {
                has_link_[above[at]] = true;
            }
        }
        above.push_back(i);
    }
    if (plan_.denial.uses_nsec3) return;
    next_linked_.resize(nodes_.size());
    size_t next = 0;
    for (size_t i = nodes_.size(); i-- > 0;) {
        next_linked_[i] = next;
        if (has_link_[i]) next = i;
    }
}

void WholeSigner::drop_made(const Node& node, zone::Changeset& to) const {
    const bool is_apex = node.owner().size() == apex_.size();
    for (const OwnedSet& set : read_sets(node)) {
        for (const auto& rdata : set.signatures) {
            to.remove({node.owner(), RRType::RRSIG, set.ttl, rdata});
        }
        if (!is_made_by_signer(set.type, is_apex)) continue;
        for (const auto& rdata : set.records) to.remove({node.owner(), set.type, set.ttl, rdata});
    }
}

void WholeSigner::put_soa() {
    uint32_t ttl = 0;
    const auto rdata = zone::soa_rdata(zone_, ttl);
    changes_.remove({apex_, RRType::SOA, ttl, rdata});
    changes_.add({apex_, RRType::SOA, ttl, find_set(apex_sets_, RRType::SOA)->records.front()});
}

// The signatures over the set; the set itself when it is not in the unsigned zone.
void WholeSigner::put_signed(Worker& worker, std::span<const uint8_t> owner, const OwnedSet& set,
                             zone::Changeset& to) {
    worker.set.begin(owner, set.type, set.ttl);
    for (const auto& rdata : set.records) worker.set.add(rdata);
    worker.set.finish();
    if (!worker.signer.sign(worker.set, owner)) {
        is_refused_ = true;
        return;
    }
    for (const auto& rdata : worker.signer.signatures()) {
        to.add({owner, RRType::RRSIG, set.ttl, rdata});
    }
}

void WholeSigner::sign_name(Worker& worker, size_t number, zone::Changeset& to) {
    const Node& node = nodes_[number];
    drop_made(node, to);
    const Standing standing = standing_of(node, apex_);
    if (standing.is_occluded) return;
    OwnedSets sets = unsigned_sets(number);
    if (has_link_[number] && !plan_.denial.uses_nsec3) {
        const auto next = nodes_[next_linked_[number]].owner();
        std::vector<uint8_t> rdata(next.begin(), next.end());
        append_link_types(sets, standing, plan_.denial, rdata);
        sets.push_back({RRType::NSEC, denial_ttl_, {std::move(rdata)}, {}});
    }
    for (const OwnedSet& set : sets) {
        if (is_made_by_signer(set.type, standing.is_apex)) {
            for (const auto& rdata : set.records) to.add({node.owner(), set.type, set.ttl, rdata});
        }
        const bool is_link = set.type == RRType::NSEC;
        if (set.records.empty() || !(is_link || standing.signs(set.type))) continue;
        put_signed(worker, node.owner(), set, to);
    }
}

void WholeSigner::take(std::vector<zone::Changeset>& parts) {
    for (zone::Changeset& part : parts) {
        changes_.append(part);
        part = {};
    }
}

void WholeSigner::sign_names() {
    std::vector<zone::Changeset> parts(piece_count(nodes_.size()));
    for_pieces(
        nodes_.size(), plan_.thread_count, [this] { return worker(); },
        [&](Worker& worker, size_t piece, size_t begin, size_t end) {
            for (size_t i = begin; i < end && !is_refused_; ++i) {
                sign_name(worker, i, parts[piece]);
            }
        });
    take(parts);
}

std::vector<HashedNode> WholeSigner::hash_names() const {
    std::vector<HashedNode> links;
    for (size_t i = 0; i < nodes_.size(); ++i) {
        if (has_link_[i]) links.push_back({{}, i});
    }
    const auto parameters = parameters_of(plan_.denial);
    for_pieces(
        links.size(), plan_.thread_count, [] { return 0; },
        [&](int, size_t, size_t begin, size_t end) {
            std::array<uint8_t, dns::kNameSizeMax> lowered{};
            for (size_t i = begin; i < end; ++i) {
                const auto owner = nodes_[links[i].node].owner();
                dns::lower_copy(owner, lowered.data());
                links[i].hash =
                    dnssec::nsec3_hash(parameters, std::span(lowered).first(owner.size()));
            }
        });
    std::ranges::sort(links, {}, &HashedNode::hash);
    return links;
}

base::Result<void> WholeSigner::sign_nsec3_chain() {
    zone::NodeOrder::Place place;
    const zone::NodeOrder old = zone_.nsec3_chain();
    for (Node node = old.next(place); node; node = old.next(place)) drop_made(node, changes_);
    if (!plan_.denial.uses_nsec3) return {};

    const std::vector<HashedNode> links = hash_names();
    const auto twins = std::ranges::adjacent_find(links, {}, &HashedNode::hash);
    if (twins != links.end()) {
        return base::fail("two names of the zone have one NSEC3 hash: " +
                              dns::to_text(nodes_[twins->node].owner()) + " and " +
                              dns::to_text(nodes_[(twins + 1)->node].owner()),
                          "sign it with NSEC, or with another salt");
    }
    std::vector<zone::Changeset> parts(piece_count(links.size()));
    const auto head = nsec3_head(plan_.denial);
    for_pieces(
        links.size(), plan_.thread_count, [this] { return worker(); },
        [&](Worker& worker, size_t piece, size_t begin, size_t end) {
            for (size_t i = begin; i < end && !is_refused_; ++i) {
                const HashedNode& link = links[i];
                const auto& next = links[(i + 1) % links.size()].hash;
                std::vector<uint8_t> rdata = head;
                rdata.insert(rdata.end(), next.begin(), next.end());
                append_link_types(unsigned_sets(link.node), standing_of(nodes_[link.node], apex_),
                                  plan_.denial, rdata);
                const auto owner = nsec3_owner(link.hash, apex_);
                parts[piece].add({owner, RRType::NSEC3, denial_ttl_, rdata});
                put_signed(worker, owner, {RRType::NSEC3, denial_ttl_, {rdata}, {}}, parts[piece]);
            }
        });
    take(parts);
    return {};
}

base::Result<zone::Changeset> WholeSigner::run() {
    collect();
    mark_linked();
    put_soa();
    sign_names();
    if (auto done = sign_nsec3_chain(); !done) return std::unexpected(done.error());
    if (is_refused_) {
        return base::fail("a key of " + dns::to_text(apex_) + " made no signature",
                          "look at the token that holds it");
    }
    if (auto done = add_zone_digest(zone_, plan_, changes_); !done) {
        return std::unexpected(done.error());
    }
    return std::move(changes_);
}

}  // namespace

base::Result<zone::Changeset> sign_zone(const zone::Version& zone, const SigningPlan& plan) {
    if (auto done = check_denial(plan.denial, zone.apex().owner()); !done) {
        return std::unexpected(done.error());
    }
    return WholeSigner(zone, plan).run();
}

base::Result<zone::ImageBlock> signed_image(const zone::Version& zone, const SigningPlan& plan) {
    const auto changes = sign_zone(zone, plan);
    if (!changes) return std::unexpected(changes.error());
    return zone::apply_changes(zone, *changes);
}

base::Result<void> add_zone_digest(const zone::Version& zone, const SigningPlan& plan,
                                   zone::Changeset& changes) {
    if (!plan.zonemd) return {};
    const auto draft = zone::changed_draft(zone, changes);
    if (!draft) return std::unexpected(draft.error());
    const auto apex = zone.apex().owner();
    const zone::ZoneDraft::Set& soa = *draft->find(draft->nodes().front(), RRType::SOA);
    constexpr uint8_t kSimple = 1;  // RFC 8976 §2.2.2; the hash algorithms in §2.2.3.
    std::vector<uint8_t> rdata(4);
    base::store_u32(rdata.data(), plan.serial);
    rdata.push_back(kSimple);
    rdata.push_back(*plan.zonemd == dnssec::DigestKind::Sha384 ? 1 : 2);
    const auto digest = zone::zone_digest(*draft, *plan.zonemd);
    rdata.insert(rdata.end(), digest.begin(), digest.end());
    const uint32_t ttl = soa.records().front().ttl;
    changes.add({apex, RRType::ZONEMD, ttl, rdata});
    dnssec::CanonicalSet set;
    set.begin(apex, RRType::ZONEMD, ttl);
    set.add(rdata);
    set.finish();
    PlanSigner signer(plan, apex);
    if (!signer.sign(set, apex)) return base::fail("a key made no signature over the digest");
    for (const auto& rrsig : signer.signatures()) changes.add({apex, RRType::RRSIG, ttl, rrsig});
    return {};
}

}  // namespace nearcast::signing
