// SPDX-License-Identifier: Apache-2.0

#include "control/signer.h"

#include <algorithm>

#include "base/bytes.h"
#include "signing/rollover_text.h"
#include "zone/image_records.h"

namespace nearcast::control {
namespace {

using base::Result;
using signing::KeyRef;
using signing::KeyRefs;
using signing::KeyRole;
using signing::Rdatas;
using signing::UnixTime;

// Keys that are made to find one whose tag no other key of the zone has: a second one is needed
// once in 65,536 times, a tenth never.
constexpr int kTagTriesMax = 10;

constexpr size_t kSoaNumbersSize = 20;  // Serial, refresh, retry, expire, minimum.

uint16_t flags_of(KeyRole role) {
    return signing::is_trust_anchor(role) ? dnssec::kZoneKeyFlag | dnssec::kSepFlag
                                          : dnssec::kZoneKeyFlag;
}

signing::RolloverPolicy policy_for(const SigningSettings& settings, const ZoneFacts& facts) {
    signing::RolloverPolicy policy;
    policy.is_signed = settings.is_signed;
    policy.is_split = settings.is_split;
    policy.algorithm = settings.algorithm;
    policy.anchor_lifetime = settings.anchor_lifetime;
    policy.zsk_lifetime = settings.zsk_lifetime;
    const uint8_t* const numbers = facts.soa.data() + facts.soa.size() - kSoaNumbersSize;
    policy.propagation = UnixTime{base::load_u32(numbers + 4)} + base::load_u32(numbers + 12);
    policy.parent_propagation = settings.parent_propagation;
    policy.parent_delay = settings.parent_delay;
    policy.dnskey_ttl = settings.dnskey_ttl;
    policy.zone_ttl_max = std::max(facts.ttl_max, base::load_u32(numbers + 16));
    return policy;
}

// The time nearest to now that has these 32 bits (RFC 4034 §3.1.5).
UnixTime time_of(uint32_t bits, UnixTime now) {
    return now + static_cast<int32_t>(bits - static_cast<uint32_t>(now));
}

// Until when it holds; now, if it proves nothing and is to be made anew: one that does not hold yet
// was made by a clock that was ahead.
UnixTime end_of(std::span<const uint8_t> rrsig, UnixTime now) {
    const auto read = dnssec::read_rrsig(rrsig);
    if (!read || time_of(read->life.inception, now) > now) return now;
    return time_of(read->life.expiration, now);
}

Rdatas with(Rdatas own, const Rdatas& foreign) {
    own.insert(own.end(), foreign.begin(), foreign.end());
    return own;
}

}  // namespace

ZoneFacts facts_of(const zone::Version& zone, UnixTime now) {
    ZoneFacts facts;
    facts.soa = zone::soa_rdata(zone, facts.ttl_max);
    zone::NodeWalk walk(zone);
    for (zone::Node node = walk.next(); node; node = walk.next()) {
        zone::NodeRecords records(node);
        zone::RecordView record;
        while (records.next(record)) {
            facts.ttl_max = std::max(facts.ttl_max, record.ttl);
            if (record.type != dns::RRType::RRSIG) continue;
            const UnixTime end = end_of(record.rdata, now);
            facts.signed_until = std::min(facts.signed_until.value_or(end), end);
        }
    }
    return facts;
}

Result<Signer> Signer::open(const dns::Name& zone, const Parts& parts) {
    const auto stored = parts.store.load(zone);
    if (!stored) return std::unexpected(stored.error());
    Signer signer(zone, parts);
    for (const StoredKey& key : stored->keys) {
        if (auto done = signer.load_key(key); !done) {
            return base::within("key " + std::to_string(key.number) + " of " + dns::to_text(zone),
                                done.error());
        }
    }
    signer.saved_ = stored->rollover;
    if (stored->rollover.empty()) {
        signer.rollover_ = signing::unsigned_state({});
        return signer;
    }
    auto rollover = signing::parse_rollover(stored->rollover);
    if (!rollover) return base::within(dns::to_text(zone), rollover.error());
    for (const signing::RolloverKey& key : rollover->keys) {
        if (signer.keys_.contains(key.ref.number)) continue;
        return base::fail("key " + std::to_string(key.ref.number) + " of " + dns::to_text(zone) +
                              " is in use and not in the store",
                          "restore the database from a backup");
    }
    signer.rollover_ = *std::move(rollover);
    return signer;
}

Result<void> Signer::load_key(const StoredKey& stored) {
    auto key = Result<dnssec::PrivateKey>();
    if (!stored.token_label.empty()) {
        key = from_token(stored.algorithm, stored.token_label);
    } else {
        auto pem = parts_.sealing_key.open(label_of(stored.number), stored.sealed);
        if (!pem) return std::unexpected(pem.error());
        key = dnssec::PrivateKey::from_pem(stored.algorithm, *pem);
        dnssec::wipe(*pem);
    }
    if (!key) return std::unexpected(key.error());
    keys_.emplace(stored.number, dnssec::ZoneKey(*key, flags_of(stored.role)));
    return {};
}

Result<dnssec::PrivateKey> Signer::from_token(dnssec::Algorithm algorithm,
                                              const std::string& label) const {
    const dnssec::TokenAccess& token = parts_.token;
    if (!token.is_there()) {
        return base::fail("it is in a token, and no token is named", "pkcs11_module in [signing]");
    }
    auto uri = token.uri(label);
    if (!uri) return std::unexpected(uri.error());
    auto key = dnssec::PrivateKey::from_token(algorithm, token.module, *uri);
    dnssec::wipe(*uri);
    return key;
}

Result<dnssec::PrivateKey> Signer::make_private_key(StoredKey& stored) const {
    const std::string label = label_of(stored.number);
    if (parts_.token.is_there()) {
        const auto made = dnssec::make_token_key(parts_.token, stored.algorithm, label);
        if (!made) return std::unexpected(made.error());
        stored.token_label = label;
        return from_token(stored.algorithm, label);
    }
    auto made = dnssec::PrivateKey::generate(stored.algorithm);
    if (!made) return made;
    auto pem = made->to_pem();
    if (!pem) return std::unexpected(pem.error());
    stored.sealed = parts_.sealing_key.seal(label, *pem);
    dnssec::wipe(*pem);
    return made;
}

Result<StoredKey> Signer::make_key(const signing::KeyWish& wish) {
    for (int i = 0; i < kTagTriesMax; ++i) {
        const auto number = parts_.store.take_number();
        if (!number) return std::unexpected(number.error());
        StoredKey stored{.number = *number,
                         .algorithm = wish.algorithm,
                         .role = wish.role,
                         .sealed = {},
                         .token_label = {}};
        const auto made = make_private_key(stored);
        if (!made) return std::unexpected(made.error());
        const dnssec::ZoneKey key(*made, flags_of(wish.role));
        // Signatures name their key by its tag.
        const bool is_taken = std::ranges::any_of(
            keys_, [&](const auto& other) { return other.second.key_tag() == key.key_tag(); });
        if (is_taken) continue;
        keys_.emplace(*number, key);
        return stored;
    }
    return base::fail("no key with a tag of its own could be made for " + dns::to_text(zone_));
}

// Which of our keys each DS is of. Those of other signers of the zone are left out.
signing::ParentSight Signer::sight_of(const ParentAnswers& answers,
                                      const SigningSettings& settings) const {
    signing::ParentSight sight{.sets = {}, .ttl = answers.ttl, .is_complete = answers.is_complete};
    const auto ref_of = [this](const std::vector<uint8_t>& ds) -> KeyRef {
        for (const auto& [number, key] : keys_) {
            if (dnssec::is_ds_of(ds, zone_.wire(), key.dnskey())) {
                return {number, static_cast<uint8_t>(key.algorithm())};
            }
        }
        return {0, ds.size() > 2 ? ds[2] : uint8_t{0}};
    };
    for (const Rdatas& set : answers.sets) {
        KeyRefs refs;
        for (const auto& ds : set) {
            if (std::ranges::find(settings.foreign_cds, ds) != settings.foreign_cds.end()) continue;
            refs.push_back(ref_of(ds));
        }
        std::ranges::sort(refs);
        refs.erase(std::ranges::unique(refs).begin(), refs.end());
        if (std::ranges::find(sight.sets, refs) == sight.sets.end()) sight.sets.push_back(refs);
    }
    return sight;
}

Result<void> Signer::save(KeyStore::Update update) {
    update.before = saved_;
    update.rollover = signing::to_text(rollover_);
    if (update.added.empty() && update.removed.empty() && update.rollover == saved_) return {};
    const auto done = parts_.store.save(zone_, update);
    if (done) saved_ = update.rollover;
    return done;
}

// What name servers of ours may still give out does not matter for a zone that none of them had;
// what others gave out before may lie in caches.
void Signer::begin(const SigningSettings& settings, const ZoneFacts& facts) {
    if (facts.is_new) {
        policy_.propagation = 0;
        policy_.dnskey_ttl = policy_.zone_ttl_max = settings.former_ttl;
    }
    rollover_ = signing::unsigned_state(policy_);
}

Result<bool> Signer::tend(const SigningSettings& settings, const ZoneFacts& facts,
                          const std::optional<ParentAnswers>& answers, UnixTime now) {
    policy_ = policy_for(settings, facts);
    const signing::RolloverState before = rollover_;
    const bool is_beginning = saved_.empty();
    if (is_beginning) begin(settings, facts);
    signing::Rollover rollover(rollover_, policy_);
    KeyStore::Update update;
    const auto restore = [&](base::Error error) {
        rollover_ = before;
        for (const StoredKey& key : update.added) keys_.erase(key.number);
        return std::unexpected(std::move(error));
    };
    for (const signing::KeyWish& wish : rollover.wishes(now)) {
        auto made = make_key(wish);
        if (!made) return restore(made.error());
        rollover.add_key({.ref = {made->number, static_cast<uint8_t>(wish.algorithm)},
                          .role = wish.role,
                          .added_at = now});
        update.added.push_back(*std::move(made));
    }
    if (answers) rollover.observe(sight_of(*answers, settings), now);
    const bool is_to_sign = rollover.advance(now);
    if (is_beginning && is_to_sign) {  // What is given out now has its own TTLs.
        policy_ = policy_for(settings, facts);
        rollover_.views.dnskeys.back().ttl = policy_.dnskey_ttl;
        rollover_.views.signers.back().ttl = policy_.zone_ttl_max;
    }
    update.removed = rollover.take_gone();
    const auto removed = update.removed;
    if (auto done = save(update); !done) return restore(done.error());
    for (const signing::KeyNumber number : removed) keys_.erase(number);
    return is_to_sign;
}

void Signer::follow(const SigningSettings& settings, const ZoneFacts& facts) {
    policy_ = policy_for(settings, facts);
}

signing::SigningPlan Signer::plan(const SigningSettings& settings, const ZoneFacts& facts,
                                  uint32_t serial, UnixTime now) const {
    signing::SigningPlan plan;
    const signing::DnskeySet& dnskeys = rollover_.dnskeys();
    for (const signing::RolloverKey& key : rollover_.keys) {
        const auto is_in = [&key](const KeyRefs& refs) {
            return std::ranges::binary_search(refs, key.ref);
        };
        const dnssec::ZoneKey& own = this->key(key.ref);
        if (is_in(dnskeys.keys))
            plan.dnskeys.emplace_back(own.dnskey().begin(), own.dnskey().end());
        const signing::KeyUse use{.key = own,
                                  .signs_keys = is_in(dnskeys.signers),
                                  .signs_zone = is_in(rollover_.signers())};
        if (use.signs_keys || use.signs_zone) plan.keys.push_back(use);
    }
    plan.dnskeys = with(plan.dnskeys, settings.foreign_dnskeys);
    if (rollover_.asked && rollover_.asked->empty()) {
        plan.cds = {dnssec::cds_delete_rdata()};
        plan.cdnskeys = {dnssec::cdnskey_delete_rdata()};
    } else if (rollover_.asked) {
        plan.cds = with(ds(), settings.foreign_cds);
        for (const KeyRef& ref : *rollover_.asked) {
            plan.cdnskeys.emplace_back(key(ref).dnskey().begin(), key(ref).dnskey().end());
        }
        plan.cdnskeys = with(plan.cdnskeys, settings.foreign_cdnskeys);
    }
    plan.dnskey_ttl = settings.dnskey_ttl;
    plan.denial = settings.denial;
    plan.zonemd = settings.zonemd;
    plan.serial = serial;
    plan.times = times(settings, facts, now);
    plan.thread_count = parts_.thread_count;
    return plan;
}

signing::SignatureTimes Signer::times(const SigningSettings& settings, const ZoneFacts& facts,
                                      UnixTime now) const {
    return signing::times_for(settings.signatures, facts.soa,
                              std::max(facts.ttl_max, settings.dnskey_ttl),
                              static_cast<uint32_t>(now));
}

std::optional<UnixTime> Signer::next_at(UnixTime now) {
    return signing::Rollover(rollover_, policy_).next_at(now);
}

Rdatas Signer::ds() const {
    Rdatas rdatas;
    if (!rollover_.asked) return rdatas;
    for (const KeyRef& ref : *rollover_.asked) {
        rdatas.push_back(
            dnssec::ds_rdata(zone_.wire(), key(ref).dnskey(), dnssec::DsDigest::Sha256));
    }
    return rdatas;
}

Result<void> Signer::published(UnixTime now) {
    signing::Rollover(rollover_, policy_).published(now);
    return save({});
}

Result<void> Signer::confirm(UnixTime published_at, UnixTime now) {
    signing::Rollover(rollover_, policy_).confirm(published_at, now);
    return save({});
}

Result<void> Signer::replace(KeyRole role) {
    signing::Rollover(rollover_, policy_).replace(role);
    return save({});
}

}  // namespace nearcast::control
