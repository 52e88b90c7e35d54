// SPDX-License-Identifier: Apache-2.0
//
// The keys of signed zones in the database. Any thread.

#pragma once

#include <string>
#include <vector>

#include "control/database.h"
#include "control/key_store.h"
#include "dnssec/seal.h"

namespace nearcast::control {

class DatabaseKeys : public KeyStore {
 public:
    // The database outlives it.
    explicit DatabaseKeys(Database& database) : database_(database) {}

    [[nodiscard]] base::Result<StoredKeys> load(const dns::Name& zone) override;
    [[nodiscard]] base::Result<signing::KeyNumber> take_number() override;
    [[nodiscard]] base::Result<void> save(const dns::Name& zone, const Update& update) override;

    struct Steps {
        std::vector<std::string> zones;  // By row_name(): whose rollover was saved since.
        int64_t last = 0;
    };
    // Zones that were ever signed, or are no longer as they were after the step `since`.
    [[nodiscard]] base::Result<Steps> steps_since(int64_t since);
    // Whether there is any key under the key file, of zones or of TSIG.
    [[nodiscard]] base::Result<bool> has_sealed_keys();
    // The same, of those that this key file's key opens.
    [[nodiscard]] base::Result<bool> has_sealed_keys(const dnssec::SealingKey& under);

 private:
    Database& database_;
};

}  // namespace nearcast::control
