// SPDX-License-Identifier: Apache-2.0

#include "control/signer.h"

#include <gtest/gtest.h>

#include "dnssec/digest.h"
#include "signing/signing_fixture.h"

namespace nearcast::control {
namespace {

using signing::UnixTime;
using zone::ImageBlock;
using zone::Version;

constexpr UnixTime kDay = 86400;
constexpr UnixTime kStart = 1'800'000'000;

// In memory, and able to fail.
class MemoryKeys : public KeyStore {
 public:
    base::Result<StoredKeys> load(const dns::Name&) override { return kept_; }
    base::Result<signing::KeyNumber> take_number() override { return ++last_number_; }
    base::Result<void> save(const dns::Name&, const Update& update) override {
        if (is_full) return base::fail("the disk is full");
        if (update.before != kept_.rollover) return base::fail("somebody else was faster");
        kept_.keys.insert(kept_.keys.end(), update.added.begin(), update.added.end());
        for (const auto number : update.removed) {
            std::erase_if(kept_.keys, [&](const StoredKey& key) { return key.number == number; });
        }
        kept_.rollover = update.rollover;
        return {};
    }
    [[nodiscard]] StoredKeys& kept() { return kept_; }

    bool is_full = false;

 private:
    StoredKeys kept_;
    signing::KeyNumber last_number_ = 0;
};

// A zone that is signed and published once a day, by a signer that is started anew each time.
class SignedZone {
 public:
    explicit SignedZone(std::string_view records) : unsigned_(zone::image_of(records)) {}

    void pass(int days, const SigningSettings& settings) {
        for (int i = 0; i < days; ++i) {
            run_day(settings);
            if (::testing::Test::HasFatalFailure()) return;
            now_ += kDay;
        }
    }
    [[nodiscard]] Signer open() {
        auto signer = Signer::open(apex_, {keys_, sealing_key_, {}, 1});
        EXPECT_TRUE(signer) << base::to_text(signer.error());
        return *std::move(signer);
    }

    signing::Rdatas parent;  // Its DS set.
    bool parent_follows = true;
    MemoryKeys& keys() { return keys_; }
    [[nodiscard]] Version published() const { return Version(published_.image()); }
    [[nodiscard]] UnixTime now() const { return now_; }

 private:
    void run_day(const SigningSettings& settings) {
        Signer signer = open();
        const ZoneFacts facts = facts_of(Version(unsigned_.image()), now_);
        const ParentAnswers answers{.sets = {parent}, .ttl = 3600, .is_complete = true};
        const auto is_to_sign = signer.tend(settings, facts, answers, now_);
        ASSERT_TRUE(is_to_sign) << base::to_text(is_to_sign.error());
        if (!signer.is_signing()) {
            ASSERT_TRUE(signer.published(now_));
            published_ = {};
            return;
        }
        const auto plan = signer.plan(settings, facts, ++serial_, now_);
        publish(plan);
        ASSERT_TRUE(signer.published(now_));
        ASSERT_TRUE(signer.confirm(now_, now_ + 60));
        if (parent_follows && !plan.cds.empty()) {
            parent = plan.cds == signing::Rdatas{dnssec::cds_delete_rdata()} ? signing::Rdatas()
                                                                             : plan.cds;
        }
        check(facts, plan);
    }

    void publish(const signing::SigningPlan& plan) {
        if (!published_) {
            published_ = signing::sign(unsigned_, plan);
            return;
        }
        const auto changes = signing::resign(published(), {}, plan, signing::Renewal::All);
        ASSERT_TRUE(changes) << base::to_text(changes.error());
        auto next = zone::apply_changes(published(), *changes);
        ASSERT_TRUE(next) << base::to_text(next.error());
        published_ = *std::move(next);
    }

