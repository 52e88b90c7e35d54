// SPDX-License-Identifier: Apache-2.0

#include "signing/rollover.h"

#include <algorithm>
#include <deque>
#include <random>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace nearcast::signing {
namespace {

constexpr UnixTime kHour = 3600;
constexpr UnixTime kDay = 24 * kHour;
constexpr UnixTime kYear = 365 * kDay;

// What one server gave out, and when.
template <typename T>
class Timeline {
 public:
    explicit Timeline(T first) { spans_.push_back({std::move(first), 0}); }

    void set(const T& value, UnixTime at) {
        if (spans_.back().value == value) return;
        spans_.push_back({value, at});
    }
    [[nodiscard]] const T& now() const { return spans_.back().value; }
    // All that a cache may have at `at` that keeps it for `ttl`.
    void collect(UnixTime at, UnixTime ttl, std::set<T>& to) {
        while (spans_.size() > 1 && spans_[1].since < at - ttl) spans_.pop_front();
        for (const Span& span : spans_) {
            if (span.since <= at) to.insert(span.value);
        }
    }

 private:
    struct Span {
        T value;
        UnixTime since;
    };
    std::deque<Span> spans_;
};

struct Zone {
    DnskeySet dnskeys;
    KeyRefs signers;
    std::optional<KeyRefs> cds;
    UnixTime version = 0;
};

// A name server that takes new versions late.
struct Secondary {
    Timeline<std::pair<KeyRefs, KeyRefs>> dnskeys{{}};  // Keys, and who signed them.
    Timeline<KeyRefs> signers{{}};
    std::deque<std::pair<UnixTime, Zone>> on_the_way;
    Zone zone;

    void receive(UnixTime now) {
        while (!on_the_way.empty() && on_the_way.front().first <= now) {
            zone = on_the_way.front().second;
            on_the_way.pop_front();
            dnskeys.set({zone.dnskeys.keys, zone.dnskeys.signers}, now);
            signers.set(zone.signers, now);
        }
    }
};

// What a validator goes by that takes any path (RFC 6840 §5.11), or does not know an algorithm of
// which there are DS of others alone: those have the number 0.
KeyRefs known_part(const KeyRefs& ds) {
    std::set<uint8_t> ours;
    for (const KeyRef& key : ds) {
        if (key.number != 0) ours.insert(key.algorithm);
    }
    KeyRefs known = ds;
    std::erase_if(known, [&](const KeyRef& key) { return !ours.contains(key.algorithm); });
    return known;
}

// The validator of the test, which shares nothing with the code under test: a chain for each
// algorithm in the DS set, down to the data.
bool validates(const KeyRefs& ds, const std::pair<KeyRefs, KeyRefs>& dnskeys,
               const KeyRefs& signers) {
    if (ds.empty()) return true;
    std::set<uint8_t> of_ds;
    std::set<uint8_t> of_keys;
    std::set<uint8_t> anchored;
    std::set<uint8_t> proved;
    for (const KeyRef& key : ds) of_ds.insert(key.algorithm);
    for (const KeyRef& key : dnskeys.first) of_keys.insert(key.algorithm);
    for (const KeyRef& key : dnskeys.second) {
        const bool is_in_ds = std::ranges::find(ds, key) != ds.end();
        const bool is_published = std::ranges::find(dnskeys.first, key) != dnskeys.first.end();
        if (is_in_ds && is_published) anchored.insert(key.algorithm);
    }
    for (const KeyRef& key : signers) {
        const bool is_published = std::ranges::find(dnskeys.first, key) != dnskeys.first.end();
        if (is_published) proved.insert(key.algorithm);
    }
    return std::ranges::includes(anchored, of_ds) && std::ranges::includes(proved, of_keys) &&
           !anchored.empty();
}

struct WorldOptions {
    bool confirms = true;        // The name servers tell which version they have.
    bool parent_follows = true;  // It looks at CDS.
    UnixTime propagation = 3 * kHour;
};

// A signer, three name servers and two of a parent, with chance in all that they do.
class World {
 public:
    World(uint64_t seed, RolloverPolicy policy, WorldOptions options = {})
        : policy_(policy),
          options_(options),
          random_(seed),
          state_(unsigned_state(policy_)),
          secondaries_(3),
          parents_(2, Timeline<KeyRefs>(KeyRefs{})) {}

