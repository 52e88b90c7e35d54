// SPDX-License-Identifier: Apache-2.0

#include "signing/resign.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "base/bytes.h"
#include "signing/nsec3_relinking.h"
#include "signing/parallel.h"
#include "signing/sign_zone.h"
#include "signing/touched_names.h"
#include "zone/apply.h"
#include "zone/difference.h"
#include "zone/hashed_name.h"

namespace nearcast::signing {
namespace {

using dns::RRType;
using zone::Node;
using zone::RecordView;

constexpr size_t kSoaNumbersSize = 20;  // From the serial to the minimum.

// The edits as a change of the signed zone: from its SOA to the new one with the plan's serial, and
// nothing of what the signer makes.
class Translation {
 public:
    Translation(const zone::Version& zone, const SigningPlan& plan)
        : apex_(zone.apex().owner()), plan_(plan) {
        old_soa_ = zone::soa_rdata(zone, old_ttl_);
    }

    zone::Changeset run(const zone::Changeset& edits) {
        zone::Changeset changes;
        changes.remove({apex_, RRType::SOA, old_ttl_, old_soa_});
        auto soa = old_soa_;
        uint32_t ttl = old_ttl_;
        zone::RecordSequence added(edits.added());
        RecordView record;
        if (added.next(record)) {
            soa.assign(record.rdata.begin(), record.rdata.end());
            ttl = record.ttl;
        }
        base::store_u32(soa.data() + soa.size() - kSoaNumbersSize, plan_.serial);
        changes.add({apex_, RRType::SOA, ttl, soa});
        copy(edits.removed(), [&changes](const RecordView& view) { changes.remove(view); });
        copy(edits.added(), [&changes](const RecordView& view) { changes.add(view); });
        return changes;
    }

 private:
    template <typename Put>
    void copy(std::span<const uint8_t> part, const Put& put) const {
        zone::RecordSequence records(part);
        RecordView record;
        while (records.next(record)) {
            const bool is_apex = record.owner.size() == apex_.size();
            if (record.type == RRType::SOA || is_made_by_signer(record.type, is_apex)) continue;
            put(record);
        }
    }

    std::span<const uint8_t> apex_;
    const SigningPlan& plan_;
    std::vector<uint8_t> old_soa_;
    uint32_t old_ttl_ = 0;
};

bool has_same_data(const OwnedSet& a, const OwnedSet& b) {
    return a.ttl == b.ttl && std::ranges::is_permutation(a.records, b.records);
}

// What a thread signs with, and where to.
struct Worker {
    PlanSigner signer;
    dnssec::CanonicalSet set;
};

class Resigner {
 public:
    Resigner(const zone::Version& zone, const zone::Changeset& changes, const SigningPlan& plan)
        : zone_(zone),
          plan_(plan),
          apex_(zone.apex().owner()),
          own_(changes),
          names_(zone, own_, plan),
          links_(zone, plan),
          worker_(make_worker()) {}

    base::Result<zone::Changeset> run(Renewal renewal);

 private:
    [[nodiscard]] Worker make_worker() const { return {PlanSigner(plan_, apex_), {}}; }
    // The signatures that the set will have: old ones that may stay, then those that are missing.
    Rdatas signatures_for(Worker& worker, std::span<const uint8_t> owner, const OwnedSet& set,
                          const OwnedSet* old);
    void write_soa(const OwnedSets& apex);
    void write_names();
    void write_links();
    void write_difference(std::span<const uint8_t> owner, const OwnedSets& from,
                          const OwnedSets& to);
    void renew_all();
    void renew(Worker& worker, const Node& node, zone::Changeset& to);