    // Sound, trusted by the parent's DS, and good for as long as a node may be cut off.
    void check(const ZoneFacts& facts, const signing::SigningPlan& plan) {
        signing::Rdatas unpublished;
        for (const signing::KeyUse& use : plan.keys) {
            const signing::Rdatas::value_type key(use.key.dnskey().begin(), use.key.dnskey().end());
            if (std::ranges::find(plan.dnskeys, key) == plan.dnskeys.end()) {
                unpublished.push_back(key);
            }
        }
        ASSERT_EQ(signing::faults_of(published(), unpublished), "")
            << "on day " << (now_ - kStart) / kDay;
        const uint32_t refresh = base::load_u32(facts.soa.data() + facts.soa.size() - 16);
        const uint32_t expire = base::load_u32(facts.soa.data() + facts.soa.size() - 8);
        const auto good_until = static_cast<uint32_t>(now_ + kDay) + expire + refresh;
        zone::NodeWalk walk(published());
        for (zone::Node node = walk.next(); node; node = walk.next()) {
            for (const auto& set : signing::read_sets(node)) {
                for (const auto& rdata : set.signatures) {
                    ASSERT_GT(dnssec::read_rrsig(rdata)->life.expiration, good_until);
                }
            }
        }
        const auto apex = signing::read_sets(published().apex());
        const auto* const keys = signing::find_set(apex, dns::RRType::DNSKEY);
        for (const auto& ds : parent) {
            ASSERT_TRUE(std::ranges::any_of(keys->records, [&](const auto& dnskey) {
                return dnssec::ds_rdata(apex_.wire(), dnskey, dnssec::DsDigest::Sha256) == ds;
            }));
        }
    }

