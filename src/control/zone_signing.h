// SPDX-License-Identifier: Apache-2.0
//
// All that makes the signed versions of one zone: its settings, its keys, what is known of its
// parent, and when the next step is due.
//
// Whoever publishes the zone calls tend() with what is or will be published, then signs; after that
// published(). One thread at a time, but for what says otherwise.

#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/model.h"
#include "control/signer.h"
#include "control/signing_settings.h"
#include "zone/changeset.h"
#include "zone/image.h"
#include "zone/version.h"

namespace nearcast::control {

// Of one zone, as it was when something last happened.
struct SigningStatus {
    struct Key {
        signing::RolloverKey key;
        std::vector<uint8_t> dnskey;  // Its rdata.
        bool is_published = false;
        bool signs_keys = false;
        bool signs_zone = false;
    };

    SigningSettings settings = {};
    std::string account = {};  // Of the zone.
    bool is_signing = false;   // What is published has signatures.
    std::vector<Key> keys = {};
    signing::Rdatas ds = {};  // What the parent may be given; empty while it must not have any.
    // CDS and CDNSKEY are published; with no DS they ask the parent to delete.
    bool is_asking = false;
    bool is_parent_settled = false;                      // All its servers have just that.
    std::optional<signing::UnixTime> looked_at = {};     // At the parent.
    std::optional<ParentAnswers> parent = {};            // What was found there then.
    std::optional<signing::UnixTime> signed_until = {};  // When the first signature would end.
    signing::UnixTime due_at = 0;                        // The next step.
    std::string trouble = {};  // Why the last step was not taken; empty when it was.
};

class ZoneSigning {
 public:
    // What all zones share. The references are borrowed.
    struct Parts {
        Signer::Parts signer;
        SigningSettings usual;
        std::function<signing::UnixTime()> now;
        // Whether it is this controller that moves keys on; none: there is no other.
        std::function<bool()> leads = {};
    };
    // A step is looked for at least so often: more seldom than signatures are renewed late.
    static constexpr signing::UnixTime kTendPauseMax = 6 * 3600;

    // The parts stay.
    ZoneSigning(dns::Name zone, const Parts& parts) : zone_(std::move(zone)), parts_(parts) {}

    // How the zone is to be signed, from the next tend() on. `apex` has the sets of the unsigned
    // zone's apex at least: what they say of keys is that of other signers.
    [[nodiscard]] base::Result<void> set(const ZoneSettings& settings, std::span<const Rrset> apex);

    // Takes the steps that are due, with the keys and the state that the store has now; where
    // another controller leads, it follows what that one has taken, unless somebody asked here.
    // True when the zone must be signed with Renewal::All and published. `zone` is the version that
    // is served, or an unsigned one that is to be.
    [[nodiscard]] base::Result<bool> tend(const zone::Version& zone, bool is_new);
    // After tend(): whether what is published next has signatures.
    [[nodiscard]] bool is_signing() const { return is_signing_; }
    // After tend(): whether nothing is signed, asked for or wanted. The zone needs no attention
    // any more.
    [[nodiscard]] bool is_over() const;
    // Lets go of the keys, until they are needed again: a controller may have a million zones.
    void rest() { signer_.reset(); }

    // After tend(): the signed version of an unsigned one.
    [[nodiscard]] base::Result<zone::ImageBlock> sign(const zone::Version& unsigned_zone,
                                                      uint32_t serial) const;
    // After tend(), and also when it rested since: the changes that lead from a signed version to
    // the next one; see signing::resign().
    [[nodiscard]] base::Result<zone::Changeset> sign(const zone::Version& signed_zone,
                                                     const zone::Changeset& edits, uint32_t serial,
                                                     signing::Renewal renewal);
    // What tend() decided is given out. Keeps that.
    [[nodiscard]] base::Result<void> published();

    // Whether a change needs more than its own signatures: it says something of keys, or makes all
    // signatures' times others.
    [[nodiscard]] bool is_to_be_tended(const zone::Changeset& edits) const;

    // --- Any thread ---

    // What the parent said. The next tend() takes it into account.
    void take(const ParentAnswers& answers);
    // Another key takes the place of those of this role, from the next tend() on.
    void replace(signing::KeyRole role);
    // Whether that was not done yet.
    [[nodiscard]] bool is_to_replace() const;
    // Somebody waits for the next step here: the next tend() takes it, whoever leads.
    void ask();
    // Whether that was not done yet.
    [[nodiscard]] bool is_asked() const;
    // What was published then took the place of something that servers may still give out; nothing
    // when that was confirmed, or nothing did.
    [[nodiscard]] std::optional<signing::UnixTime> unconfirmed() const;
    // Every server has what was published then. The next tend() takes it into account.
    void confirm(signing::UnixTime published_at);
    [[nodiscard]] SigningStatus status() const;
    // Of the last tend(): when the next one is due.
    [[nodiscard]] signing::UnixTime due_at() const;
    // Whether the parent is expected to change soon.
    [[nodiscard]] bool awaits_parent() const;

 private:
    [[nodiscard]] base::Result<bool> take_steps(const zone::Version& zone, bool is_new);
    [[nodiscard]] base::Result<void> replace_wanted();
    [[nodiscard]] base::Result<void> take_confirmation(signing::UnixTime now);
    [[nodiscard]] base::Result<bool> step(bool is_new, signing::UnixTime now);
    [[nodiscard]] bool is_current(const zone::Version& zone, signing::UnixTime now) const;
    [[nodiscard]] signing::UnixTime renewal_at(signing::UnixTime now) const;
    void note(const base::Result<bool>& tended, signing::UnixTime now);

    const dns::Name zone_;
    const Parts& parts_;
    SigningSettings settings_;
    std::string account_;
    std::optional<Signer> signer_;
    ZoneFacts facts_;
    bool is_signing_ = false;
    bool has_decided_ = false;  // A step that published() tells of.

    mutable std::mutex mutex_;  // Guards what follows.
    std::optional<ParentAnswers> answers_;
    std::set<signing::KeyRole> to_replace_;
    bool is_asked_ = false;
    std::optional<signing::UnixTime> replaced_at_;  // The last time, if all is given out.
    std::optional<signing::UnixTime> confirmed_at_;
    SigningStatus status_;
};

// Whether the version has signatures of its zone.
[[nodiscard]] bool is_signed(const zone::Version& zone);

}  // namespace nearcast::control