    void run(UnixTime duration) {
        for (const UnixTime end = now_ + duration; now_ < end; now_ += kStep) {
            step();
            if (::testing::Test::HasFatalFailure()) return;
        }
    }

    std::optional<ParentSight> look() {
        if (is_parent_down()) return std::nullopt;
        ParentSight sight{.sets = {}, .ttl = kDsTtl, .is_complete = true};
        for (const auto& server : parents_) {
            if (pick(20) == 0) {  // It did not answer.
                sight.is_complete = false;
                continue;
            }
            const bool is_new = std::ranges::find(sight.sets, server.now()) == sight.sets.end();
            if (is_new) sight.sets.push_back(server.now());
        }
        return sight;
    }

    RolloverPolicy& policy() { return policy_; }
    RolloverState& state() { return state_; }
    void replace(KeyRole role) { Rollover(state_, policy_).replace(role); }
    [[nodiscard]] size_t made_count() const { return made_count_; }
    [[nodiscard]] size_t gone_count() const { return gone_count_; }
    [[nodiscard]] bool is_secure() const { return !parents_[0].now().empty(); }
    [[nodiscard]] size_t combination_count() const { return combination_count_; }
    void stop_parent(UnixTime until) { parent_down_until_ = until; }
    void set_parent_follows(bool follows) { options_.parent_follows = follows; }
    // DS that somebody enters at the parent beside ours. They go with ours when all are deleted.
    void set_foreign_ds(KeyRefs foreign) {
        foreign_ds_ = std::move(foreign);
        if (!plan_) begin_plan(own_ds_);
    }
    [[nodiscard]] size_t mixed_count() const { return mixed_count_; }
    [[nodiscard]] UnixTime now() const { return now_; }

 private:
    static constexpr UnixTime kStep = 2 * kHour;
    static constexpr uint32_t kDsTtl = kDay;

    size_t pick(size_t count) { return random_() % count; }
    [[nodiscard]] bool is_parent_down() const { return now_ < parent_down_until_; }

    void step() {
        Rollover rollover(state_, policy_);
        for (const KeyWish& wish : rollover.wishes(now_)) {
            rollover.add_key({.ref = {++made_count_, static_cast<uint8_t>(wish.algorithm)},
                              .role = wish.role,
                              .added_at = now_});
        }
        if (pick(4) == 0) {
            if (const auto sight = look()) rollover.observe(*sight, now_);
        }
        confirm(rollover);
        // Signing takes its time, and now and then the signer is down.
        if (rollover.advance(now_) && pick(3) == 0) {
            publish();
            rollover.published(now_);
        }
        gone_count_ += rollover.take_gone().size();
        for (Secondary& secondary : secondaries_) secondary.receive(now_);
        run_parent();
        check();
    }

    void publish() {
        const Zone zone = {state_.dnskeys(), state_.signers(), state_.asked, now_};
        last_published_ = now_;
        for (Secondary& secondary : secondaries_) {
            UnixTime at =
                now_ + static_cast<UnixTime>(pick(static_cast<size_t>(options_.propagation)));
            if (!secondary.on_the_way.empty()) {
                at = std::max(at, secondary.on_the_way.back().first);
            }
            secondary.on_the_way.emplace_back(at, zone);
        }
    }

    void confirm(Rollover& rollover) {
        const bool is_everywhere = std::ranges::all_of(
            secondaries_, [](const Secondary& other) { return other.on_the_way.empty(); });
        if (options_.confirms && is_everywhere) rollover.confirm(last_published_, now_);
    }

    // Reads CDS at one of the name servers and follows it in its own time, one server before the
    // other; only when the request is one that it would keep the chain with (RFC 7344 §4.1).
    void run_parent() {
        if (is_parent_down()) return;
        if (!plan_ && options_.parent_follows && pick(30) == 0) {
            const Zone& zone = secondaries_[pick(3)].zone;
            // An older request than one it followed is a replay.
            if (zone.cds && *zone.cds != own_ds_ && zone.version >= followed_version_) {
                followed_version_ = zone.version;
                begin_plan(*zone.cds);
            }
        }
        if (plan_ && now_ >= plan_at_) {
            own_ds_ = *plan_;
            parents_[0].set(with_foreign(*plan_), now_);
            if (now_ >= plan_at_ + 4 * kHour) {
                parents_[1].set(with_foreign(*plan_), now_);
                plan_.reset();
            }
        }
    }

