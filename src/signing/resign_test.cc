// SPDX-License-Identifier: Apache-2.0

#include "signing/resign.h"

#include <array>
#include <cstdlib>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "signing/signing_fixture.h"
#include "zone/next_version.h"

namespace nearcast::signing {
namespace {

using zone::Changeset;
using zone::ImageBlock;
using zone::Version;

constexpr std::string_view kSoa = "@ 3600 SOA ns1 h 1 7200 900 1209600 300\n";
constexpr std::string_view kNextSoa = "@ 3600 SOA ns1 h 2 7200 900 1209600 300\n";

// What comes of edits of unsigned data in two ways: signed after the edits, and mended.
class Mending {
 public:
    Mending(std::string_view records, SigningPlan plan)
        : plan_(std::move(plan)),
          unsigned_(zone::image_of(std::string(kSoa) + std::string(records))),
          signed_(sign(unsigned_, plan_)) {}

    // False when the unsigned zone cannot be edited so.
    bool edit(const Changeset& edits, Renewal renewal = Renewal::Touched) {
        auto next = zone::apply_changes(Version(unsigned_.image()), edits);
        if (!next) return false;
        unsigned_ = *std::move(next);
        mend(edits, renewal);
        return true;
    }

    void mend(const Changeset& edits, Renewal renewal) {
        ++plan_.serial;
        const Version before = signed_version();
        changes_ = resign(before, edits, plan_, renewal);
        ASSERT_TRUE(changes_) << base::to_text(changes_.error());
        auto mended = uses_deltas ? zone::next_version(before, *changes_)
                                  : zone::apply_changes(before, *changes_);
        ASSERT_TRUE(mended) << base::to_text(mended.error());
        if (mended->image().is_delta()) {
            zone::attach_base(*mended, before.base());
            delta_ = *std::move(mended);
        } else {
            signed_ = *std::move(mended);
            delta_ = {};
        }
    }

    void expect_as_signed_anew() {
        const auto anew = sign(unsigned_, plan_);
        ASSERT_EQ(outline(signed_version()), outline(Version(anew.image())));
    }
    void expect_sound() { ASSERT_EQ(faults_of(signed_version()), ""); }

    [[nodiscard]] Version signed_version() const {
        return Version(delta_ ? delta_.image() : signed_.image());
    }
    [[nodiscard]] Version unsigned_version() const { return Version(unsigned_.image()); }
    [[nodiscard]] const Changeset& changes() const { return *changes_; }
    SigningPlan& plan() { return plan_; }

    bool uses_deltas = false;

 private:
    SigningPlan plan_;
    ImageBlock unsigned_;
    ImageBlock signed_;
    ImageBlock delta_;
    base::Result<Changeset> changes_;
};

// Names and data that meet in every way: cuts over names, aliases, wildcards, empty names between.
constexpr std::array kNames = {"@",     "a",   "b.a",   "c.b.a",   "*.b.a", "x.c.b.a", "B",
                               "n.b",   "*.b", "d",     "z.y.x.d", "y.x.d", "*",       "e.f.g",
                               "h.f.g", "ns1", "w.w.w", "q.*.b",   "zz",    "g"};
constexpr std::array kData = {"A 192.0.2.1",
                              "A 192.0.2.2",
                              "AAAA 2001:db8::1",
                              "TXT \"t\"",
                              "NS ns1",
                              "NS n.b",
                              "NS elsewhere.test.",
                              "DS 1 13 2 "
                              "3A6EB2D3C6E5F5A5C4E5C43A1B0E9D6A4D0F2C4B6A8097867564534231201F0E",
                              "DNAME other.test.",
                              "CNAME a",
                              "MX 10 a",
                              "TYPE65280 \\# 1 00"};

class RandomEdits {
 public:
    explicit RandomEdits(uint64_t seed) : random_(seed) {}

    Changeset make(const Version& zone, uint32_t serial) {
        std::string removed = soa(serial);
        std::string added = soa(serial + 1);
        zone::ImageRecords records(zone);
        zone::RecordView record;
        std::set<std::string> there;
        while (records.next(record)) {
            std::string line;
            zone::append_text(record, line);
            const bool is_needed =
                record.owner.size() == zone.apex().owner().size() &&
                (record.type == dns::RRType::SOA || record.type == dns::RRType::NS);
            if (!is_needed && pick(8) == 0) removed += line;
        }
        for (size_t i = pick(4); i > 0; --i) {
            const std::string ttl = pick(5) == 0 ? " 30 " : " 60 ";
            const std::string line = kNames[pick(kNames.size())] + ttl + kData[pick(kData.size())];
            if (there.insert(line).second) added += line + "\n";
        }
        return zone::change_of(removed, added);
    }
    size_t pick(size_t count) { return random_() % count; }

