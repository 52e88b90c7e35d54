// SPDX-License-Identifier: Apache-2.0

#include "signing/rollover.h"

#include <algorithm>
#include <utility>

namespace nearcast::signing {
namespace {

void insert(KeyRefs& keys, const KeyRef& key) {
    const auto at = std::ranges::lower_bound(keys, key);
    if (at == keys.end() || *at != key) keys.insert(at, key);
}

bool has(const KeyRefs& keys, const KeyRef& key) { return std::ranges::binary_search(keys, key); }

KeyRefs without(KeyRefs keys, const KeyRef& key) {
    std::erase(keys, key);
    return keys;
}

// The value takes the place of the one given out now; or of one that was decided at this very
// moment, by the same advance(), and so never given out.
template <typename T>
void put(Views<T>& views, T next, uint32_t ttl, UnixTime now, UnixTime propagation) {
    View<T>& last = views.back();
    if (last.since == now) {
        last.value = std::move(next);
        return;
    }
    last.replaced_at = now;
    last.gone_at = now + propagation + last.ttl;
    views.push_back({.value = std::move(next), .since = now, .ttl = ttl});
}

template <typename T>
void confirm_views(Views<T>& views, UnixTime decided_at, UnixTime now) {
    for (View<T>& view : views) {
        if (!view.replaced_at || *view.replaced_at > decided_at) continue;
        view.gone_at = std::min(*view.gone_at, now + view.ttl);
    }
}

// What was replaced by a clock that was ahead was replaced by now, and is gone soon after.
template <typename T>
void bring_back(Views<T>& views, UnixTime now, UnixTime delay) {
    for (View<T>& view : views) {
        if (!view.replaced_at || *view.replaced_at <= now) continue;
        view.replaced_at = now;
        if (view.gone_at) view.gone_at = std::min(*view.gone_at, now + delay + view.ttl);
    }
}

template <typename T>
void raise_ttl(Views<T>& views, uint32_t ttl) {
    views.back().ttl = std::max(views.back().ttl, ttl);
}

}  // namespace

RolloverState unsigned_state(const RolloverPolicy& policy) {
    RolloverState state;
    state.views.dnskeys = {{.value = {}, .ttl = policy.dnskey_ttl}};
    state.views.signers = {{.value = {}, .ttl = policy.zone_ttl_max}};
    // Until the parent is looked at it may have anything; an unsigned zone loses nothing.
    state.views.ds = {{.value = {}}};
    return state;
}

UnixTime Rollover::lifetime(KeyRole role) const {
    return is_trust_anchor(role) ? policy_.anchor_lifetime : policy_.zsk_lifetime;
}

// Whether a key of this role is not yet in full use, or one that it replaces is not yet gone. While
// the parent does not follow, no further anchor is made: one more would bring nobody further.
bool Rollover::is_under_way(KeyRole role) const {
    return std::ranges::any_of(state_.keys, [&](const RolloverKey& key) {
        if (!key.is_wanted) return is_trust_anchor(key.role) == is_trust_anchor(role);
        if (key.role != role) return false;
        const bool is_used = has(state_.dnskeys().keys, key.ref) &&
                             (!signs_data(role) || has(state_.signers(), key.ref));
        const bool is_anchored = !is_trust_anchor(role) || state_.is_parent_settled;
        return !is_used || !is_anchored;
    });
}

std::vector<KeyWish> Rollover::wishes(UnixTime now) const {
    std::vector<KeyWish> wishes;
    if (!policy_.is_signed) return wishes;
    const auto need = [&](KeyRole role) {
        const auto key = std::ranges::find_if(state_.keys, [&](const RolloverKey& other) {
            return other.is_wanted && other.role == role &&
                   other.ref.algorithm == static_cast<uint8_t>(policy_.algorithm);
        });
        const bool is_old = key != state_.keys.end() && lifetime(role) > 0 &&
                            now - key->added_at >= lifetime(role) && !is_under_way(role);
        if (key == state_.keys.end() || is_old) wishes.push_back({role, policy_.algorithm});
    };
    if (policy_.is_split) {
        need(KeyRole::Ksk);
        need(KeyRole::Zsk);
    } else {
        need(KeyRole::Csk);
    }
    return wishes;
}

void Rollover::add_key(const RolloverKey& key) {
    for (RolloverKey& other : state_.keys) {
        // A CSK has the work of both others; a KSK alone leaves a CSK the zone to sign.
        const bool takes_place = (is_trust_anchor(key.role) && is_trust_anchor(other.role)) ||
                                 (signs_data(key.role) && signs_data(other.role));
        if (takes_place) other.is_wanted = false;
    }
    state_.keys.push_back(key);
}

void Rollover::replace(KeyRole role) {
    for (RolloverKey& key : state_.keys) {
        if (key.role == role) key.is_wanted = false;
    }
}

void Rollover::observe(const ParentSight& sight, UnixTime now) {
    for (View<KeyRefs>& view : state_.views.ds) {
        const bool is_there = std::ranges::find(sight.sets, view.value) != sight.sets.end();
        const bool may_come = state_.asked == view.value;
        if (is_there) {
            view.replaced_at.reset();
            view.gone_at.reset();
            view.ttl = std::max(view.ttl, sight.ttl);
        } else if (sight.is_complete && !may_come && !view.gone_at) {
            view.replaced_at = now;
            view.gone_at = now + policy_.parent_propagation + std::max(view.ttl, sight.ttl);
        }
    }
    for (const KeyRefs& set : sight.sets) {
        const auto& views = state_.views.ds;
        const bool is_known = std::ranges::find(views, set, &View<KeyRefs>::value) != views.end();
        if (!is_known) state_.views.ds.push_back({.value = set, .since = now, .ttl = sight.ttl});
    }
    state_.is_parent_settled = sight.is_complete && state_.asked && sight.sets.size() == 1 &&
                               sight.sets.front() == *state_.asked;
}

void Rollover::confirm(UnixTime decided_at, UnixTime now) {
    confirm_views(state_.views.dnskeys, decided_at, now);
    confirm_views(state_.views.signers, decided_at, now);
}

KeyRefs Rollover::wanted_anchors() const {
    KeyRefs anchors;
    for (const RolloverKey& key : state_.keys) {
        if (key.is_wanted && is_trust_anchor(key.role)) insert(anchors, key.ref);
    }
    return anchors;
}

// A shorter EXPIRE says nothing of the versions that are out.
void Rollover::note_reach(UnixTime now) {
    if (state_.reached_until && *state_.reached_until <= now) state_.reached_until.reset();
    if (policy_.propagation < state_.reach) {
        state_.reached_until = std::max(state_.reached_until.value_or(now), now + state_.reach);
    }
    state_.reach = policy_.propagation;
}

UnixTime Rollover::propagation_at(UnixTime now) const {
    return std::max(policy_.propagation, state_.reached_until.value_or(now) - now);
}

bool Rollover::set_dnskeys(DnskeySet next, UnixTime now) {
    if (next == state_.dnskeys() || !state_.views.may_publish(next)) return false;
    put(state_.views.dnskeys, std::move(next), policy_.dnskey_ttl, now, propagation_at(now));
    return true;
}

bool Rollover::set_signers(KeyRefs next, UnixTime now) {
    if (next == state_.signers() || !state_.views.may_sign_with(next)) return false;
    put(state_.views.signers, std::move(next), policy_.zone_ttl_max, now, propagation_at(now));
    return true;
}

bool Rollover::publish_wanted(UnixTime now) {
    bool has_moved = false;
    for (const RolloverKey& key : state_.keys) {
        if (!key.is_wanted || has(state_.dnskeys().keys, key.ref)) continue;
        DnskeySet next = state_.dnskeys();
        insert(next.keys, key.ref);
        if (is_trust_anchor(key.role)) insert(next.signers, key.ref);
        has_moved |= set_dnskeys(std::move(next), now);
    }
    return has_moved;
}

// A key signs in place of those of its algorithm that are not wanted; one of a new algorithm beside
// all others, for what is promised with these is still promised.
bool Rollover::sign_with_wanted(UnixTime now) {
    bool has_moved = false;
    for (const RolloverKey& key : state_.keys) {
        if (!key.is_wanted || !signs_data(key.role) || has(state_.signers(), key.ref)) continue;
        KeyRefs next = state_.signers();
        std::erase_if(next,
                      [&](const KeyRef& other) { return other.algorithm == key.ref.algorithm; });
        insert(next, key.ref);
        has_moved |= set_signers(std::move(next), now);
    }
    return has_moved;
}

bool Rollover::ask_for_wanted(UnixTime now) {
    const KeyRefs next = wanted_anchors();
    const bool was_secure = state_.asked && !state_.asked->empty();
    if (next.empty() && (policy_.is_signed || !was_secure)) return false;
    if (state_.asked == next || !state_.views.may_ask_for(next)) return false;
    if (state_.asked && !state_.is_parent_settled) {
        // One thing at a time; but to delete all can be asked, and taken back, at any.
        if (!next.empty() && was_secure) return false;
        // The parent may have read what is taken back, and act on it later.
        state_.views.ds.push_back(
            {.value = *state_.asked,
             .replaced_at = now,
             .gone_at = now + policy_.parent_delay + policy_.parent_propagation});
    }
    // From now on the parent may have it at any time.
    state_.views.ds.push_back({.value = next, .since = now});
    state_.asked = next;
    state_.is_parent_settled = false;
    return true;
}

bool Rollover::withdraw_unwanted(UnixTime now) {
    bool has_moved = false;
    for (const RolloverKey& key : state_.keys) {
        if (key.is_wanted) continue;
        // Asked for, it may be trusted at any time.
        if (state_.asked && has(*state_.asked, key.ref)) continue;
        if (has(state_.dnskeys().keys, key.ref)) {
            const DnskeySet next = {without(state_.dnskeys().keys, key.ref),
                                    without(state_.dnskeys().signers, key.ref)};
            has_moved |= set_dnskeys(next, now);
        }
        const bool is_last =
            policy_.is_signed && state_.signers().size() == 1 && has(state_.signers(), key.ref);
        if (has(state_.signers(), key.ref) && !is_last) {
            has_moved |= set_signers(without(state_.signers(), key.ref), now);
        }
    }
    const bool is_unsigned = state_.dnskeys().keys.empty() && state_.signers().empty();
    if (is_unsigned && state_.asked && state_.asked->empty() && state_.is_parent_settled) {
        state_.asked.reset();  // Nobody need be asked to delete what is not there.
        has_moved = true;
    }
    return has_moved;
}

// What was replaced was given out until now, however long ago that was decided.
void Rollover::published(UnixTime now) {
    if (!state_.decided_at) return;
    const UnixTime decided_at = *state_.decided_at;
    now = std::max(now, decided_at);  // A step has a time of its own: confirm() goes by it.
    const auto shift = [&](auto& views) {
        for (auto& view : views) {
            if (view.since == decided_at) view.since = now;
            if (view.replaced_at != decided_at) continue;
            view.replaced_at = now;
            if (view.gone_at) *view.gone_at += now - decided_at;
        }
    };
    shift(state_.views.dnskeys);
    shift(state_.views.signers);
    shift(state_.views.ds);
    state_.decided_at.reset();
}

// Later than anything that was given out, which is never taken for something that was not.
UnixTime Rollover::next_moment(UnixTime now) const {
    for (const auto& since :
         {state_.views.dnskeys.back().since, state_.views.signers.back().since}) {
        if (since) now = std::max(now, *since + 1);
    }
    return now;
}

bool Rollover::advance(UnixTime now) {
    note_reach(now);
    if (state_.decided_at) return true;
    bring_back(state_.views.dnskeys, now, propagation_at(now));
    bring_back(state_.views.signers, now, propagation_at(now));
    bring_back(state_.views.ds, now, policy_.parent_delay + policy_.parent_propagation);
    state_.views.forget(now);
    now = next_moment(now);
    raise_ttl(state_.views.dnskeys, policy_.dnskey_ttl);
    raise_ttl(state_.views.signers, policy_.zone_ttl_max);
    if (!policy_.is_signed) {
        for (RolloverKey& key : state_.keys) key.is_wanted = false;
    }
    bool has_moved = false;
    // Each step leaves fewer to take: a key is published, signs, and is withdrawn once.
    while (publish_wanted(now) || sign_with_wanted(now) || ask_for_wanted(now) ||
           withdraw_unwanted(now)) {
        has_moved = true;
    }
    if (has_moved) state_.decided_at = now;
    return has_moved;
}

std::vector<KeyNumber> Rollover::take_gone() {
    std::vector<KeyNumber> gone;
    std::erase_if(state_.keys, [&](const RolloverKey& key) {
        const auto& views = state_.views;
        const bool is_seen =
            key.is_wanted || (state_.asked && has(*state_.asked, key.ref)) ||
            std::ranges::any_of(views.dnskeys,
                                [&](const auto& view) { return has(view.value.keys, key.ref); }) ||
            std::ranges::any_of(views.signers,
                                [&](const auto& view) { return has(view.value, key.ref); }) ||
            std::ranges::any_of(views.ds,
                                [&](const auto& view) { return has(view.value, key.ref); });
        if (!is_seen) gone.push_back(key.ref.number);
        return !is_seen;
    });
    return gone;
}

std::optional<UnixTime> Rollover::next_at(UnixTime now) const {
    std::optional<UnixTime> next;
    const auto consider = [&](std::optional<UnixTime> at) {
        if (at && *at > now && (!next || *at < *next)) next = at;
    };
    const auto consider_all = [&](const auto& views) {
        for (const auto& view : views) consider(view.gone_at);
    };
    consider_all(state_.views.dnskeys);
    consider_all(state_.views.signers);
    consider_all(state_.views.ds);
    for (const RolloverKey& key : state_.keys) {
        if (key.is_wanted && lifetime(key.role) > 0) consider(key.added_at + lifetime(key.role));
    }
    return next;
}

}  // namespace nearcast::signing