    void begin_plan(const KeyRefs& ds) {
        plan_ = ds;
        plan_at_ = now_ + static_cast<UnixTime>(pick(3 * kDay));
    }
    [[nodiscard]] KeyRefs with_foreign(KeyRefs ds) const {
        if (ds.empty()) return ds;
        ds.insert(ds.end(), foreign_ds_.begin(), foreign_ds_.end());
        std::ranges::sort(ds);
        return ds;
    }

    void check() {
        std::set<KeyRefs> ds;
        std::set<std::pair<KeyRefs, KeyRefs>> dnskeys;
        std::set<KeyRefs> signers;
        for (auto& server : parents_) server.collect(now_, kDsTtl, ds);
        for (Secondary& server : secondaries_) {
            server.dnskeys.collect(now_, policy_.dnskey_ttl, dnskeys);
            server.signers.collect(now_, policy_.zone_ttl_max, signers);
        }
        for (const auto& whole : ds) {
            const KeyRefs parent = known_part(whole);
            if (parent != whole) ++mixed_count_;
            for (const auto& keys : dnskeys) {
                for (const auto& data : signers) {
                    ++combination_count_;
                    ASSERT_TRUE(validates(parent, keys, data))
                        << "on day " << now_ / kDay << ": " << text(parent) << " | "
                        << text(keys.first) << " by " << text(keys.second) << " | " << text(data);
                }
            }
        }
    }
    static std::string text(const KeyRefs& keys) {
        std::string text;
        for (const KeyRef& key : keys) {
            text += std::to_string(key.number) + "/" + std::to_string(key.algorithm) + " ";
        }
        return text;
    }

    RolloverPolicy policy_;
    WorldOptions options_;
    std::mt19937_64 random_;
    UnixTime now_ = 1'800'000'000;
    UnixTime last_published_ = 0;
    UnixTime parent_down_until_ = 0;
    RolloverState state_;
    std::vector<Secondary> secondaries_;
    std::vector<Timeline<KeyRefs>> parents_;
    KeyRefs own_ds_;  // At the parent.
    KeyRefs foreign_ds_;
    std::optional<KeyRefs> plan_;
    UnixTime plan_at_ = 0;
    UnixTime followed_version_ = 0;
    KeyNumber made_count_ = 0;
    size_t gone_count_ = 0;
    size_t combination_count_ = 0;
    size_t mixed_count_ = 0;
};

RolloverPolicy policy_of(bool is_split) {
    RolloverPolicy policy;
    policy.is_split = is_split;
    policy.anchor_lifetime = kYear;
    policy.zsk_lifetime = 90 * kDay;
    policy.propagation = 14 * kDay;
    policy.dnskey_ttl = static_cast<uint32_t>(kDay);
    policy.zone_ttl_max = static_cast<uint32_t>(2 * kDay);
    return policy;
}

constexpr uint64_t kSeeds = 6;  // 20 were run once: some seconds each without optimization.

// Roles and algorithms change on the way, the zone goes insecure and comes back, the parent falls
// silent for a month; every combination of what caches may have is validated every two hours.
TEST(Rollover, KeepsEveryResolverTrustingForTenYears) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed, policy_of(seed % 2 == 0));
        world.run(2 * kYear);
        EXPECT_TRUE(world.is_secure());
        world.policy().algorithm = dnssec::Algorithm::Ed25519;
        world.run(kYear);
        world.stop_parent(world.now() + 30 * kDay);
        world.run(kYear);
        world.policy().is_split = !world.policy().is_split;
        world.run(2 * kYear);
        world.policy().algorithm = dnssec::Algorithm::RsaSha256;
        world.policy().is_split = !world.policy().is_split;
        world.run(kYear);
        EXPECT_TRUE(world.is_secure());
        world.policy().is_signed = false;
        world.run(kYear);
        EXPECT_FALSE(world.is_secure());
        EXPECT_TRUE(world.state().keys.empty());
        EXPECT_TRUE(world.state().dnskeys().keys.empty());
        EXPECT_FALSE(world.state().asked);
        world.policy().is_signed = true;
        world.run(2 * kYear);
        EXPECT_TRUE(world.is_secure());
        EXPECT_GE(world.made_count(), 9U);
        EXPECT_GE(world.gone_count() + 4, world.made_count());
        EXPECT_GT(world.combination_count(), 40'000U);
        if (HasFatalFailure()) return;
    }
}