 private:
    static std::string soa(uint32_t serial) {
        return "@ 3600 SOA ns1 h " + std::to_string(serial) + " 7200 900 1209600 300\n";
    }

    std::mt19937_64 random_;
};

// More with NEARCAST_ROUNDS in the environment.
size_t round_count(size_t usual) {
    const char* const wanted = std::getenv("NEARCAST_ROUNDS");
    return wanted == nullptr ? usual : std::strtoul(wanted, nullptr, 10);
}

class Resign : public ::testing::TestWithParam<Denial> {
 protected:
    static SigningPlan plan() {
        SigningPlan plan = plan_with_one_key();
        plan.denial = GetParam();
        return plan;
    }
};

TEST_P(Resign, GivesWhatSigningAnewGives) {
    for (uint64_t seed = 1; seed <= round_count(8); ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Mending zone("@ 60 NS ns1\nns1 60 A 192.0.2.9\n", plan());
        RandomEdits edits(seed);
        uint32_t serial = 1;
        for (int i = 0; i < 50; ++i) {
            if (!zone.edit(edits.make(zone.unsigned_version(), serial))) continue;
            ++serial;
            zone.expect_as_signed_anew();
            if (i % 10 == 9) zone.expect_sound();
            if (HasFatalFailure()) return;
        }
        EXPECT_GT(serial, 20U);
    }
}

TEST_P(Resign, GivesTheSameOverDeltas) {
    std::string records = "@ 60 NS ns1\nns1 60 A 192.0.2.9\n";
    for (int i = 0; i < 1500; ++i) records += "m" + std::to_string(i) + " 60 A 192.0.2.1\n";
    Mending zone(records, plan());
    zone.uses_deltas = true;
    RandomEdits random(7);
    uint32_t serial = 1;
    bool had_delta = false;
    for (int i = 0; i < 8; ++i) {
        const std::string from = " 7200 900 1209600 300\n";
        std::string removed = "@ 3600 SOA ns1 h " + std::to_string(serial) + from;
        std::string added = "@ 3600 SOA ns1 h " + std::to_string(serial + 1) + from;
        removed += "m" + std::to_string(i * 100 + 5) + " 60 A 192.0.2.1\n";
        added += "m" + std::to_string(i * 100 + 6) + ".sub 60 A 192.0.2.2\n";
        added += "m" + std::to_string(i * 100 + 7) + " 60 NS other.test.\n";
        ASSERT_TRUE(zone.edit(zone::change_of(removed, added)));
        ++serial;
        had_delta |= zone.signed_version().has_delta();
        if (i % 4 == 3) zone.expect_as_signed_anew();
        if (HasFatalFailure()) return;
    }
    EXPECT_TRUE(had_delta);
    zone.expect_sound();
}

TEST_P(Resign, TouchesLittleForALittleChange) {
    std::string records = "@ 60 NS ns1\nns1 60 A 192.0.2.9\n";
    for (int i = 0; i < 300; ++i) records += "m" + std::to_string(i) + " 60 A 192.0.2.1\n";
    Mending zone(records, plan());
    ASSERT_TRUE(zone.edit(zone::change_of(std::string(kSoa) + "m7 60 A 192.0.2.1\n",
                                          std::string(kNextSoa) + "m7 60 A 192.0.2.2\n")));
    // SOA and A with their signatures.
    EXPECT_EQ(zone.changes().removed_count(), 4U) << zone::text_of(zone.changes().removed());
    EXPECT_EQ(zone.changes().added_count(), 4U);
    zone.expect_as_signed_anew();
}

TEST_P(Resign, RenewsWhatIsDueAndNothingElse) {
    Mending zone("@ 60 NS ns1\nns1 60 A 192.0.2.9\nb 60 A 192.0.2.9\n", plan());
    zone.mend({}, Renewal::All);
    EXPECT_EQ(zone.changes().removed_count(), 2U) << zone::text_of(zone.changes().removed());
    zone.plan().times.now += 400'000;
    zone.mend({}, Renewal::All);
    EXPECT_EQ(zone.changes().removed_count(), 2U);  // The SOA changes its serial in any case.
    zone.plan().times.now += 200'000;
    zone.mend({}, Renewal::All);
    // All signatures, and the SOA.
    EXPECT_EQ(zone.changes().removed_count(), GetParam().uses_nsec3 ? 12U : 11U);
    zone.expect_sound();
    zone::NodeWalk walk(zone.signed_version());
    for (zone::Node node = walk.next(); node; node = walk.next()) {
        for (const OwnedSet& set : read_sets(node)) {
            for (const auto& rdata : set.signatures) {
                EXPECT_GE(dnssec::read_rrsig(rdata)->life.expiration,
                          zone.plan().times.now + zone.plan().times.remaining_min);
            }
        }
    }
}

// The clock was ahead when they were made, and is right again.
TEST_P(Resign, RenewsSignaturesThatDoNotHoldYet) {
    Mending zone("@ 60 NS ns1\nns1 60 A 192.0.2.9\nb 60 A 192.0.2.9\n", plan());
    const auto now = zone.plan().times.now - 86400 * 365;
    zone.plan().times.now = now;
    zone.mend({}, Renewal::All);
    zone.expect_sound();
    zone::NodeWalk walk(zone.signed_version());
    for (zone::Node node = walk.next(); node; node = walk.next()) {
        for (const OwnedSet& set : read_sets(node)) {
            for (const auto& rdata : set.signatures) {
                EXPECT_LE(dnssec::read_rrsig(rdata)->life.inception, now);
            }
        }
    }
}

TEST_P(Resign, ChangesKeys) {
    Mending zone("@ 60 NS ns1\nns1 60 A 192.0.2.9\nb 60 A 192.0.2.9\n", plan());
    const auto other = plan_with_one_key();
    auto both = zone.plan();
    both.keys.push_back(other.keys.front());
    both.dnskeys.push_back(other.dnskeys.front());
    for (const SigningPlan& next : {both, other}) {
        zone.plan().keys = next.keys;
        zone.plan().dnskeys = next.dnskeys;
        zone.mend({}, Renewal::All);
        zone.expect_as_signed_anew();
        zone.expect_sound();
    }
}

TEST_P(Resign, ChangesTheWayOfDenial) {
    Mending zone("@ 60 NS ns1\nns1 60 A 192.0.2.9\nx.y.b 60 A 192.0.2.9\n", plan());
    for (const Denial& denial : {nsec3(), Denial{}, nsec3(true), nsec3(), GetParam()}) {
        zone.plan().denial = denial;
        zone.mend({}, Renewal::Touched);
        zone.expect_as_signed_anew();
        zone.expect_sound();
    }
}

TEST_P(Resign, FollowsTheTtlOfDenials) {
    Mending zone("@ 60 NS ns1\nns1 60 A 192.0.2.9\nb 60 A 192.0.2.9\n", plan());
    ASSERT_TRUE(zone.edit(zone::change_of(kSoa, "@ 3600 SOA ns1 h 2 7200 900 1209600 60\n")));
    zone.expect_as_signed_anew();
    zone.expect_sound();
}

TEST_P(Resign, KeepsTheDigestRight) {
    SigningPlan with_digest = plan();
    with_digest.zonemd = dnssec::DigestKind::Sha384;
    Mending zone("@ 60 NS ns1\nns1 60 A 192.0.2.9\n", with_digest);
    ASSERT_TRUE(zone.edit(zone::change_of(kSoa, std::string(kNextSoa) + "x.y 60 A 192.0.2.1\n")));
    zone.expect_as_signed_anew();
    zone.expect_sound();
    zone.plan().zonemd.reset();
    zone.mend({}, Renewal::Touched);
    zone.expect_as_signed_anew();
    zone.expect_sound();
}

TEST_P(Resign, LeavesOutEditsOfWhatTheSignerMakes) {
    Mending zone("@ 60 NS ns1\nns1 60 A 192.0.2.9\n", plan());
    const auto edits = zone::change_of(
        kSoa, std::string(kNextSoa) +
                  "@ 60 DNSKEY 256 3 13 "
                  "LNSq4jHYtSpH8FW18vLZjdA0RQ5pn7q3+xdBoMTvv/eFyv/6Vn5TD+dMwI6bm+xMfNZ1RnSRfxA5BNMj"
                  "zPnvWQ==\n@ 0 NSEC3PARAM 1 0 0 -\n");
    ASSERT_TRUE(zone.edit(edits));
    zone.expect_as_signed_anew();
    zone.expect_sound();
}

TEST_P(Resign, RefusesEditsThatDoNotFit) {
    const auto image = sign(zone::image_of(std::string(kSoa) + "@ 60 NS ns1.x.\n"), plan());
    const auto edits = zone::change_of(std::string(kSoa) + "b 60 A 192.0.2.1\n", kNextSoa);
    EXPECT_FALSE(resign(Version(image.image()), edits, plan(), Renewal::Touched));
}

INSTANTIATE_TEST_SUITE_P(Denials, Resign, ::testing::Values(Denial{}, nsec3(), nsec3(true)));

}  // namespace
}  // namespace nearcast::signing