    const zone::Version& zone_;
    const SigningPlan& plan_;
    std::span<const uint8_t> apex_;
    const zone::Changeset& own_;
    TouchedNames names_;
    Nsec3Relinking links_;
    Worker worker_;
    uint32_t denial_ttl_ = 0;
    std::atomic<bool> is_refused_ = false;
    zone::Changeset changes_;
};

Rdatas Resigner::signatures_for(Worker& worker, std::span<const uint8_t> owner, const OwnedSet& set,
                                const OwnedSet* old) {
    Rdatas signatures;
    if (set.records.empty()) return signatures;
    if (old != nullptr && has_same_data(*old, set)) {
        std::ranges::copy_if(old->signatures, std::back_inserter(signatures),
                             [&](const auto& rdata) { return worker.signer.may_stay(rdata); });
        if (worker.signer.is_complete(set.type, signatures)) return signatures;
    }
    worker.set.begin(owner, set.type, set.ttl);
    for (const auto& rdata : set.records) worker.set.add(rdata);
    worker.set.finish();
    if (!worker.signer.sign(worker.set, owner, signatures)) is_refused_ = true;
    const Rdatas& made = worker.signer.signatures();
    signatures.insert(signatures.end(), made.begin(), made.end());
    return signatures;
}

void Resigner::write_soa(const OwnedSets& apex) {
    uint32_t ttl = 0;
    const auto old = zone::soa_rdata(zone_, ttl);
    changes_.remove({apex_, RRType::SOA, ttl, old});
    const OwnedSet& soa = *find_set(apex, RRType::SOA);
    changes_.add({apex_, RRType::SOA, soa.ttl, soa.records.front()});
}

// Of all sets but the SOA, which has its place in front; its signatures are among them.
void Resigner::write_difference(std::span<const uint8_t> owner, const OwnedSets& from,
                                const OwnedSets& to) {
    const auto write = [&](const OwnedSets& sets, const OwnedSets& others, auto put) {
        for (const OwnedSet& set : sets) {
            const OwnedSet* const other = find_set(others, set.type);
            const auto write_part = [&](RRType type, Rdatas OwnedSet::* part) {
                for (const auto& rdata : set.*part) {
                    const bool stays =
                        other != nullptr && other->ttl == set.ttl &&
                        std::ranges::find(other->*part, rdata) != (other->*part).end();
                    if (!stays) put(RecordView{owner, type, set.ttl, rdata});
                }
            };
            if (set.type != RRType::SOA) write_part(set.type, &OwnedSet::records);
            write_part(RRType::RRSIG, &OwnedSet::signatures);
        }
    };
    write(from, to, [this](const RecordView& record) { changes_.remove(record); });
    write(to, from, [this](const RecordView& record) { changes_.add(record); });
}

void Resigner::write_names() {
    for (const auto& [name, touched] : names_.names()) {
        OwnedSets sets = touched.sets;
        if (touched.has_link && !plan_.denial.uses_nsec3) {
            auto rdata = names_.next_linked(name);
            append_link_types(sets, touched.standing, plan_.denial, rdata);
            sets.push_back({RRType::NSEC, denial_ttl_, {std::move(rdata)}, {}});
        }
        for (OwnedSet& set : sets) {
            const bool is_signed = set.type == RRType::NSEC || touched.standing.signs(set.type);
            if (!is_signed) continue;
            set.signatures =
                signatures_for(worker_, name, set, find_set(touched.old_sets, set.type));
        }
        write_difference(name, touched.old_sets, sets);
    }
}

void Resigner::write_links() {
    for (const auto& [hash, link] : links_.links()) {
        const OwnedSets old_sets = read_sets(link.node);
        const auto owner = nsec3_owner(hash, apex_);
        OwnedSets sets;
        if (link.types) {
            sets.push_back({RRType::NSEC3, denial_ttl_, {links_.rdata_of(hash, link)}, {}});
            sets.front().signatures =
                signatures_for(worker_, owner, sets.front(), find_set(old_sets, RRType::NSEC3));
        }
        write_difference(link.node ? link.node.owner() : owner, old_sets, sets);
    }
}

void Resigner::renew(Worker& worker, const Node& node, zone::Changeset& to) {
    const Standing standing = standing_of(node, apex_);
    if (standing.is_occluded) return;
    for (const OwnedSet& set : read_sets(node)) {
        const bool is_link = set.type == RRType::NSEC || set.type == RRType::NSEC3;
        if (!is_link && !standing.signs(set.type)) continue;
        if (worker.signer.is_complete(set.type, set.signatures)) continue;
        const Rdatas signatures = signatures_for(worker, node.owner(), set, &set);
        for (const auto& rdata : set.signatures) {
            if (std::ranges::find(signatures, rdata) != signatures.end()) continue;
            to.remove({node.owner(), RRType::RRSIG, set.ttl, rdata});
        }
        for (const auto& rdata : signatures) {
            if (std::ranges::find(set.signatures, rdata) != set.signatures.end()) continue;
            to.add({node.owner(), RRType::RRSIG, set.ttl, rdata});
        }
    }
}

void Resigner::renew_all() {
    std::vector<Node> nodes;
    zone::NodeWalk walk(zone_);
    for (Node node = walk.next(); node; node = walk.next()) nodes.push_back(node);
    std::vector<zone::Changeset> parts(piece_count(nodes.size()));
    for_pieces(
        nodes.size(), plan_.thread_count, [this] { return make_worker(); },
        [&](Worker& worker, size_t piece, size_t begin, size_t end) {
            for (size_t i = begin; i < end && !is_refused_; ++i) {
                const auto owner = nodes[i].owner();
                const auto hash = dnssec::read_owner_hash(owner);
                const bool is_done =
                    names_.is_touched(owner) ||
                    (hash && nodes[i].find(RRType::NSEC3) && links_.is_touched(*hash));
                if (!is_done) renew(worker, nodes[i], parts[piece]);
            }
        });
    for (const zone::Changeset& part : parts) changes_.append(part);
}

base::Result<zone::Changeset> Resigner::run(Renewal renewal) {
    if (auto done = names_.find(); !done) return std::unexpected(done.error());
    if (plan_.denial.uses_nsec3) {
        if (auto done = links_.find(names_); !done) return std::unexpected(done.error());
    }
    const OwnedSets& apex = names_.names().begin()->second.sets;
    denial_ttl_ = denial_ttl(apex);
    write_soa(apex);
    write_names();
    write_links();
    if (renewal == Renewal::All) renew_all();
    if (is_refused_) {
        return base::fail("a key of " + dns::to_text(apex_) + " made no signature",
                          "look at the token that holds it");
    }
    if (auto done = add_zone_digest(zone_, plan_, changes_); !done) {
        return std::unexpected(done.error());
    }
    return std::move(changes_);
}

// Whether the zone denies as the plan wants it to, with the TTL that the new SOA makes.
bool denies_alike(const zone::Version& zone, const zone::Changeset& changes,
                  const SigningPlan& plan) {
    zone::RecordSequence added(changes.added());
    RecordView soa;
    if (!added.next(soa)) return false;
    const uint32_t ttl = std::min(soa.ttl, base::load_u32(soa.rdata.data() + soa.rdata.size() - 4));
    if (!plan.denial.uses_nsec3) {
        const zone::RRset nsec = zone.apex().find(RRType::NSEC);
        return nsec && nsec.ttl() == ttl;
    }
    zone::NodeOrder::Place place;
    const Node link = zone.nsec3_chain().next(place);
    const zone::RRset nsec3 = link ? link.find(RRType::NSEC3) : zone::RRset();
    if (!nsec3 || nsec3.ttl() != ttl || zone.apex().find(RRType::NSEC)) return false;
    const OwnedSets sets = read_sets(link);
    const auto& rdata = find_set(sets, RRType::NSEC3)->records.front();
    const auto head = nsec3_head(plan.denial);
    return rdata.size() > head.size() && std::equal(head.begin(), head.end(), rdata.begin());
}

base::Result<zone::Changeset> sign_anew(const zone::Version& zone, const zone::Changeset& changes,
                                        const SigningPlan& plan) {
    const auto edited = zone::apply_changes(zone, changes);
    if (!edited) return std::unexpected(edited.error());
    const auto made = signed_image(zone::Version(edited->image()), plan);
    if (!made) return std::unexpected(made.error());
    return zone::difference(zone, zone::Version(made->image()));
}

}  // namespace

base::Result<zone::Changeset> resign(const zone::Version& zone, const zone::Changeset& edits,
                                     const SigningPlan& plan, Renewal renewal) {
    const zone::Changeset changes = Translation(zone, plan).run(edits);
    if (!denies_alike(zone, changes, plan)) return sign_anew(zone, changes, plan);
    return Resigner(zone, changes, plan).run(renewal);
}

}  // namespace nearcast::signing