// Of an algorithm that the zone never has, and of its first: alone and together.
const std::vector<KeyRefs> kForeignDs = {{{0, 10}}, {{0, 13}}, {{0, 10}, {0, 13}}};

// The parent keeps its DS set for a year though it is asked to delete it; then it does.
TEST(Rollover, LeavesAZoneSignedWhileOneDsAmongOthersLeadsToIt) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed, policy_of(seed % 2 == 0));
        world.run(kYear / 2);
        ASSERT_TRUE(world.is_secure());
        world.set_foreign_ds(kForeignDs[seed % 3]);
        world.run(60 * kDay);
        world.set_parent_follows(false);
        world.policy().is_signed = false;
        world.run(kYear);
        EXPECT_FALSE(world.state().dnskeys().keys.empty());
        EXPECT_TRUE(world.is_secure());
        world.set_parent_follows(true);
        world.run(kYear);
        EXPECT_FALSE(world.is_secure());
        EXPECT_TRUE(world.state().dnskeys().keys.empty());
        EXPECT_TRUE(world.state().keys.empty());
        EXPECT_GT(world.mixed_count() + (seed % 3 == 1 ? 1 : 0), 0U);
        if (HasFatalFailure()) return;
    }
}

// Keys and roles and algorithms are to change, and the zone nearly goes insecure, all before the
// parent is rid of what others left there; after that it follows, and all gets done.
TEST(Rollover, BreaksNoChainThatIsBesideAForeignDs) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        World world(seed, policy_of(seed % 2 == 0));
        world.run(60 * kDay);
        world.set_foreign_ds(kForeignDs[seed % 3]);
        world.run(60 * kDay);
        world.replace(seed % 2 == 0 ? KeyRole::Ksk : KeyRole::Csk);
        world.run(kYear / 2);
        world.policy().algorithm = dnssec::Algorithm::Ed25519;
        world.run(kYear / 2);
        world.policy().is_split = !world.policy().is_split;
        world.run(kYear / 2);
        world.set_parent_follows(false);
        world.policy().is_signed = false;
        world.run(60 * kDay);
        world.policy().is_signed = true;  // With new keys, beside those that are trusted.
        world.run(kYear);
        EXPECT_TRUE(world.is_secure());
        world.set_parent_follows(true);
        world.run(kYear / 2);
        world.set_foreign_ds({});
        world.run(kYear);
        EXPECT_TRUE(world.is_secure());
        EXPECT_GE(world.gone_count() + 2, world.made_count());
        if (HasFatalFailure()) return;
    }
}

TEST(Rollover, WaitsLongerForNameServersThatTellNothing) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
        World world(seed, policy_of(false), {.confirms = false, .propagation = 13 * kDay});
        world.run(3 * kYear);
        EXPECT_TRUE(world.is_secure());
        EXPECT_GE(world.gone_count(), 1U);
        if (HasFatalFailure()) return;
    }
}

TEST(Rollover, StandsStillWhileTheParentDoes) {
    World world(1, policy_of(false), {.parent_follows = false});
    world.run(5 * kYear);
    EXPECT_EQ(world.made_count(), 1U);
    EXPECT_TRUE(world.state().asked);
    EXPECT_FALSE(world.state().is_parent_settled);
}

TEST(Rollover, ReplacesAKeyWhenAsked) {
    World world(3, policy_of(true));
    world.run(60 * kDay);
    ASSERT_EQ(world.made_count(), 2U);
    world.replace(KeyRole::Ksk);
    world.replace(KeyRole::Zsk);
    world.run(60 * kDay);
    EXPECT_EQ(world.made_count(), 4U);
    EXPECT_EQ(world.gone_count(), 2U);
    EXPECT_TRUE(world.is_secure());
}

