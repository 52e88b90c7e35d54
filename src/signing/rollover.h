// SPDX-License-Identifier: Apache-2.0
//
// Moves a zone from key to key: which keys are published, which sign, which the parent is asked to
// trust. Never takes a step before it is safe for every resolver (trust_views.h).
//
// Pure: somebody else makes the keys that are wished for, signs and publishes what is decided, and
// tells what the parent has. Everything that must be kept is in RolloverState, a plain value.

#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "signing/trust_views.h"

namespace nearcast::signing {

enum class KeyRole : uint8_t {
    Csk,  // Signs all, and the parent trusts it.
    Ksk,  // Signs the keys, and the parent trusts it.
    Zsk,  // Signs the zone.
};
[[nodiscard]] constexpr bool is_trust_anchor(KeyRole role) { return role != KeyRole::Zsk; }
[[nodiscard]] constexpr bool signs_data(KeyRole role) { return role != KeyRole::Ksk; }

struct RolloverKey {
    KeyRef ref;
    KeyRole role = KeyRole::Csk;
    UnixTime added_at = 0;
    bool is_wanted = true;  // Else it is on its way out.
};

// All durations in seconds.
struct RolloverPolicy {
    bool is_signed = true;  // Else the zone is led back to insecurity.
    bool is_split = false;  // KSK and ZSK in place of a CSK.
    dnssec::Algorithm algorithm = dnssec::Algorithm::EcdsaP256Sha256;
    // How old a key gets before another takes its place; zero: as old as it may.
    UnixTime anchor_lifetime = 0;  // Of CSK and KSK. Each costs the parent a change.
    UnixTime zsk_lifetime = 90 * 86400;
    // How long a name server may go on giving out what was replaced when it does not say that it
    // has the new version: SOA EXPIRE and REFRESH, for one that is cut off. See confirm().
    UnixTime propagation = 1209600 + 7200;
    // The same among the servers of the parent, behind the last look at them.
    UnixTime parent_propagation = 86400;
    // How long after a request was taken back the parent may still follow it.
    UnixTime parent_delay = 7 * 86400;
    uint32_t dnskey_ttl = 3600;
    uint32_t zone_ttl_max = 86400;  // Of any record or denial.
};

// What was found at the parent's servers.
struct ParentSight {
    // Each different DS set that a server has; an empty one where it has none.
    std::vector<KeyRefs> sets;
    uint32_t ttl = 0;          // The longest among them; of an empty set that of the denial.
    bool is_complete = false;  // All servers answered.
};

struct RolloverState {
    std::vector<RolloverKey> keys;
    TrustViews views;
    // What CDS and CDNSKEY say: the keys that the parent is asked to trust, no keys to delete all
    // (RFC 8078 §4). Nothing: neither is published.
    std::optional<KeyRefs> asked;
    bool is_parent_settled = false;  // All servers of the parent have what was asked, alone.
    // Something was decided then that nobody has been given yet.
    std::optional<UnixTime> decided_at;
    // RolloverPolicy::propagation of what is given out now; and until when versions with a longer
    // one may be given out by who is cut off.
    UnixTime reach = 0;
    std::optional<UnixTime> reached_until;

    [[nodiscard]] const DnskeySet& dnskeys() const { return views.dnskeys.back().value; }
    [[nodiscard]] const KeyRefs& signers() const { return views.signers.back().value; }
};

// A key that somebody must make now.
struct KeyWish {
    KeyRole role = KeyRole::Csk;
    dnssec::Algorithm algorithm = dnssec::Algorithm::EcdsaP256Sha256;
};

// The beginning: an unsigned zone that was published until now.
[[nodiscard]] RolloverState unsigned_state(const RolloverPolicy& policy);

class Rollover {
 public:
    // The state is changed in place; the policy may differ from one time to the next.
    Rollover(RolloverState& state, const RolloverPolicy& policy) : state_(state), policy_(policy) {}

    // Keys that are missing, or old enough for another to take their place.
    [[nodiscard]] std::vector<KeyWish> wishes(UnixTime now) const;
    // A key that was made. Those that it takes the place of are on their way out.
    void add_key(const RolloverKey& key);
    // Another key takes the place of this one, however young it is.
    void replace(KeyRole role);

    void observe(const ParentSight& sight, UnixTime now);
    // All name servers have given out nothing older than what was decided at `decided_at` since.
    void confirm(UnixTime decided_at, UnixTime now);

    // Takes each step that is safe. True when there was any: then the zone is to be signed anew and
    // published, and the state to be kept before that. No further step is taken until published().
    bool advance(UnixTime now);
    // The zone as it was decided is given out.
    void published(UnixTime now);
    // Keys that no resolver can need any more, and that were wanted no longer. They are dropped
    // from the state.
    [[nodiscard]] std::vector<KeyNumber> take_gone();
    // When something may happen by itself; nothing when only a sight of the parent can move it.
    [[nodiscard]] std::optional<UnixTime> next_at(UnixTime now) const;

 private:
    [[nodiscard]] UnixTime next_moment(UnixTime now) const;
    [[nodiscard]] bool is_under_way(KeyRole role) const;
    [[nodiscard]] UnixTime lifetime(KeyRole role) const;
    [[nodiscard]] KeyRefs wanted_anchors() const;
    bool publish_wanted(UnixTime now);
    bool sign_with_wanted(UnixTime now);
    bool ask_for_wanted(UnixTime now);
    bool withdraw_unwanted(UnixTime now);
    void note_reach(UnixTime now);
    [[nodiscard]] UnixTime propagation_at(UnixTime now) const;
    bool set_dnskeys(DnskeySet next, UnixTime now);
    bool set_signers(KeyRefs next, UnixTime now);

    RolloverState& state_;
    const RolloverPolicy& policy_;
};

}  // namespace nearcast::signing