    dns::Name apex_ = *dns::parse_name("example.org.");
    dnssec::SealingKey sealing_key_ = dnssec::SealingKey::generate();
    MemoryKeys keys_;
    ImageBlock unsigned_;
    ImageBlock published_;
    UnixTime now_ = kStart;
    uint32_t serial_ = 0;
};

constexpr std::string_view kZone =
    "@ 3600 SOA ns1 h 7 7200 900 1209600 300\n"
    "@ 3600 NS ns1\nns1 60 A 192.0.2.1\nx.y 60 A 192.0.2.2\nsub 60 NS ns.sub\n"
    "ns.sub 60 A 192.0.2.3\n";

TEST(Signer, KeepsAZoneSignedForYears) {
    for (const bool uses_nsec3 : {false, true}) {
        SignedZone zone(kZone);
        SigningSettings settings;
        settings.denial.uses_nsec3 = uses_nsec3;
        settings.anchor_lifetime = 300 * kDay;
        zone.pass(400, settings);
        EXPECT_EQ(zone.parent.size(), 1U);
        settings.algorithm = dnssec::Algorithm::Ed25519;
        settings.is_split = true;
        zone.pass(300, settings);
        EXPECT_EQ(zone.parent.size(), 1U);
        EXPECT_EQ(zone.parent.front()[2], 15);
        settings.is_signed = false;
        zone.pass(60, settings);
        EXPECT_TRUE(zone.parent.empty());
        EXPECT_TRUE(zone.keys().kept().keys.empty());
        EXPECT_FALSE(zone.open().is_signing());
        if (HasFatalFailure()) return;
    }
}

TEST(Signer, GivesNoDsBeforeItMayBeUsed) {
    SignedZone zone(kZone);
    zone.pass(1, {});
    EXPECT_TRUE(zone.open().ds().empty());
    zone.pass(3, {});
    EXPECT_EQ(zone.open().ds().size(), 1U);
}

TEST(Signer, WaitsADayWithTheDsOfAZoneThatNobodyHad) {
    for (const bool is_new : {false, true}) {
        MemoryKeys keys;
        const auto sealing_key = dnssec::SealingKey::generate();
        auto signer = Signer::open(*dns::parse_name("example.org."), {keys, sealing_key, {}, 1});
        ASSERT_TRUE(signer);
        ZoneFacts facts = facts_of(Version(zone::image_of(kZone).image()), kStart);
        facts.ttl_max = 2 * kDay;  // Nobody has those records from us.
        const auto tend = [&](UnixTime now) {
            EXPECT_TRUE(signer->tend({}, facts, std::nullopt, now));
            EXPECT_TRUE(signer->published(now));
        };
        facts.is_new = is_new;
        tend(kStart);
        facts.is_new = false;
        tend(kStart + kDay - 1);
        EXPECT_TRUE(signer->ds().empty());
        tend(kStart + kDay);
        EXPECT_EQ(signer->ds().size(), is_new ? 1U : 0U);
        tend(kStart + 1209600 + 7200 + 2 * kDay);
        EXPECT_EQ(signer->ds().size(), 1U);
        EXPECT_EQ(signer->rollover().views.signers.back().ttl, 2 * kDay);
    }
}

TEST(Signer, DecidesNothingThatItCannotKeep) {
    SignedZone zone(kZone);
    Signer signer = zone.open();
    const ZoneFacts facts = facts_of(Version(zone::image_of(kZone).image()), kStart);
    zone.keys().is_full = true;
    EXPECT_FALSE(signer.tend({}, facts, std::nullopt, kStart));
    EXPECT_FALSE(signer.is_signing());
    zone.keys().is_full = false;
    const auto is_to_sign = signer.tend({}, facts, std::nullopt, kStart);
    ASSERT_TRUE(is_to_sign);
    EXPECT_TRUE(*is_to_sign);
    EXPECT_EQ(zone.keys().kept().keys.size(), 1U);
}

TEST(Signer, OpensNoKeyOfAnotherZone) {
    MemoryKeys keys;
    const auto sealing_key = dnssec::SealingKey::generate();
    auto signer = Signer::open(*dns::parse_name("example.org."), {keys, sealing_key, {}, 1});
    ASSERT_TRUE(signer);
    ASSERT_TRUE(signer->tend({}, facts_of(Version(zone::image_of(kZone).image()), kStart),
                             std::nullopt, kStart));
    EXPECT_TRUE(Signer::open(*dns::parse_name("example.org."), {keys, sealing_key, {}, 1}));
    EXPECT_FALSE(Signer::open(*dns::parse_name("example.net."), {keys, sealing_key, {}, 1}));
    const auto other = dnssec::SealingKey::generate();
    EXPECT_FALSE(Signer::open(*dns::parse_name("example.org."), {keys, other, {}, 1}));
}

TEST(Signer, PutsForeignKeysBesideItsOwn) {
    SignedZone zone(kZone);
    const auto other = signing::plan_with_one_key();
    SigningSettings settings;
    settings.foreign_dnskeys = other.dnskeys;
    settings.foreign_cds = other.cds;
    settings.foreign_cdnskeys = other.cdnskeys;
    zone.pass(10, settings);
    EXPECT_EQ(zone.parent.size(), 2U);
    const auto apex = signing::read_sets(zone.published().apex());
    EXPECT_EQ(signing::find_set(apex, dns::RRType::DNSKEY)->records.size(), 2U);
    EXPECT_TRUE(zone.open().rollover().is_parent_settled);
}

// Some parents put a DS by SHA-1 beside the one that they were asked for.
TEST(Signer, KnowsItsKeyByADigestThatItDoesNotMake) {
    SignedZone zone(kZone);
    zone.pass(5, {});
    Signer signer = zone.open();
    auto by_sha1 = zone.parent.front();
    by_sha1.resize(4 + dnssec::kSha1Size);
    by_sha1[3] = 1;
    dnssec::sha1(dns::parse_name("example.org.")->wire(),
                 signer.dnskey(signer.rollover().keys.front().ref),
                 std::span(by_sha1).subspan<4, dnssec::kSha1Size>());
    const signing::Rdatas both = {zone.parent.front(), by_sha1};
    const ParentAnswers answers{.sets = {both}, .ttl = 3600, .is_complete = true};
    const ZoneFacts facts = facts_of(zone.published(), zone.now());
    ASSERT_TRUE(signer.tend({}, facts, answers, zone.now()));
    EXPECT_TRUE(signer.rollover().is_parent_settled);
}

}  // namespace
}  // namespace nearcast::control