// The parent's DS of a former operator leads nowhere; keys are made and asked for all the same.
TEST(Rollover, MendsWhatIsBroken) {
    const RolloverPolicy policy = policy_of(false);
    RolloverState state = unsigned_state(policy);
    Rollover rollover(state, policy);
    UnixTime now = 1'800'000'000;
    rollover.observe({.sets = {{{0, 8}}}, .ttl = 3600, .is_complete = true}, now);
    rollover.add_key({.ref = {1, 13}, .role = KeyRole::Csk, .added_at = now});
    EXPECT_TRUE(rollover.advance(now));
    rollover.published(now);
    EXPECT_EQ(state.signers(), (KeyRefs{{1, 13}}));
    EXPECT_FALSE(state.asked);
    now += 30 * kDay;
    EXPECT_TRUE(rollover.advance(now));
    EXPECT_EQ(state.asked, (KeyRefs{{1, 13}}));
}

// Not before every unsigned answer is gone from caches, or it would be bogus.
TEST(Rollover, AsksForNoTrustWhileUnsignedAnswersAreCached) {
    const RolloverPolicy policy = policy_of(false);
    RolloverState state = unsigned_state(policy);
    Rollover rollover(state, policy);
    const UnixTime now = 1'800'000'000;
    rollover.add_key({.ref = {1, 13}, .role = KeyRole::Csk, .added_at = now});
    EXPECT_TRUE(rollover.advance(now));
    EXPECT_FALSE(state.asked);
    rollover.published(now);
    rollover.confirm(now, now + kHour);
    EXPECT_EQ(rollover.next_at(now), now + kHour + kDay);
    EXPECT_FALSE(rollover.advance(now + kHour + 2 * kDay - 1));
    EXPECT_TRUE(rollover.advance(now + kHour + 2 * kDay));
    EXPECT_EQ(state.asked, (KeyRefs{{1, 13}}));
}

// The time that caches need begins when the new version is given out, not when it was decided.
TEST(Rollover, CountsFromWhenItWasPublished) {
    const RolloverPolicy policy = policy_of(false);
    RolloverState state = unsigned_state(policy);
    Rollover rollover(state, policy);
    const UnixTime now = 1'800'000'000;
    rollover.add_key({.ref = {1, 13}, .role = KeyRole::Csk, .added_at = now});
    EXPECT_TRUE(rollover.advance(now));
    EXPECT_TRUE(rollover.advance(now + kYear));  // Still to be published.
    EXPECT_FALSE(state.asked);
    rollover.published(now + kYear);
    EXPECT_FALSE(rollover.advance(now + kYear + policy.propagation + 2 * kDay - 1));
    EXPECT_TRUE(rollover.advance(now + kYear + policy.propagation + 2 * kDay));
    EXPECT_TRUE(state.asked);
}

// Both steps have the same time, as clocks here count seconds.
TEST(Rollover, RemembersWhatWasGivenOutInTheSecondOfTheNextStep) {
    const RolloverPolicy policy = policy_of(false);
    RolloverState state = unsigned_state(policy);
    Rollover rollover(state, policy);
    const UnixTime now = 1'800'000'000;
    rollover.add_key({.ref = {1, 13}, .role = KeyRole::Csk, .added_at = now});
    EXPECT_TRUE(rollover.advance(now));
    rollover.published(now);
    const DnskeySet given_out = state.dnskeys();
    rollover.add_key({.ref = {2, 13}, .role = KeyRole::Csk, .added_at = now});
    EXPECT_TRUE(rollover.advance(now));
    rollover.published(now);
    EXPECT_NE(state.dnskeys(), given_out);
    const auto& views = state.views.dnskeys;
    EXPECT_NE(std::ranges::find(views, given_out, &View<DnskeySet>::value), views.end());
}

