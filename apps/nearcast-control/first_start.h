// SPDX-License-Identifier: Apache-2.0
//
// What the first start makes, so that the API can be used at once: a certificate, and a key.

#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "control/api_keys.h"
#include "control/database_keys.h"
#include "control_config.h"
#include "dnssec/seal.h"
#include "tls/self_signed.h"

namespace nearcast::control_app {

// Where there is no certificate, makes one in the directory and names it in `config`.
[[nodiscard]] base::Result<void> provide_certificate(ControlConfig& config);

// That the certificate of the first start lacks names that `config` has by now; nothing where it
// has them, or is not there, or is not ours.
[[nodiscard]] std::optional<base::Error> find_lacking_names(const ControlConfig& config);

// Where there is no key of the API, makes one and writes it to admin.key in the directory, for its
// owner alone to read.
[[nodiscard]] base::Result<void> provide_key(const ControlConfig& config, control::ApiKeys& keys);

// One more, of no limits, whether the controller runs or not.
[[nodiscard]] base::Result<std::string> make_admin_key(const ControlConfig& config);

// The key that signing keys are sealed under. Where there is no file with it, makes one, unless
// there are keys that need the one that was.
[[nodiscard]] base::Result<dnssec::SealingKey> provide_sealing_key(const ControlConfig& config,
                                                                   control::DatabaseKeys& keys);

// That others can read that file, or change it; nothing where they cannot.
[[nodiscard]] std::optional<base::Error> find_open_key_file(const ControlConfig& config);

// Fails when provide_sealing_key() would, as far as can be seen. Makes nothing. Without `keys`:
// there are none yet.
[[nodiscard]] base::Result<void> check_sealing_key(const ControlConfig& config,
                                                   control::DatabaseKeys* keys);

// The files of the certificate of the first start, whether they are there or not.
[[nodiscard]] tls::SelfSignedFiles own_certificate(const ControlConfig& config);

// Whether both files of the certificate of the first start are there; one alone is refused.
[[nodiscard]] base::Result<bool> has_own_certificate(const ControlConfig& config);

}  // namespace nearcast::control_app
