// SPDX-License-Identifier: Apache-2.0
//
// Signs one zone for the publisher: makes and keeps its keys, moves them on, and gives the plan by
// which signing/ signs what is published.
//
// The publisher calls it so, again and again: tend(); when that says that the zone must be signed,
// or there are edits: sign_whole() or sign_changes(), publish what they give, then published().
// What tend() decides is on the disk before it returns. One thread for each zone.

#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "control/key_store.h"
#include "control/parent_watch.h"
#include "control/signing_settings.h"
#include "dnssec/seal.h"
#include "dnssec/token_access.h"
#include "signing/resign.h"
#include "signing/rollover.h"
#include "zone/changeset.h"
#include "zone/image.h"

namespace nearcast::control {

// What the signer must know of the zone as it is published.
struct ZoneFacts {
    std::vector<uint8_t> soa;  // Its rdata.
    uint32_t ttl_max = 0;      // Of any of its records.
    // When the first of its signatures ends; nothing when it has none.
    std::optional<signing::UnixTime> signed_until;
    bool is_new = false;  // Nothing was ever published here under this name.
};
[[nodiscard]] ZoneFacts facts_of(const zone::Version& zone, signing::UnixTime now);

class Signer {
 public:
    // The references are borrowed. Where there is a token, new keys are made in it.
    struct Parts {
        KeyStore& store;
        const dnssec::SealingKey& sealing_key;
        dnssec::TokenAccess token;
        unsigned thread_count = 1;
    };
    // Fails when the store cannot be read, or a key in it not be opened.
    [[nodiscard]] static base::Result<Signer> open(const dns::Name& zone, const Parts& parts);

    // Makes keys that are missing and takes each step that is safe. True when the zone must be
    // signed with Renewal::All and published. `answers` is a look at the parent, if there was one.
    // After an error the signer is as it was.
    [[nodiscard]] base::Result<bool> tend(const SigningSettings& settings, const ZoneFacts& facts,
                                          const std::optional<ParentAnswers>& answers,
                                          signing::UnixTime now);
    // In place of tend(), where another controller takes the steps.
    void follow(const SigningSettings& settings, const ZoneFacts& facts);
    // Of a zone that tend() has seen.
    [[nodiscard]] signing::SigningPlan plan(const SigningSettings& settings, const ZoneFacts& facts,
                                            uint32_t serial, signing::UnixTime now) const;
    // Whether the zone has signatures at all: with none to make, it is published as it is.
    [[nodiscard]] bool is_signing() const { return !rollover_.signers().empty(); }

    // The zone with all that was decided is given out.
    [[nodiscard]] base::Result<void> published(signing::UnixTime now);
    // Every node and every other secondary has said that it serves what was published at
    // `published_at`, or something later.
    [[nodiscard]] base::Result<void> confirm(signing::UnixTime published_at, signing::UnixTime now);
    // Another key takes the place of those of this role, from the next tend() on.
    [[nodiscard]] base::Result<void> replace(signing::KeyRole role);

    [[nodiscard]] const signing::RolloverState& rollover() const { return rollover_; }
    // The DNSKEY rdata of one of its keys.
    [[nodiscard]] std::span<const uint8_t> dnskey(const signing::KeyRef& ref) const {
        return key(ref).dnskey();
    }
    // When tend() has something to do, though nobody asks and nothing changes.
    [[nodiscard]] std::optional<signing::UnixTime> next_at(signing::UnixTime now);
    // The times by which what is signed now is signed.
    [[nodiscard]] signing::SignatureTimes times(const SigningSettings& settings,
                                                const ZoneFacts& facts,
                                                signing::UnixTime now) const;
    // The DS records to give a parent that reads no CDS; empty while it must not have any yet.
    [[nodiscard]] signing::Rdatas ds() const;

 private:
    Signer(const dns::Name& zone, const Parts& parts) : zone_(zone), parts_(parts) {}

    [[nodiscard]] base::Result<void> load_key(const StoredKey& stored);
    [[nodiscard]] base::Result<StoredKey> make_key(const signing::KeyWish& wish);
    [[nodiscard]] base::Result<dnssec::PrivateKey> make_private_key(StoredKey& stored) const;
    [[nodiscard]] base::Result<dnssec::PrivateKey> from_token(dnssec::Algorithm algorithm,
                                                              const std::string& label) const;
    void begin(const SigningSettings& settings, const ZoneFacts& facts);
    [[nodiscard]] signing::ParentSight sight_of(const ParentAnswers& answers,
                                                const SigningSettings& settings) const;
    [[nodiscard]] base::Result<void> save(KeyStore::Update update);
    [[nodiscard]] const dnssec::ZoneKey& key(const signing::KeyRef& ref) const {
        return keys_.at(ref.number);
    }
    [[nodiscard]] std::string label_of(signing::KeyNumber number) const {
        return dns::to_text(zone_) + " " + std::to_string(number);
    }

    dns::Name zone_;
    Parts parts_;
    std::map<signing::KeyNumber, dnssec::ZoneKey> keys_;
    signing::RolloverState rollover_;
    signing::RolloverPolicy policy_;
    std::string saved_;  // The rollover as it is in the store.
};

}  // namespace nearcast::control
