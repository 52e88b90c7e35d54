// SPDX-License-Identifier: Apache-2.0
//
// Keys that sign DNS messages (TSIG): what they are good for, and their secrets, kept sealed.
//
// A key has a scope like one of the API's: it changes the zones by dynamic update that a key of the
// API with that scope would change. What was done here is so when it returns; what was done at
// another controller, a moment later. Any thread.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/change_error.h"
#include "control/database.h"
#include "control/key_scope.h"
#include "control/model.h"
#include "dnssec/seal.h"
#include "transfer/live_keys.h"
#include "transfer/tsig_key.h"

namespace nearcast::control {

struct TsigCredential {
    int64_t id = 0;
    transfer::TsigKey key = {};  // Its name in lower case; without a secret, one is made.
    KeyScope scope = {};
    Timestamp created_at{};
};

class TsigKeys {
 public:
    // All are at hand in memory, some 700 bytes each.
    static constexpr size_t kKeysMax = 10'000;
    // RFC 8945 §8 wants no less; of more than a block of the hash nothing is gained.
    static constexpr size_t kSecretSizeMin = 16;
    static constexpr size_t kSecretSizeMax = 512;
    // How often to look for what other controllers have done.
    static constexpr std::chrono::milliseconds kLookPause{250};

    // `fixed` are the keys of the configuration, whose names are taken. All outlive it.
    TsigKeys(Database& database, const dnssec::SealingKey& sealing,
             const transfer::TsigKeyring& fixed);
    TsigKeys(const TsigKeys&) = delete;
    TsigKeys& operator=(const TsigKeys&) = delete;
    ~TsigKeys();

    // Reads what the database has. At start.
    [[nodiscard]] Outcome<void> refresh();

    [[nodiscard]] Outcome<std::vector<TsigCredential>> list();
    [[nodiscard]] Outcome<TsigCredential> find(const dns::Name& name);
    // The key as it is kept, with its secret. Exists when the name is taken.
    [[nodiscard]] Outcome<TsigCredential> add(TsigCredential credential, const Actor& actor);
    // `next` takes the place of the key of that name, and may have another.
    [[nodiscard]] Outcome<TsigCredential> replace(const dns::Name& name, TsigCredential next,
                                                  const Actor& actor, Timestamp now);
    // From then on it is nobody's.
    [[nodiscard]] Outcome<void> remove(const dns::Name& name, const Actor& actor, Timestamp now);
    // Those whose scopes are such, as a part of something else that the audit log tells.
    [[nodiscard]] Outcome<void> remove_all(const std::function<bool(const KeyScope&)>& is_such);

    // Every key, those of the configuration too: what signatures are checked with.
    [[nodiscard]] const transfer::LiveKeyring& keyring() const { return keyring_; }
    // What a key is good for, as of the last look; null for one of the configuration, or of nobody.
    // Waits for nothing.
    [[nodiscard]] std::shared_ptr<const KeyScope> scope_of(const dns::Name& name) const;

 private:
    using Scopes = std::map<std::string, std::shared_ptr<const KeyScope>>;  // By dns::key_of().

    [[nodiscard]] base::Result<TsigCredential> credential_of(const Row& row) const;
    [[nodiscard]] std::string sealed(const TsigCredential& credential) const;
    [[nodiscard]] Outcome<void> check(const TsigCredential& credential) const;
    [[nodiscard]] Outcome<std::vector<TsigCredential>> read(int64_t& step);
    [[nodiscard]] base::Result<Outcome<void>> check_place(Session& session,
                                                          const dns::Name& name) const;
    [[nodiscard]] Outcome<void> settle(Outcome<void> done);
    void run();
    void look();

    Database& database_;
    const dnssec::SealingKey& sealing_;
    const transfer::TsigKeyring& fixed_;
    transfer::LiveKeyring keyring_;
    std::mutex refreshing_;  // One at a time, so that none puts an older state in place.

    mutable std::mutex mutex_;  // Guards what follows.
    std::condition_variable wake_;
    std::shared_ptr<const Scopes> scopes_ = std::make_shared<Scopes>();
    int64_t step_ = -1;  // What was read of the database: it counts all that is saved.
    bool is_stopping_ = false;
    std::thread thread_;  // Where there may be other controllers. Last: it uses all the others.
};

}  // namespace nearcast::control