// Who was cut off before EXPIRE became shorter goes by the longer one.
TEST(Rollover, WaitsForThoseWhoHaveAVersionWithALongerExpire) {
    RolloverPolicy policy = policy_of(false);
    RolloverState state = unsigned_state(policy);
    Rollover rollover(state, policy);
    UnixTime now = 1'800'000'000;
    rollover.add_key({.ref = {1, 13}, .role = KeyRole::Csk, .added_at = now});
    EXPECT_TRUE(rollover.advance(now));
    rollover.published(now);
    now += 60 * kDay;
    EXPECT_TRUE(rollover.advance(now));  // Asks the parent, which follows.
    rollover.published(now);
    rollover.observe({.sets = {{{1, 13}}}, .ttl = 3600, .is_complete = true}, now);
    now += 60 * kDay;
    EXPECT_FALSE(rollover.advance(now));
    policy.propagation = kHour;
    EXPECT_FALSE(rollover.advance(now));
    rollover.add_key({.ref = {2, 13}, .role = KeyRole::Csk, .added_at = now});
    EXPECT_TRUE(rollover.advance(now + kHour));
    rollover.published(now + kHour);
    EXPECT_FALSE(rollover.advance(now + 14 * kDay + kDay - 1));
    EXPECT_EQ(state.signers(), (KeyRefs{{1, 13}}));
    EXPECT_TRUE(rollover.advance(now + 14 * kDay + kDay));
    EXPECT_EQ(state.signers(), (KeyRefs{{2, 13}}));
}

// A step taken by a clock that was ahead waits no longer than any other once the clock is right.
TEST(Rollover, DoesNotWaitForTheYearsThatAClockWasAhead) {
    const RolloverPolicy policy = policy_of(false);
    RolloverState state = unsigned_state(policy);
    Rollover rollover(state, policy);
    const UnixTime now = 1'800'000'000;
    rollover.add_key({.ref = {1, 13}, .role = KeyRole::Csk, .added_at = now + 5 * kYear});
    EXPECT_TRUE(rollover.advance(now + 5 * kYear));
    rollover.published(now + 5 * kYear);
    EXPECT_FALSE(rollover.advance(now));
    EXPECT_FALSE(rollover.advance(now + policy.propagation + 2 * kDay - 1));
    EXPECT_FALSE(state.asked);
    EXPECT_TRUE(rollover.advance(now + policy.propagation + 2 * kDay));
    EXPECT_EQ(state.asked, (KeyRefs{{1, 13}}));
}

TEST(TrustViews, ProtectAChainBesideADsThatLeadsNowhere) {
    const KeyRef a{1, 13};
    const KeyRef b{2, 13};
    TrustViews views;
    views.dnskeys = {{.value = {{a}, {a}}}};
    views.signers = {{.value = {a}}};
    for (const KeyRef& foreign : {KeyRef{0, 8}, KeyRef{0, 13}, KeyRef{0, 15}}) {
        views.ds = {{.value = {foreign, a}}};
        EXPECT_FALSE(views.may_publish({}));
        EXPECT_FALSE(views.may_publish({{b}, {b}}));
        EXPECT_TRUE(views.may_publish({{a, b}, {a, b}}));
        EXPECT_FALSE(views.may_sign_with({}));
        EXPECT_FALSE(views.may_sign_with({b}));
        EXPECT_TRUE(views.may_sign_with({a, b}));
        views.ds = {{.value = {foreign}}};
        EXPECT_TRUE(views.may_publish({}));
        EXPECT_TRUE(views.may_sign_with({}));
    }
}

TEST(TrustViews, WantAChainForEachAlgorithm) {
    const KeyRef a{1, 13};
    const KeyRef b{2, 15};
    EXPECT_TRUE(is_trusted({}, {{a}, {}}, {}));
    EXPECT_TRUE(is_trusted({a}, {{a}, {a}}, {a}));
    EXPECT_FALSE(is_trusted({a}, {{a}, {}}, {a}));
    EXPECT_FALSE(is_trusted({a}, {{a}, {a}}, {}));
    EXPECT_FALSE(is_trusted({a, b}, {{a}, {a}}, {a}));
    EXPECT_FALSE(is_trusted({a}, {{a, b}, {a}}, {a}));
    EXPECT_TRUE(is_trusted({a}, {{a, b}, {a}}, {a, b}));
}

}  // namespace
}  // namespace nearcast::signing
